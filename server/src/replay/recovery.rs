//! Recovery after a crash: replays that an earlier server left unfinished are completed. Nothing is deleted that could
//! not be read, or that this program does not know: it is [set aside](folder::SET_ASIDE).

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use framehouse_shared::{
    guarded::guarded,
    ids::MatchId,
    match_end::MatchEnd,
    replay::{MAGIC, PartialReplay, Replay, ReplayEncoder, ReplayError, ServerKey, Trailer},
};

use super::folder::{self, PART, match_of, part_path, rename_to_whole, set_aside};
use crate::disk::sync_folder;

/// Completes and signs replays that an earlier server left unfinished, and removes those that were cut off before the
/// end of their first block. Returns the number of completed ones. A bad file concerns no other one.
pub(super) fn recover(folder: &Path, key: &ServerKey) -> io::Result<u64> {
    let mut recovered = 0;
    for entry in fs::read_dir(folder)? {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                tracing::warn!("a file in {} cannot be looked at: {error}", folder.display());
                continue;
            }
        };
        let Some(match_id) = match_of(&path, PART) else { continue };
        match guarded(|| recover_one(folder, match_id, key)) {
            Ok(Ok(is_complete)) => recovered += u64::from(is_complete),
            Ok(Err(error)) => tracing::warn!("cannot complete the replay {}: {error}", path.display()),
            Err(_) => {
                set_aside(folder, &path, &"reading it failed, which is a bug: please report it");
            }
        }
    }
    Ok(recovered)
}

/// What is in the file of an unfinished replay.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A complete replay: only its name is missing.
    Whole,
    /// Whole blocks, and after them less than a block: what the server was writing.
    Beginning {
        /// Length of the whole blocks and of what is before them.
        length: usize,
        /// What completes them.
        end: Vec<u8>,
    },
    /// Whole blocks, and after them something that no server writes.
    Damaged { length: usize, end: Vec<u8>, error: ReplayError },
    /// The beginning of a recording, and no whole block.
    Nothing,
    /// Something else.
    Unknown(ReplayError),
}

fn examine(bytes: &[u8], key: &ServerKey) -> Found {
    let Err(error) = Replay::read(bytes) else { return Found::Whole };
    let is_cut_off = matches!(error, ReplayError::CutOff(_)) || MAGIC.starts_with(bytes);
    match PartialReplay::read(bytes) {
        Ok(beginning) if beginning.ticks() > 0 => match beginning.last_hashes() {
            Ok(hashes) => {
                let (length, ticks) = (beginning.length(), beginning.ticks());
                let trailer = Trailer { ending: MatchEnd::ServerCrashed, ticks, hashes, ranking: None };
                let end = ReplayEncoder::resume(&bytes[..length]).end_signed(&trailer, key);
                if is_cut_off { Found::Beginning { length, end } } else { Found::Damaged { length, end, error } }
            }
            Err(error) => Found::Unknown(error),
        },
        _ if is_cut_off => Found::Nothing,
        _ => Found::Unknown(error),
    }
}

/// Returns whether the replay is complete now.
fn recover_one(folder: &Path, match_id: MatchId, key: &ServerKey) -> io::Result<bool> {
    let part = part_path(folder, match_id);
    let bytes = match folder::read(&part) {
        Ok(bytes) => bytes,
        Err(error) => {
            set_aside(folder, &part, &format!("it cannot be read: {error}"));
            return Ok(false);
        }
    };
    match examine(&bytes, key) {
        Found::Whole => {}
        Found::Beginning { length, end } => {
            let mut file = OpenOptions::new().append(true).open(&part)?;
            file.set_len(length as u64)?;
            file.write_all(&end)?;
        }
        Found::Damaged { length, end, error } => {
            if !set_aside(folder, &part, &format!("{error}; a replay is made of what is before that")) {
                return Ok(false);
            }
            fs::write(&part, [&bytes[..length], &end].concat())?;
        }
        Found::Nothing => {
            fs::remove_file(&part)?;
            return Ok(false);
        }
        Found::Unknown(error) => {
            set_aside(folder, &part, &error);
            return Ok(false);
        }
    }
    rename_to_whole(folder, match_id)?;
    sync_folder(folder)?;
    Ok(true)
}
