//! The reports in the folder of replays: each goes when its match's replay goes.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use framehouse_shared::{
    ids::{MatchId, PlayerId, Slot},
    tick::Tick,
};

use super::folder::whole_path;

/// What follows the match's id in a report's name.
const DESYNC: &str = ".desync-";
/// What its name ends with.
const WHOLE: &str = ".json";
/// What its name ends with while it is being written.
pub(super) const PART: &str = "json-part";
/// Reports of one match, at most.
const REPORTS_MAX: usize = 16;

/// The name of the report on the player in this seat, or on who watches, whose state differed first after this tick.
pub(super) fn file_name(match_id: MatchId, slot: Option<Slot>, player: PlayerId, tick: Tick) -> String {
    let who = slot.map_or_else(|| format!("watching-{player}"), |slot| slot.to_string());
    format!("{match_id}{DESYNC}{who}-{tick}{WHOLE}")
}

/// All reports, by match.
pub(super) struct Reports {
    by_match: HashMap<MatchId, Vec<StoredReport>>,
    bytes: u64,
}

/// A report as it was written: what an operator does to the file since must not change the sum.
struct StoredReport {
    path: PathBuf,
    bytes: u64,
}

impl Reports {
    /// Looks through the folder. Reports without a replay, and what a crash has left of one, are removed.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut reports = Self { by_match: HashMap::new(), bytes: 0 };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let Some(match_id) = match_of(&path).filter(|_| path.is_file()) else { continue };
            let is_whole = path.extension().is_some_and(|extension| extension != PART);
            if is_whole && whole_path(folder, match_id).exists() {
                let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
                reports.add(match_id, path, bytes);
            } else if let Err(error) = fs::remove_file(&path) {
                tracing::warn!("cannot remove the report {} of no replay: {error}", path.display());
            }
        }
        Ok(reports)
    }

    /// Whether the match may have this one, too. What is written stays: a client may claim the same tick again.
    pub fn has_room(&self, match_id: MatchId, path: &Path) -> bool {
        let is_free = |reports: &Vec<StoredReport>| reports.iter().all(|kept| kept.path != path);
        self.by_match.get(&match_id).is_none_or(|reports| reports.len() < REPORTS_MAX && is_free(reports))
    }

    /// Adds one that was just written, and that there was room for.
    pub fn add(&mut self, match_id: MatchId, path: PathBuf, bytes: u64) {
        self.by_match.entry(match_id).or_default().push(StoredReport { path, bytes });
        self.bytes += bytes;
    }

    /// Removes those of a match whose replay goes.
    pub fn remove(&mut self, match_id: MatchId) {
        for StoredReport { path, bytes } in self.by_match.remove(&match_id).unwrap_or_default() {
            self.bytes -= bytes;
            // An operator may have taken it away.
            let _ = fs::remove_file(path);
        }
    }

    /// The bytes of all.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

fn match_of(path: &Path) -> Option<MatchId> {
    path.file_name()?.to_str()?.split_once(DESYNC)?.0.parse().ok()
}
