//! Desync reports in the folder of replays. A report is removed with the replay of its match.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use framehouse_shared::{
    ids::{MatchId, PlayerId, Slot},
    tick::Tick,
};

use super::folder::{has_replay, has_set_aside, set_aside};

/// Infix of a report's file name, after the match id.
const DESYNC: &str = ".desync-";
/// Suffix of a report's file name.
const WHOLE: &str = ".json";
/// Suffix of a report's file name while it is being written.
pub(super) const PART: &str = "json-part";
/// Maximum number of reports per match.
const REPORTS_MAX: usize = 16;

/// File name of the report on a player or spectator, with the first bad tick.
pub(super) fn file_name(match_id: MatchId, slot: Option<Slot>, player: PlayerId, tick: Tick) -> String {
    let who = slot.map_or_else(|| format!("watching-{player}"), |slot| slot.to_string());
    format!("{match_id}{DESYNC}{who}-{tick}{WHOLE}")
}

/// Index of all reports, by match.
pub(super) struct Reports {
    by_match: HashMap<MatchId, Vec<StoredReport>>,
}

/// A written report. The size is remembered, because the operator may change the file.
struct StoredReport {
    path: PathBuf,
    bytes: u64,
}

impl Reports {
    /// Reads the folder. Removes reports without a replay, and incomplete ones left by a crash. Reports on a replay that
    /// was set aside go there too.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut reports = Self { by_match: HashMap::new() };
        for path in fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(match_id) = match_of(&path).filter(|_| path.is_file()) else { continue };
            reports.take(folder, match_id, path);
        }
        Ok(reports)
    }

    fn take(&mut self, folder: &Path, match_id: MatchId, path: PathBuf) {
        let is_whole = path.extension().is_some_and(|extension| extension != PART);
        // A replay that this start could not complete is there for the next one.
        if is_whole && has_replay(folder, match_id) {
            let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            self.add(match_id, path, bytes);
        } else if is_whole && has_set_aside(folder, match_id) {
            set_aside(folder, &path, &"its replay was set aside");
        } else if let Err(error) = fs::remove_file(&path) {
            tracing::warn!("cannot remove the report {}, which has no replay: {error}", path.display());
        }
    }

    /// Whether this report may be added. Reports are never overwritten: a client may claim the same tick again.
    pub fn has_room(&self, match_id: MatchId, path: &Path) -> bool {
        let is_free = |reports: &Vec<StoredReport>| reports.iter().all(|kept| kept.path != path);
        self.by_match.get(&match_id).is_none_or(|reports| reports.len() < REPORTS_MAX && is_free(reports))
    }

    /// Adds a report that was just written.
    pub fn add(&mut self, match_id: MatchId, path: PathBuf, bytes: u64) {
        self.by_match.entry(match_id).or_default().push(StoredReport { path, bytes });
    }

    /// Removes the reports of a match whose replay is removed.
    pub fn remove(&mut self, match_id: MatchId) {
        for StoredReport { path, .. } in self.by_match.remove(&match_id).unwrap_or_default() {
            // The file may have been removed by the operator.
            let _ = fs::remove_file(path);
        }
    }

    /// Size of the reports of a match, in bytes.
    pub fn bytes_of(&self, match_id: MatchId) -> u64 {
        self.by_match.get(&match_id).into_iter().flatten().map(|report| report.bytes).sum()
    }
}

fn match_of(path: &Path) -> Option<MatchId> {
    path.file_name()?.to_str()?.split_once(DESYNC)?.0.parse().ok()
}
