//! Replay files on this computer: fetched from a server, saved in a folder, listed. All functions block.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use framehouse_shared::{
    api::code,
    ids::MatchId,
    replay::{FILE_BYTES_MAX, Replay},
};

use crate::connect::{ConnectError, get_bytes};

/// File name extension of replays.
pub const EXTENSION: &str = "fhr";
/// A replay is on the server's disk a moment after the match's result; it is requested this many times ..
const TRIES: u32 = 6;
/// .. with this pause in between.
const PAUSE: Duration = Duration::from_millis(500);
/// Maximum number of replays in a list, the newest ones.
const LISTED_MAX: usize = 50;
/// The largest file that is read for a list; of a larger one only the name is shown.
const LISTED_BYTES_MAX: u64 = 2 << 20;

/// Error of saving a replay.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The server did not provide the replay.
    #[error("{0}")]
    Server(#[from] ConnectError),
    /// The received file is not a complete replay.
    #[error("The file from the server is not a replay: {0}.")]
    Broken(#[from] framehouse_shared::replay::ReplayError),
    /// The file cannot be written.
    #[error("{0}: {1}.")]
    Disk(PathBuf, io::Error),
}

impl SaveError {
    /// Whether the server has no such replay.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Server(error) if is_missing(error))
    }
}

/// Fetches the replay of a match into a folder and returns its path.
///
/// # Errors
/// When the server has no such replay, the received file is not a replay, or the folder cannot be written.
pub fn save_replay(server_url: &str, match_id: MatchId, folder: &Path) -> Result<PathBuf, SaveError> {
    let bytes = fetch_replay(server_url, match_id)?;
    Replay::read(&bytes)?;
    let path = folder.join(format!("{match_id}.{EXTENSION}"));
    let failed = |error| SaveError::Disk(path.clone(), error);
    let draft = path.with_extension("draft");
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(&draft, &bytes).and_then(|()| fs::rename(&draft, &path)).map_err(failed)?;
    Ok(path)
}

/// Fetches the replay of a match as bytes that may be damaged.
///
/// # Errors
/// When the server has no such replay, or does not answer.
pub fn fetch_replay(server_url: &str, match_id: MatchId) -> Result<Vec<u8>, ConnectError> {
    let path = format!("/v1/replays/{match_id}");
    for _ in 1..TRIES {
        match get_bytes(server_url, &path, FILE_BYTES_MAX) {
            Err(error) if is_missing(&error) => thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    get_bytes(server_url, &path, FILE_BYTES_MAX)
}

fn is_missing(error: &ConnectError) -> bool {
    error.code() == Some(code::NO_SUCH_REPLAY)
}

/// A replay file in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedReplay {
    /// The file's path.
    pub path: PathBuf,
    /// Time at which it was saved.
    pub saved: SystemTime,
    /// The replay's summary; nothing if the file is not a replay, or too large to be read for a list.
    pub summary: Option<Summary>,
}

/// Summary of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The map's name; empty for a game without maps.
    pub map: String,
    /// Length of the match, in seconds.
    pub seconds: u32,
    /// The players' names and scores, best first.
    pub ranking: Vec<(String, i64)>,
}

/// The newest replays in a folder, newest first; none if the folder does not exist.
pub fn list_replays(folder: &Path) -> Vec<SavedReplay> {
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_replay = path.extension().is_some_and(|extension| extension == EXTENSION);
            let metadata = path.metadata().ok().filter(|metadata| is_replay && metadata.is_file())?;
            Some((metadata.modified().ok()?, path))
        })
        .collect();
    files.sort();
    let newest = files.into_iter().rev().take(LISTED_MAX);
    newest.map(|(saved, path)| SavedReplay { summary: summary(&path), path, saved }).collect()
}

fn summary(path: &Path) -> Option<Summary> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LISTED_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    let replay = Replay::read(&bytes).ok()?;
    let header = replay.header();
    let ranking = replay.trailer.ranking.iter().flatten().map(|place| (place.name.clone(), place.score.points));
    Some(Summary {
        map: header.map.clone(),
        seconds: replay.trailer.ticks / u32::from(header.tick_rate),
        ranking: ranking.collect(),
    })
}

#[cfg(test)]
mod tests {
    use framehouse_shared::replay::canned_replay;

    use super::*;
    use crate::test_game::TestGamePlugin;

    #[test]
    fn a_folder_is_listed_with_what_is_in_it() {
        let folder = std::env::temp_dir().join(format!("framehouse-listed-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder of ours");
        assert_eq!(list_replays(&folder.join("nowhere")), []);
        fs::write(folder.join("good.fhr"), canned_replay(TestGamePlugin, 3, 2, 90)).expect("a folder of ours");
        fs::write(folder.join("bad.fhr"), "nonsense").expect("a folder of ours");
        fs::write(folder.join("other.txt"), "nonsense").expect("a folder of ours");
        let listed = list_replays(&folder);
        let summary = |name: &str| {
            let replay = listed.iter().find(|replay| replay.path.ends_with(name)).expect("listed");
            replay.summary.clone()
        };
        assert_eq!(listed.len(), 2);
        let good = summary("good.fhr").expect("a replay");
        assert_eq!((good.seconds, good.ranking.len()), (3, 2));
        assert_eq!(summary("bad.fhr"), None);
        fs::remove_dir_all(&folder).expect("a folder of ours");
    }
}
