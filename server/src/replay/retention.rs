//! Which replays stay: quotas on space and number, in fair shares, and a limit of age that trusts no clock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use framehouse_shared::ids::MatchId;

use super::{
    folder::{WHOLE, match_of, whole_path},
    owners::{Owner, Owners},
    queue::Times,
    reports::Reports,
};
use crate::config::ReplaySettings;

/// Maximum number of replays kept. The server remembers about 200 bytes for each.
const FILES_MAX: usize = 250_000;
const DAY: Duration = Duration::from_secs(86_400);
/// For so long after the start nothing is removed because of its age: a clock that is wrong at boot is right by then.
const NO_AGE_BEFORE: Duration = Duration::from_secs(3600);
/// In a day at most this part of the replays (at least one) is removed because of age. With a clock that is wrong for
/// longer, an operator has days to notice.
const AGE_SHARE_A_DAY: usize = 10;

/// A replay, ordered by age.
type Aged = (u64, MatchId);

#[derive(Clone, Copy, Debug)]
struct Stored {
    bytes: u64,
    owner: Owner,
}

/// Index of the complete replays, to enforce the quotas without reading the folder again.
pub(super) struct Retention {
    /// Desync reports of the replays.
    pub reports: Reports,
    folder: PathBuf,
    stored: BTreeMap<Aged, Stored>,
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
            shares: Shares::default(),
            owners,
            bytes: 0,
            seconds_max: (settings.keep_days > 0).then(|| u64::from(settings.keep_days) * DAY.as_secs()),
            bytes_max: settings.keep_bytes,
            files_max: FILES_MAX,
            age_day: AgeDay::default(),
        };
        for path in fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())) {
            if let Some((unix_s, match_id, bytes)) = stored_file(&path) {
                let owner = known.get(&match_id).copied().unwrap_or_default();
                retention.insert((unix_s, match_id), Stored { bytes, owner });
            }
        }
        Ok(retention)
    }

    /// Adds a replay that was just completed. Of those who took part, the one with the least replays owns it: nobody
    /// can fill the share of another one by playing with him.
    pub fn add(&mut self, match_id: MatchId, bytes: u64, unix_s: u64, took_part: impl Iterator<Item = Owner>) {
        let owner = took_part.min_by_key(|owner| (self.shares.bytes(*owner), *owner)).unwrap_or_default();
        self.insert((unix_s, match_id), Stored { bytes, owner });
        let all = self.stored.iter().map(|((_, match_id), stored)| (*match_id, stored.owner));
        self.owners.add(match_id, owner, all);
    }

    fn insert(&mut self, aged: Aged, stored: Stored) {
        if let Some(old) = self.stored.insert(aged, stored) {
            self.bytes -= old.bytes;
            self.shares.remove(aged, old);
        }
        self.bytes += stored.bytes;
        self.shares.add(aged, stored);
    }

    /// Removes replays until the quotas of space and number are met: the oldest of whoever has the most. Returns the
    /// number of removed ones.
    pub fn keep_quotas(&mut self) -> u64 {
        let mut removed = 0;
        while let Some(oldest) = self.next_over_quota() {
            removed += u64::from(self.remove(oldest));
        }
        removed
    }

    fn next_over_quota(&self) -> Option<Aged> {
        if self.bytes + self.reports.bytes() > self.bytes_max {
            self.shares.oldest_of_largest()
        } else if self.stored.len() > self.files_max {
            self.shares.oldest_of_most()
        } else {
            None
        }
    }

    /// Removes replays that are too old, as far as that is safe now. Returns the number of removed ones.
    pub fn keep_age(&mut self, now: Times) -> u64 {
        let Some(seconds_max) = self.seconds_max.filter(|_| now.elapsed >= NO_AGE_BEFORE) else { return 0 };
        if self.age_day.began.is_none_or(|began| now.elapsed.saturating_sub(began) >= DAY) {
            self.age_day = AgeDay { began: Some(now.elapsed), left: (self.stored.len() / AGE_SHARE_A_DAY).max(1) };
        }
        let mut removed = 0;
        while self.age_day.left > 0
            && let Some((oldest, _)) = self.stored.first_key_value()
            && now.unix_s.saturating_sub(oldest.0) > seconds_max
        {
            let oldest = *oldest;
            removed += u64::from(self.remove(oldest));
            self.age_day.left -= 1;
        }
        if removed > 0 {
            tracing::info!(removed, "replays were removed because of their age");
        }
        removed
    }

    /// Returns whether the file was there: the operator may have removed it.
    fn remove(&mut self, aged: Aged) -> bool {
        let Some(stored) = self.stored.remove(&aged) else { return false };
        self.bytes -= stored.bytes;
        self.shares.remove(aged, stored);
        self.reports.remove(aged.1);
        fs::remove_file(whole_path(&self.folder, aged.1)).is_ok()
    }
}

