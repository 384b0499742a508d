//! The folder of replays: file names, reading, and putting files where they belong.

use std::{
    fmt::Display,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use framehouse_shared::{ids::MatchId, replay::FILE_BYTES_MAX};

use crate::disk::sync_folder;

/// Name of the folder in the data folder.
pub const FOLDER_NAME: &str = "replays";
/// Name of the subfolder for files that the server can neither use nor delete. It never looks into it.
pub const SET_ASIDE: &str = "set-aside";
/// File name suffix of a complete replay.
pub(super) const WHOLE: &str = ".fhr";
/// File name suffix of a replay that is being written.
pub(super) const PART: &str = ".fhr.part";
/// Maximum number of files of one name that can be set aside.
const SAME_NAME_MAX: u32 = 1000;

/// File name of the complete replay of a match.
pub fn file_name(match_id: MatchId) -> String {
    format!("{match_id}{WHOLE}")
}

/// Path of the complete replay of a match.
pub fn whole_path(folder: &Path, match_id: MatchId) -> PathBuf {
    folder.join(file_name(match_id))
}

/// Path of the replay of a match while it is being written.
pub fn part_path(folder: &Path, match_id: MatchId) -> PathBuf {
    folder.join(format!("{match_id}{PART}"))
}

/// The match that a file name with this ending names.
pub(super) fn match_of(path: &Path, ending: &str) -> Option<MatchId> {
    path.file_name()?.to_str()?.strip_suffix(ending)?.parse().ok()
}

/// Reads a file that may be a replay, or the beginning of a replay.
///
/// # Errors
/// When the file cannot be read, or is larger than any replay.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than a replay can be"));
    }
    Ok(bytes)
}

/// Syncs a complete replay to the disk and gives it its final name. A power failure may still take that name back, until
/// the folder is synced.
pub(super) fn rename_to_whole(folder: &Path, match_id: MatchId) -> io::Result<()> {
    let part = part_path(folder, match_id);
    OpenOptions::new().append(true).open(&part)?.sync_all()?;
    fs::rename(part, whole_path(folder, match_id))
}

/// Moves a file into the subfolder [`SET_ASIDE`] and logs `why`: what the server cannot read or does not know is the
/// operator's to delete. Returns whether it was moved: else it stays where it is, and nothing may take its place.
pub(super) fn set_aside(folder: &Path, path: &Path, why: &dyn Display) -> bool {
    let (shown, moved) = (path.display(), move_aside(folder, path));
    match &moved {
        Ok(to) => tracing::warn!("{shown} is set aside as {}: {why}", to.display()),
        Err(error) => tracing::error!("{shown} stays where it is, because it cannot be set aside ({error}): {why}"),
    }
    moved.is_ok()
}

fn move_aside(folder: &Path, path: &Path) -> io::Result<PathBuf> {
    let aside = folder.join(SET_ASIDE);
    fs::create_dir_all(&aside)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    for number in 0..SAME_NAME_MAX {
        let to = aside.join(if number == 0 { name.to_string() } else { format!("{name}.{number}") });
        if !to.try_exists()? {
            fs::rename(path, &to)?;
            // If this fails, the file is in one of the two places after a power failure.
            let _ = sync_folder(&aside);
            return Ok(to);
        }
    }
    Err(io::Error::other("too many files of this name are there"))
}

/// Whether a match has a replay, complete or not. What cannot be looked at may be there.
pub(super) fn has_replay(folder: &Path, match_id: MatchId) -> bool {
    [whole_path, part_path].iter().any(|path| path(folder, match_id).try_exists().unwrap_or(true))
}

/// Whether something of this match was set aside, or might have been.
pub(super) fn has_set_aside(folder: &Path, match_id: MatchId) -> bool {
    let name = format!("{match_id}{PART}");
    folder.join(SET_ASIDE).join(name).try_exists().unwrap_or(true)
}
