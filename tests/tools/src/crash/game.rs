//! The arena's files in a folder, with the shortest matches that its rules allow.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::short_matches::short_matches;

/// Writes the files into a folder of this one and says where they are. A match has a number of ticks at 30 ticks a second.
pub fn make_short_matches(folder: &Path, ticks: u32) -> Result<PathBuf, String> {
    let to = folder.join("game");
    let failed = |error| format!("cannot write the game's files to {}: {error}", to.display());
    fs::create_dir_all(to.join("maps")).map_err(failed)?;
    for file in short_matches(ticks) {
        fs::write(to.join(file.path), file.text).map_err(failed)?;
    }
    Ok(to)
}