/// What each owner has.
#[derive(Default)]
struct Shares {
    of: HashMap<Owner, Share>,
    /// All owners, by the space that they use.
    by_bytes: BTreeSet<(u64, Owner)>,
    /// All owners, by the number of their replays: many small ones must not push out a few large ones.
    by_number: BTreeSet<(usize, Owner)>,
}

#[derive(Default)]
struct Share {
    bytes: u64,
    replays: BTreeSet<Aged>,
}

impl Shares {
    fn bytes(&self, owner: Owner) -> u64 {
        self.of.get(&owner).map_or(0, |share| share.bytes)
    }

    fn add(&mut self, aged: Aged, Stored { bytes, owner }: Stored) {
        self.change(owner, |share| {
            share.bytes += bytes;
            share.replays.insert(aged);
        });
    }

    fn remove(&mut self, aged: Aged, Stored { bytes, owner }: Stored) {
        self.change(owner, |share| {
            share.bytes -= bytes;
            share.replays.remove(&aged);
        });
    }

    fn change(&mut self, owner: Owner, change: impl FnOnce(&mut Share)) {
        let mut share = self.of.remove(&owner).unwrap_or_default();
        self.by_bytes.remove(&(share.bytes, owner));
        self.by_number.remove(&(share.replays.len(), owner));
        change(&mut share);
        if !share.replays.is_empty() {
            self.by_bytes.insert((share.bytes, owner));
            self.by_number.insert((share.replays.len(), owner));
            self.of.insert(owner, share);
        }
    }

    /// The oldest replay of the owner that uses the most space.
    fn oldest_of_largest(&self) -> Option<Aged> {
        self.oldest_of(self.by_bytes.last()?.1)
    }

    /// The oldest replay of the owner that has the most.
    fn oldest_of_most(&self) -> Option<Aged> {
        self.oldest_of(self.by_number.last()?.1)
    }

    fn oldest_of(&self, owner: Owner) -> Option<Aged> {
        self.of.get(&owner)?.replays.first().copied()
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

    #[test]
    fn many_small_replays_push_out_no_large_ones() {
        let folder = std::env::temp_dir().join(format!("framehouse-retention-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("there is room for temporary files");
        let mut retention = Retention::open(&folder, &ReplaySettings::default()).expect("a folder of ours");
        retention.files_max = 10;
        let owner = |last| Owner::of([192, 0, 2, last].into(), &ServerKey::from_secret([1; 32]));
        for id in 0..3 {
            retention.add(MatchId(id), 100_000, 1, [owner(1)].into_iter());
        }
        for id in 100..200 {
            retention.add(MatchId(id), 10, 2, [owner(2)].into_iter());
            retention.keep_quotas();
        }
        let kept: Vec<u128> = retention.stored.keys().map(|(_, match_id)| match_id.0).collect();
        assert_eq!(kept, [0, 1, 2, 193, 194, 195, 196, 197, 198, 199]);
        assert_eq!(retention.bytes, 300_070);
        fs::remove_dir_all(&folder).expect("a folder of ours");
    }
}
