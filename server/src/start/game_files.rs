//! Reading the game folder of `--game-dir`: rules and maps.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use framehouse_shared::sim::{GameFile, GameFileError};

use super::reload::time_of;

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

/// The files that [`read_game_files`] reads, with the time and size of each.
pub(super) fn file_times(folder: &Path) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).take(GAME_FILES_MAX).collect()
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries(folder).into_iter().partition(|path| path.is_dir());
    let all = files.into_iter().chain(folders.iter().flat_map(|folder| entries(folder)));
    let rons = all.filter(|path| path.extension().is_some_and(|extension| extension == "ron"));
    let mut times: Vec<_> = rons.map(|path| (path.clone(), time_of(&path))).collect();
    times.sort();
    times
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
