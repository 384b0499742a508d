//! A copy of the arena's files with the shortest matches that its rules allow.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The arena's files in this repository.
const ARENA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/arena/assets");
/// The length of a match in the arena, and in the copy, in seconds.
const LONG: &str = "match_s: 120.0,";
const SHORT: &str = "match_s: 10.0,";

/// Makes the copy in this folder and says where it is.
pub fn make_short_matches(folder: &Path) -> Result<PathBuf, String> {
    let (from, to) = (Path::new(ARENA), folder.join("game"));
    let failed = |error| format!("cannot copy {ARENA} to {}: {error}", to.display());
    fs::create_dir_all(to.join("maps")).map_err(failed)?;
    for map in fs::read_dir(from.join("maps")).map_err(failed)? {
        let map = map.map_err(failed)?;
        fs::copy(map.path(), to.join("maps").join(map.file_name())).map_err(failed)?;
    }
    let rules = fs::read_to_string(from.join("rules.ron")).map_err(failed)?;
    if !rules.contains(LONG) {
        return Err(format!("{ARENA}/rules.ron does not say `{LONG}` any more: change this program too"));
    }
    fs::write(to.join("rules.ron"), rules.replacen(LONG, SHORT, 1)).map_err(failed)?;
    Ok(to)
}
