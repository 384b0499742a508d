//! Reports of players: lines in a file of the data folder, for operators.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
};

use framehouse_shared::{
    api::{ADMIN_ENTRIES_MAX, Report, ReportedPlayer},
    ids::AccountId,
};

use super::{lock, register::write};
use crate::store::{FORGOTTEN, SOMEBODY};

/// Name of the file: one JSON object a line.
pub(super) const FILE_NAME: &str = "reports.jsonl";
/// Name of the file before, when that was full.
const OLD_FILE_NAME: &str = "reports-1.jsonl";
/// Size from which on a new file begins, in bytes: some 10,000 reports.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Maximum number of reports that a player makes in an hour.
const PER_HOUR_MAX: usize = 5;
/// An hour in seconds.
const HOUR_S: u64 = 3600;
/// Maximum number of players whose reports are counted. More are refused.
const PLAYERS_MAX: usize = 10_000;

/// The reports in a data folder.
pub(super) struct Reports {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    last: u64,
    /// Times of the newest reports of each player.
    made: HashMap<AccountId, VecDeque<u64>>,
}

impl Reports {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let reports = Self { folder: data_dir.to_owned(), state: Mutex::new(State { last: 0, made: HashMap::new() }) };
        end_last_line(&reports.folder.join(FILE_NAME))?;
        let last = reports.newest()?.first().map_or(0, |report| report.report);
        lock(&reports.state).last = last;
        Ok(reports)
    }

    /// Keeps a report and returns its number.
    ///
    /// # Errors
    /// With a sentence, when the player has made too many, or the report cannot be written.
    pub(super) fn add(&self, report: Report) -> Result<u64, String> {
        let mut state = lock(&self.state);
        state.count(report.by.player, report.unix_s)?;
        let report = Report { report: state.last + 1, ..report };
        let line = serde_json::to_string(&report).expect("text and numbers");
        self.append(&line).map_err(|error| {
            tracing::error!("a report of a player cannot be written: {error}");
            "your report cannot be kept right now: try again in a minute".to_owned()
        })?;
        state.last = report.report;
        tracing::info!(report = report.report, by = %report.by.player, about = %report.about.player, "player reported");
        Ok(report.report)
    }

    /// The newest reports first, at most 1000.
    pub(super) fn newest(&self) -> io::Result<Vec<Report>> {
        let mut found = Vec::new();
        for name in [FILE_NAME, OLD_FILE_NAME] {
            let text = read(&self.folder.join(name))?;
            // A line that a crash has torn is no report.
            found.extend(text.lines().rev().filter_map(|line| serde_json::from_str(line).ok()));
        }
        found.truncate(ADMIN_ENTRIES_MAX);
        Ok(found)
    }

    /// Takes a player out of all reports, by it and about it, and returns their number.
    pub(super) fn forget(&self, player: AccountId) -> io::Result<u64> {
        let mut count = 0;
        for name in [FILE_NAME, OLD_FILE_NAME] {
            let path = self.folder.join(name);
            let text = read(&path)?;
            let (mut changed, mut lines) = (0, String::new());
            for line in text.lines() {
                let without = serde_json::from_str(line).ok().and_then(|report| without(player, report));
                changed += u64::from(without.is_some());
                lines.push_str(&without.unwrap_or_else(|| line.to_owned()));
                lines.push('\n');
            }
            if changed > 0 {
                write(&path, lines.as_bytes())?;
            }
            count += changed;
        }
        Ok(count)
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let path = self.folder.join(FILE_NAME);
        if fs::metadata(&path).is_ok_and(|file| file.len() >= FILE_BYTES_MAX) {
            fs::rename(&path, self.folder.join(OLD_FILE_NAME))?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        let length = file.metadata()?.len();
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_data());
        if written.is_err() {
            // Nothing of a report that the player was not thanked for may stay. If this fails, too, its line is no report.
            let _ = file.set_len(length);
        }
        written
    }
}

/// The text of a file; none if it is not there. A crash may have cut its last line inside a letter.
fn read(path: &Path) -> io::Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Ends the last line of a file that a crash has torn, so that the next one is a line of its own.
fn end_last_line(path: &Path) -> io::Result<()> {
    let text = read(path)?;
    if text.is_empty() || text.ends_with('\n') {
        return Ok(());
    }
    OpenOptions::new().append(true).open(path)?.write_all(b"\n")
}

