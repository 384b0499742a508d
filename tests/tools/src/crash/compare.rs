//! Verdict of a crash test: the file of results compared with the results that clients were told are saved.

use std::collections::BTreeSet;

use framehouse_server::results::MatchResult;
use framehouse_shared::ids::MatchId;

/// Counts of a correct file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Results in the file.
    pub in_file: usize,
    /// Results in the file that a client was told are saved.
    pub acknowledged: usize,
}

/// Compares the file with the match ids that clients were told.
///
/// # Errors
/// A sentence, if a line is not a result, a result is there twice, a result that a client was told is saved is missing, or
/// no client was told anything, which would prove nothing.
pub fn compare(file: &str, told: &BTreeSet<MatchId>) -> Result<Found, String> {
    if !file.is_empty() && !file.ends_with('\n') {
        return Err("the last line is torn".to_owned());
    }
    let mut found = BTreeSet::new();
    for (number, line) in (1..).zip(file.lines()) {
        let result: MatchResult =
            serde_json::from_str(line).map_err(|error| format!("line {number} is no result: {error}"))?;
        if !found.insert(result.match_id) {
            return Err(format!("line {number} is a result that was there already: {}", result.match_id));
        }
    }
    let missing: Vec<_> = told.difference(&found).collect();
    match missing.first() {
        Some(first) => Err(format!("{} acknowledged results are not in the file, the first is {first}", missing.len())),
        None if told.is_empty() => Err("nobody was told of a saved result: that proves nothing".to_owned()),
        None => Ok(Found { in_file: found.len(), acknowledged: told.len() }),
    }
}
