//! Looks for stored results of certain matches.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use framehouse_shared::ids::MatchId;

use super::{MatchResult, file::files_in};

/// The results of these matches in a data folder, as far as they are there. Reads all files of results, until it has
/// found everything.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn results(data_dir: &Path, wanted: &HashSet<MatchId>) -> io::Result<HashMap<MatchId, MatchResult>> {
    let mut found = HashMap::new();
    if !data_dir.try_exists()? {
        return Ok(found);
    }
    for path in files_in(data_dir)? {
        for line in BufReader::new(File::open(path)?).split(b'\n') {
            if found.len() == wanted.len() {
                return Ok(found);
            }
            // Lines of others are not results.
            if let Ok(result) = serde_json::from_slice::<MatchResult>(&line?)
                && wanted.contains(&result.match_id)
            {
                found.insert(result.match_id, result);
            }
        }
    }
    Ok(found)
}
