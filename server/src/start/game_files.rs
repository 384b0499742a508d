//! Reading the game folder of `--game-dir`: rules and maps.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use framehouse_shared::sim::{GameFile, GameFileError};

/// Maximum number of files that are read.
const GAME_FILES_MAX: usize = 256;
/// Largest size of one file, in bytes.
const GAME_FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads all `*.ron` files of a game folder and of its direct subfolders.
pub(super) fn read_game_files(folder: &Path) -> Result<Vec<GameFile>, String> {
    let mut files = Vec::new();
    read_ron_files(folder, "", &mut files).map_err(|(path, error)| format!("cannot read {path}: {error}"))?;
    files.sort_by(|a: &GameFile, b| a.path.cmp(&b.path));
    if files.is_empty() {
        return Err(format!("the game folder {} has no rules.ron", folder.display()));
    }
    Ok(files)
}

/// The files that [`read_game_files`] reads.
pub(super) fn game_paths(folder: &Path) -> Vec<PathBuf> {
    let is_ron = |path: &Path| path.extension().is_some_and(|extension| extension == "ron");
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        paths.filter(|path| is_ron(path) || path.is_dir()).take(2 * GAME_FILES_MAX).collect()
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries(folder).into_iter().partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| entries(folder)).filter(|path| !path.is_dir());
    let mut paths: Vec<_> = files.into_iter().chain(below).collect();
    paths.sort();
    paths
}

fn read_ron_files(folder: &Path, prefix: &str, files: &mut Vec<GameFile>) -> Result<(), (String, io::Error)> {
    let at = |path: &Path| path.display().to_string();
    for entry in fs::read_dir(folder).map_err(|error| (at(folder), error))? {
        let path = entry.map_err(|error| (at(folder), error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() && prefix.is_empty() {
            read_ron_files(&path, &format!("{name}/"), files)?;
        } else if path.extension().is_some_and(|extension| extension == "ron") && files.len() < GAME_FILES_MAX {
            let size = fs::metadata(&path).map_err(|error| (at(&path), error))?.len();
            if size > GAME_FILE_BYTES_MAX {
                return Err((at(&path), io::Error::other("it is larger than 1 MiB")));
            }
            let text = fs::read_to_string(&path).map_err(|error| (at(&path), error))?;
            files.push(GameFile { path: format!("{prefix}{name}"), text });
        }
    }
    Ok(())
}

/// The error message for game files that the game refuses. It names file, line and column where the game reports them.
pub(super) fn refusal(folder: &Path, error: &GameFileError) -> String {
    format!("the game's files cannot be used: {}", folder.join(error.to_string()).display())
}
