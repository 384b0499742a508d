//! Which replays stay: quotas on space and number, in fair shares, and a limit of age. No clock is trusted: the quotas
//! know only in which order replays were added, and age removes little at a time.
//!
//! The reports of a match count as part of its replay. Those of a match that runs count from its end on, as its
//! recording does; there are at most a few for each.

mod shares;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use framehouse_shared::ids::MatchId;

use self::shares::{Place, Shares};
use super::{
    folder::{WHOLE, match_of, whole_path},
    owners::{Owner, Owners},
    queue::Times,
    reports::Reports,
};
use crate::config::ReplaySettings;

/// Maximum number of replays kept. The server remembers about 300 bytes for each.
const FILES_MAX: usize = 250_000;
const DAY: Duration = Duration::from_secs(86_400);
/// For so long after the start nothing is removed because of its age: a clock that is wrong at boot is right by then.
const NO_AGE_BEFORE: Duration = Duration::from_secs(3600);
/// In a day at most this part of the replays (at least one) is removed because of age. With a clock that is wrong for
/// longer, an operator has days to notice. Days are counted from the start of the server, so a server that is started
/// often, and runs for more than [`NO_AGE_BEFORE`] each time, removes this part in each run.
const AGE_SHARE_A_DAY: usize = 10;

#[derive(Clone, Copy, Debug)]
struct Stored {
    /// Its place in the order of arrival.
    number: u64,
    /// When the match ended, in seconds since 1970-01-01 UTC, by a clock that may be wrong.
    unix_s: u64,
    /// Size of the replay and of its reports.
    bytes: u64,
    owner: Owner,
}

/// Index of the complete replays, to enforce the quotas without reading the folder again.
pub(super) struct Retention {
    /// Desync reports of the replays.
    pub reports: Reports,
    folder: PathBuf,
    stored: BTreeMap<MatchId, Stored>,
    /// All replays by the time when they ended, for the limit of age alone.
    by_age: BTreeSet<(u64, MatchId)>,
    /// The number of the replay that is added next.
    next_number: u64,
    shares: Shares,
    owners: Owners,
    bytes: u64,
    seconds_max: Option<u64>,
    bytes_max: u64,
    files_max: usize,
    age_day: AgeDay,
}

/// A day of removals because of age.
#[derive(Default)]
struct AgeDay {
    /// When the day began, since the start of the server.
    began: Option<Duration>,
    /// How many replays may still be removed in it.
    left: usize,
}

impl Retention {
    /// Reads the folder. Files that cannot be looked at are left alone.
    pub fn open(folder: &Path, settings: &ReplaySettings) -> io::Result<Self> {
        let (owners, known) = Owners::open(folder);
        let mut retention = Self {
            reports: Reports::open(folder)?,
            folder: folder.to_owned(),
            stored: BTreeMap::new(),
            by_age: BTreeSet::new(),
            next_number: 0,
            shares: Shares::default(),
            owners,
            bytes: 0,
            seconds_max: (settings.keep_days > 0).then(|| u64::from(settings.keep_days) * DAY.as_secs()),
            bytes_max: settings.keep_bytes,
            files_max: FILES_MAX,
            age_day: AgeDay::default(),
        };
        let paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<(u64, MatchId, u64)> = paths.filter_map(|path| stored_file(&path)).collect();
        // Of what an earlier server wrote only the dates are known.
        files.sort_unstable();
        for (unix_s, match_id, bytes) in files {
            retention.insert(match_id, bytes, unix_s, known.get(&match_id).copied().unwrap_or_default());
        }
        Ok(retention)
    }

    /// Adds a replay that was just completed. Of those who took part, the one with the least replays owns it: nobody
    /// can fill the share of another one by playing with him.
    pub fn add(&mut self, match_id: MatchId, bytes: u64, unix_s: u64, took_part: impl Iterator<Item = Owner>) {
        let owner = took_part.min_by_key(|owner| (self.shares.bytes(*owner), *owner)).unwrap_or_default();
        self.insert(match_id, bytes, unix_s, owner);
        let all = self.stored.iter().map(|(match_id, stored)| (*match_id, stored.owner));
        self.owners.add(match_id, owner, all);
    }

    /// Adds a report that was just written, at the expense of whoever owns its replay.
    pub fn add_report(&mut self, match_id: MatchId, path: PathBuf, bytes: u64) {
        self.reports.add(match_id, path, bytes);
        if let Some(stored) = self.stored.get_mut(&match_id) {
            stored.bytes += bytes;
            self.bytes += bytes;
            self.shares.grow(stored.owner, bytes);
        }
    }

    fn insert(&mut self, match_id: MatchId, replay_bytes: u64, unix_s: u64, owner: Owner) {
        self.forget(match_id);
        let bytes = replay_bytes + self.reports.bytes_of(match_id);
        let stored = Stored { number: self.next_number, unix_s, bytes, owner };
        self.next_number += 1;
        self.stored.insert(match_id, stored);
        self.by_age.insert((unix_s, match_id));
        self.bytes += bytes;
        self.shares.add(owner, (stored.number, match_id), bytes);
    }

    /// Removes replays until the quotas of space and number are met: the oldest of whoever has the most, but not the
    /// one that was `just_added`, because its result names it. Returns the number of removed ones.
    pub fn keep_quotas(&mut self, just_added: Option<MatchId>) -> u64 {
        let mut removed = 0;
        while let Some(oldest) = self.next_over_quota(just_added) {
            removed += u64::from(self.remove(oldest));
        }
        removed
    }

