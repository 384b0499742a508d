//! What an unknown name may have been meant to be.

use strsim::jaro_winkler;

/// Least similarity of two names, 0 to 1, for one to be a misspelling of the other.
const SIMILARITY_MIN: f64 = 0.8;

/// The most similar of some known names, if one is similar. Of `section.name`, the name counts more than the section.
pub(super) fn nearest(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let end = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let similarity = |known: &str| jaro_winkler(&end(name), &end(known));
    let both = |known: &str| similarity(known) + jaro_winkler(name, known) / 2.0;
    let similar = known.into_iter().filter(|known| similarity(known) >= SIMILARITY_MIN);
    similar.max_by(|one, other| both(one).total_cmp(&both(other)))
}
