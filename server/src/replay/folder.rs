//! The folder of replays: file names, recovery after a crash, and quotas.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use framehouse_shared::{
    ids::MatchId,
    match_end::MatchEnd,
    replay::{FILE_BYTES_MAX, PartialReplay, Replay, ReplayEncoder, Trailer},
};

use super::reports::Reports;
use crate::config::ReplaySettings;

/// Name of the folder in the data folder.
pub const FOLDER_NAME: &str = "replays";
/// File name suffix of a complete replay.
const WHOLE: &str = ".fhr";
/// File name suffix of a replay that is being written.
const PART: &str = ".fhr.part";
/// Maximum number of replays kept. The server remembers 48 bytes for each.
const FILES_MAX: usize = 250_000;
const DAY_S: u64 = 86_400;

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

fn match_of(path: &Path, ending: &str) -> Option<MatchId> {
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

/// Syncs a complete replay to the disk and gives it its final name.
pub(super) fn publish(folder: &Path, match_id: MatchId) -> io::Result<()> {
    let part = part_path(folder, match_id);
    OpenOptions::new().append(true).open(&part)?.sync_all()?;
    fs::rename(part, whole_path(folder, match_id))
}

/// Completes replays that an earlier server left unfinished, and removes those without a whole block. Returns the
/// number of completed ones.
pub(super) fn recover(folder: &Path) -> io::Result<u64> {
    let mut recovered = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(match_id) = match_of(&path, PART) else { continue };
        match recover_one(folder, match_id, &path) {
            Ok(is_whole) => recovered += u64::from(is_whole),
            // One bad file must not prevent the server from recording.
            Err(error) => tracing::warn!("cannot complete the replay {}: {error}", path.display()),
        }
    }
    Ok(recovered)
}

fn recover_one(folder: &Path, match_id: MatchId, part: &Path) -> io::Result<bool> {
    let is_whole = complete(part)?;
    if is_whole {
        publish(folder, match_id)?;
    } else {
        fs::remove_file(part)?;
    }
    Ok(is_whole)
}

/// Turns the file into a complete replay, if it has at least one whole block.
fn complete(part: &Path) -> io::Result<bool> {
    let Ok(bytes) = read(part) else { return Ok(false) };
    if Replay::read(&bytes).is_ok() {
        return Ok(true);
    }
    let Ok(beginning) = PartialReplay::read(&bytes) else { return Ok(false) };
    let (ticks, Ok(hashes)) = (beginning.ticks(), beginning.last_hashes()) else { return Ok(false) };
    if ticks == 0 {
        return Ok(false);
    }
    // Cuts off the incomplete block that the server was writing.
    let whole = &bytes[..beginning.length()];
    let ending = MatchEnd::ServerCrashed;
    let end = ReplayEncoder::resume(whole).end(&Trailer { ending, ticks, hashes, ranking: None });
    let mut file = OpenOptions::new().append(true).open(part)?;
    file.set_len(whole.len() as u64)?;
    file.write_all(&end)?;
    Ok(true)
}

/// A complete replay in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StoredReplay {
    unix_s: u64,
    match_id: MatchId,
    bytes: u64,
}

/// Index of the complete replays, oldest first, to enforce the quotas without reading the folder again.
pub(super) struct Retention {
    /// Desync reports of the replays.
    pub reports: Reports,
    folder: PathBuf,
    stored: VecDeque<StoredReplay>,
    bytes: u64,
    seconds_max: Option<u64>,
    bytes_max: u64,
}

impl Retention {
    /// Reads the folder.
    pub fn open(folder: &Path, settings: &ReplaySettings) -> io::Result<Self> {
        let mut stored = Vec::new();
        for entry in fs::read_dir(folder)? {
            stored.extend(stored_file(&entry?.path()));
        }
        stored.sort();
        let bytes = stored.iter().map(|stored| stored.bytes).sum();
        let reports = Reports::open(folder)?;
        let seconds_max = (settings.keep_days > 0).then(|| u64::from(settings.keep_days) * DAY_S);
        let (folder, bytes_max) = (folder.to_owned(), settings.keep_bytes);
        Ok(Self { reports, folder, stored: stored.into(), bytes, seconds_max, bytes_max })
    }

    /// Adds a replay that was just completed.
    pub fn add(&mut self, match_id: MatchId, bytes: u64, unix_s: u64) {
        self.stored.push_back(StoredReplay { unix_s, match_id, bytes });
        self.bytes += bytes;
    }

    /// Removes the oldest replays until the quotas are met. Returns the number of removed ones.
    pub fn keep_quotas(&mut self, now_unix_s: u64) -> u64 {
        let mut removed = 0;
        while let Some(oldest) = self.stored.front().copied().filter(|oldest| self.is_too_much(oldest, now_unix_s)) {
            self.stored.pop_front();
            self.bytes -= oldest.bytes;
            self.reports.remove(oldest.match_id);
            // The file may have been removed by the operator.
            removed += u64::from(fs::remove_file(whole_path(&self.folder, oldest.match_id)).is_ok());
        }
        removed
    }

    fn is_too_much(&self, oldest: &StoredReplay, now_unix_s: u64) -> bool {
        let age = now_unix_s.saturating_sub(oldest.unix_s);
        self.bytes + self.reports.bytes() > self.bytes_max
            || self.stored.len() > FILES_MAX
            || self.seconds_max.is_some_and(|max| age > max)
    }
}

fn stored_file(path: &Path) -> Option<StoredReplay> {
    let match_id = match_of(path, WHOLE)?;
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Some(StoredReplay { unix_s: modified.as_secs(), match_id, bytes: metadata.len() })
}