/// The line of a report without this player, and without its words: they may tell about the player. `None` if it has no part
/// in the report.
fn without(player: AccountId, mut report: Report) -> Option<String> {
    let mut is_changed = false;
    for named in [&mut report.by, &mut report.about] {
        if named.player == player {
            (*named, is_changed) = (ReportedPlayer { player: SOMEBODY, name: FORGOTTEN.to_owned() }, true);
        }
    }
    report.text.clear();
    is_changed.then(|| serde_json::to_string(&report).expect("text and numbers"))
}

impl State {
    fn count(&mut self, player: AccountId, unix_s: u64) -> Result<(), String> {
        let too_many = "you have made many reports in the last hour: try again later";
        if self.made.len() >= PLAYERS_MAX {
            self.made.retain(|_, times| times.back().is_some_and(|at| at + HOUR_S > unix_s));
        }
        if self.made.len() >= PLAYERS_MAX && !self.made.contains_key(&player) {
            return Err(too_many.to_owned());
        }
        let times = self.made.entry(player).or_default();
        while times.front().is_some_and(|at| at + HOUR_S <= unix_s) {
            times.pop_front();
        }
        if times.len() >= PER_HOUR_MAX {
            return Err(too_many.to_owned());
        }
        times.push_back(unix_s);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::{
        api::{CheatSignals, ReportPlace, ReportedPlayer},
        ids::MatchId,
    };

    use super::*;
    use crate::ops::admin::tests::Folder;

    fn report(by: u128, unix_s: u64) -> Report {
        let player = |number| ReportedPlayer { player: AccountId(number), name: "Ada".to_owned() };
        let place = Some(ReportPlace { match_id: MatchId(7), tick: 90, replay: "7.fhr".to_owned() });
        let (room, text) = ("K7QX".parse().expect("a code"), "aims too well".to_owned());
        let signals = CheatSignals { too_exact: 2, ..CheatSignals::default() };
        Report { report: 0, unix_s, by: player(by), about: player(9), room, text, signals, place }
    }

    #[test]
    fn a_forgotten_player_is_in_no_report_any_more() {
        let folder = Folder::new("forgotten-reports");
        let reports = Reports::open(folder.path()).expect("a folder of ours");
        reports.add(report(1, 1)).expect("one is taken");
        fs::rename(folder.path().join(FILE_NAME), folder.path().join(OLD_FILE_NAME)).expect("a folder of ours");
        reports.add(report(2, 2)).and_then(|_| reports.add(report(1, 3))).expect("two are taken");
        assert_eq!((reports.forget(AccountId(1)).ok(), reports.forget(AccountId(5)).ok()), (Some(2), Some(0)));
        let newest = reports.newest().expect("readable");
        assert_eq!(newest.iter().map(|report| report.by.player.0).collect::<Vec<_>>(), [0, 2, 0]);
        assert_eq!((newest[0].text.as_str(), newest[0].about.player, newest[0].unix_s), ("", AccountId(9), 3));
        assert_eq!(newest[1], Report { report: 2, ..report(2, 2) });
        assert_eq!(reports.forget(AccountId(9)).ok(), Some(3), "it was reported, too");
        let text = fs::read_to_string(folder.path().join(FILE_NAME)).expect("a file");
        assert!(!text.contains(&AccountId(9).to_string()), "{text}");
    }

    #[test]
    fn reports_are_numbered_over_restarts_and_limited_by_player() {
        let folder = Folder::new("reports");
        let reports = Reports::open(folder.path()).expect("a folder of ours");
        assert_eq!(
            (1..=5).map(|n| reports.add(report(1, n)).expect("a few are taken")).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5]
        );
        assert!(reports.add(report(1, 6)).is_err_and(|told| told.contains("try again later")));
        assert_eq!(reports.add(report(2, 7)), Ok(6));
        assert_eq!(reports.add(report(1, 3601)), Ok(7), "an hour after the first one");
        // A crash has cut a line inside a letter.
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE_NAME)).expect("it is there");
        file.write_all(b"{\"report\":8,\"text\":\"\xc3").expect("a folder of ours");
        let reports = Reports::open(folder.path()).expect("a torn line is no report");
        assert_eq!(reports.add(report(3, 8)), Ok(8));
        let newest = reports.newest().expect("readable");
        assert_eq!(newest[0], Report { report: 8, ..report(3, 8) });
        assert_eq!(newest.len(), 8);
    }
}