    fn next_over_quota(&self, just_added: Option<MatchId>) -> Option<MatchId> {
        let oldest: Option<Place> = if self.bytes > self.bytes_max {
            self.shares.oldest_of_largest(just_added)
        } else if self.stored.len() > self.files_max {
            self.shares.oldest_of_most(just_added)
        } else {
            None
        };
        Some(oldest?.1)
    }

    /// Removes replays that are too old, as far as that is safe now. Returns the number of removed ones.
    pub fn keep_age(&mut self, now: Times) -> u64 {
        let Some(seconds_max) = self.seconds_max.filter(|_| now.elapsed >= NO_AGE_BEFORE) else { return 0 };
        if self.age_day.began.is_none_or(|began| now.elapsed.saturating_sub(began) >= DAY) {
            self.age_day = AgeDay { began: Some(now.elapsed), left: (self.stored.len() / AGE_SHARE_A_DAY).max(1) };
        }
        let mut removed = 0;
        while self.age_day.left > 0
            && let Some(&(unix_s, oldest)) = self.by_age.first()
            && now.unix_s.saturating_sub(unix_s) > seconds_max
        {
            removed += u64::from(self.remove(oldest));
            self.age_day.left -= 1;
        }
        if removed > 0 {
            tracing::info!(removed, "replays were removed because of their age");
        }
        removed
    }

    /// Returns whether the file was there: the operator may have removed it.
    fn remove(&mut self, match_id: MatchId) -> bool {
        self.forget(match_id);
        self.reports.remove(match_id);
        fs::remove_file(whole_path(&self.folder, match_id)).is_ok()
    }

    /// Removes a replay from the index.
    fn forget(&mut self, match_id: MatchId) {
        let Some(Stored { number, unix_s, bytes, owner }) = self.stored.remove(&match_id) else { return };
        self.by_age.remove(&(unix_s, match_id));
        self.bytes -= bytes;
        self.shares.remove(owner, (number, match_id), bytes);
    }
}

fn stored_file(path: &Path) -> Option<(u64, MatchId, u64)> {
    let match_id = match_of(path, WHOLE)?;
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Some((modified.as_secs(), match_id, metadata.len()))
}

#[cfg(test)]
mod tests {
    use framehouse_shared::replay::ServerKey;

    use super::*;

    /// An index over an empty folder, removed when dropped.
    struct Index(Retention);

    impl Index {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("framehouse-retention-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("there is room for temporary files");
            Self(Retention::open(&folder, &ReplaySettings::default()).expect("a folder of ours"))
        }

        fn add(&mut self, id: u128, bytes: u64, owner: Owner) {
            self.0.add(MatchId(id), bytes, 1, [owner].into_iter());
        }

        fn kept(&self) -> Vec<u128> {
            self.0.stored.keys().map(|match_id| match_id.0).collect()
        }
    }

    impl Drop for Index {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.folder);
        }
    }

    fn owner(last: u8) -> Owner {
        Owner::of([192, 0, 2, last].into(), &ServerKey::from_secret([1; 32]))
    }

    #[test]
    fn many_small_replays_push_out_no_large_ones() {
        let mut index = Index::new("many");
        index.0.files_max = 10;
        (0..3).for_each(|id| index.add(id, 100_000, owner(1)));
        for id in 100..200 {
            index.add(id, 10, owner(2));
            index.0.keep_quotas(None);
        }
        assert_eq!(index.kept(), [0, 1, 2, 193, 194, 195, 196, 197, 198, 199]);
        assert_eq!(index.0.bytes, 300_070);
    }

    #[test]
    fn whoever_claims_desyncs_pays_for_the_reports() {
        for is_complete_before in [true, false] {
            let mut index = Index::new("claims");
            index.0.bytes_max = 4000;
            (0..2).for_each(|id| index.add(id, 1000, owner(1)));
            if is_complete_before {
                index.add(2, 1000, owner(2));
            }
            for name in ["1", "2"] {
                let path = index.0.folder.join(name);
                index.0.add_report(MatchId(2), path, 1250);
            }
            if !is_complete_before {
                index.add(2, 1000, owner(2));
            }
            assert_eq!((index.0.bytes, index.0.shares.bytes(owner(2))), (5500, 3500));
            index.0.keep_quotas(None);
            assert_eq!((index.kept(), index.0.bytes), (vec![0, 1], 2000));
        }
    }

    #[test]
    fn reports_are_charged_after_a_restart_too() {
        let index = Index::new("restart");
        fs::write(whole_path(&index.0.folder, MatchId(1)), [0; 100]).expect("a file");
        fs::write(index.0.folder.join(format!("{}.desync-1-9.json", MatchId(1))), [0; 30]).expect("a file");
        let again = Retention::open(&index.0.folder, &ReplaySettings::default()).expect("a folder of ours");
        assert_eq!((again.bytes, again.shares.bytes(Owner::default())), (130, 130));
    }

    #[test]
    fn the_replay_that_was_just_added_stays_whatever_its_size() {
        let mut index = Index::new("newest");
        index.0.bytes_max = 3000;
        (0..2).for_each(|id| index.add(id, 1000, owner(1)));
        index.add(2, 1500, owner(2));
        index.0.keep_quotas(Some(MatchId(2)));
        assert_eq!(index.kept(), [1, 2]);
        index.add(3, 5000, owner(3));
        index.0.keep_quotas(Some(MatchId(3)));
        assert_eq!(index.kept(), [3], "alone it may be over the quota");
        index.add(4, 10, owner(1));
        index.0.keep_quotas(Some(MatchId(4)));
        assert_eq!(index.kept(), [4], "until the next one");
    }
}
