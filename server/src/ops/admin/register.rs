//! Bans and mutes: a list in the data folder, and the limit on new bans.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

use framehouse_shared::{
    api::{ADMIN_ENTRIES_MAX, REASON_CHARS_MAX, SANCTION_SECONDS_MAX, Sanction, SanctionKind, SanctionState},
    ids::AccountId,
    text::clean_line,
};

use super::{AdminRefusal, lock};
use crate::{
    disk::sync_folder,
    room::sanctions::{Sanctions, Term},
};

/// Name of the file, a JSON list.
pub(super) const FILE_NAME: &str = "sanctions.json";
/// Maximum number of entries. More are refused.
const ENTRIES_MAX: usize = 10_000;
/// Time in which bans are limited, in seconds.
const HOUR_S: u64 = 3600;

/// The list of bans and mutes.
pub(super) struct Register {
    file: PathBuf,
    bans_per_hour_max: AtomicU32,
    over_limit: AtomicU64,
    entries: Mutex<Vec<Sanction>>,
}

impl Register {
    pub(super) fn open(data_dir: &Path, bans_per_hour_max: u32) -> io::Result<Self> {
        let file = data_dir.join(FILE_NAME);
        let entries = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            file,
            bans_per_hour_max: bans_per_hour_max.into(),
            over_limit: AtomicU64::new(0),
            entries: Mutex::new(entries),
        })
    }

    pub(super) fn set_limit(&self, bans_per_hour_max: u32) {
        self.bans_per_hour_max.store(bans_per_hour_max, Relaxed);
    }

    /// Bans since the start that only wait for review.
    pub(super) fn over_limit(&self) -> u64 {
        self.over_limit.load(Relaxed)
    }

    /// What is in force at this time.
    pub(super) fn in_force(&self, now: u64) -> Sanctions {
        let entries = lock(&self.entries);
        let of_kind = |kind| {
            let active = entries.iter().filter(move |it| it.kind == kind && is_active(it, now));
            active.map(|it| (it.player, Term { until_unix_s: it.until_unix_s, reason: it.reason.clone() })).collect()
        };
        Sanctions { bans: of_kind(SanctionKind::Ban), mutes: of_kind(SanctionKind::Mute) }
    }

    /// Entries that have not ended, newest first, at most 1000.
    pub(super) fn list(&self, now: u64) -> Vec<Sanction> {
        let entries = lock(&self.entries);
        entries.iter().rev().filter(|entry| has_not_ended(entry, now)).take(ADMIN_ENTRIES_MAX).cloned().collect()
    }

    /// Bans a player, or puts it on the list for review if there were too many bans in the last hour.
    pub(super) fn ban(
        &self,
        player: AccountId,
        seconds: Option<u64>,
        reason: &str,
        now: u64,
    ) -> Result<SanctionState, AdminRefusal> {
        let reason = match reason.trim() {
            "" => String::new(),
            text => clean_line(text)
                .filter(|text| text.chars().count() <= REASON_CHARS_MAX)
                .ok_or_else(|| AdminRefusal::Bad(format!("a reason has at most {REASON_CHARS_MAX} characters")))?,
        };
        let until_unix_s = end(seconds, now)?;
        let mut entries = lock(&self.entries);
        let bans = entries.iter().filter(|entry| counts(entry, now)).count();
        let is_over = bans >= self.bans_per_hour_max.load(Relaxed) as usize;
        let state = if is_over { SanctionState::Review } else { SanctionState::Active };
        let kind = SanctionKind::Ban;
        let ban = Sanction { player, kind, state, since_unix_s: now, until_unix_s, reason };
        self.replace(&mut entries, ban, now)?;
        if is_over {
            self.over_limit.fetch_add(1, Relaxed);
        }
        Ok(state)
    }

    pub(super) fn mute(&self, player: AccountId, seconds: Option<u64>, now: u64) -> Result<String, AdminRefusal> {
        let (kind, state) = (SanctionKind::Mute, SanctionState::Active);
        let until_unix_s = end(seconds, now)?;
        let mute = Sanction { player, kind, state, since_unix_s: now, until_unix_s, reason: String::new() };
        self.replace(&mut lock(&self.entries), mute, now)?;
        Ok(format!("{player} is muted"))
    }

    pub(super) fn unban(&self, player: AccountId, now: u64) -> Result<String, AdminRefusal> {
        self.remove(player, SanctionKind::Ban, now)?;
        Ok(format!("{player} is not banned any more"))
    }

    pub(super) fn unmute(&self, player: AccountId, now: u64) -> Result<String, AdminRefusal> {
        self.remove(player, SanctionKind::Mute, now)?;
        Ok(format!("{player} is not muted any more"))
    }

    /// Takes a player out of the list, and returns the number of its entries. A ban that is in force stays, without its
    /// reason: otherwise being forgotten would end it.
    pub(super) fn forget(&self, player: AccountId, now: u64) -> Result<u64, AdminRefusal> {
        let mut entries = lock(&self.entries);
        let count = entries.iter().filter(|entry| entry.player == player).count() as u64;
        let without = |entry: &Sanction| match entry {
            entry if entry.player != player => Some(entry.clone()),
            ban if ban.kind == SanctionKind::Ban && is_active(ban, now) => {
                Some(Sanction { reason: String::new(), ..ban.clone() })
            }
            _ => None,
        };
        let kept = entries.iter().filter_map(without).collect();
        if count > 0 {
            self.keep(&mut entries, kept)?;
        }
        Ok(count)
    }

    fn remove(&self, player: AccountId, kind: SanctionKind, now: u64) -> Result<(), AdminRefusal> {
        let mut entries = lock(&self.entries);
        let is_of = |entry: &Sanction| entry.player == player && entry.kind == kind;
        if !entries.iter().any(|entry| is_of(entry) && has_not_ended(entry, now)) {
            return Err(AdminRefusal::NotFound(format!("there is nothing to end for {player}")));
        }
        let without = |entry: &Sanction| match entry {
            entry if !is_of(entry) => Some(entry.clone()),
            ban if counts(ban, now) => Some(Sanction { until_unix_s: Some(now), ..ban.clone() }),
            _ => None,
        };
        let kept = entries.iter().filter_map(without).collect();
        self.keep(&mut entries, kept)
    }

    /// Puts an entry in the place of the player's earlier one of its kind. A ban that is in force is not weakened by one that
    /// only waits for review.
    fn replace(&self, entries: &mut Vec<Sanction>, new: Sanction, now: u64) -> Result<(), AdminRefusal> {
        let is_same = |entry: &Sanction| entry.player == new.player && entry.kind == new.kind;
        let is_replaced = |entry: &Sanction| {
            is_same(entry) && (new.state == SanctionState::Active || entry.state == SanctionState::Review)
        };
        let is_kept = |entry: &&Sanction| (has_not_ended(entry, now) || counts(entry, now)) && !is_replaced(entry);
        let kept = entries.iter().filter(is_kept);
        let kept: Vec<Sanction> = kept.cloned().chain([new.clone()]).collect();
        if kept.len() > ENTRIES_MAX {
            let sentence = format!("there are {ENTRIES_MAX} bans and mutes: end some of them first");
            return Err(AdminRefusal::Conflict(sentence));
        }
        self.keep(entries, kept)
    }

    /// Writes the list, and then takes it.
    fn keep(&self, entries: &mut Vec<Sanction>, new: Vec<Sanction>) -> Result<(), AdminRefusal> {
        let file = self.file.display();
        let failed =
            |error: io::Error| AdminRefusal::Conflict(format!("nothing has changed: cannot write {file}: {error}"));
        write(&self.file, &serde_json::to_vec_pretty(&new).expect("text and numbers")).map_err(failed)?;
        *entries = new;
        Ok(())
    }
}

fn has_not_ended(entry: &Sanction, now: u64) -> bool {
    entry.until_unix_s.is_none_or(|until| now < until)
}

/// Whether an entry is a ban that counts for the limit of an hour. One that has ended counts, too.
fn counts(entry: &Sanction, now: u64) -> bool {
    entry.kind == SanctionKind::Ban && entry.state == SanctionState::Active && entry.since_unix_s + HOUR_S > now
}

fn is_active(entry: &Sanction, now: u64) -> bool {
    entry.state == SanctionState::Active && has_not_ended(entry, now)
}

fn end(seconds: Option<u64>, now: u64) -> Result<Option<u64>, AdminRefusal> {
    match seconds {
        None => Ok(None),
        Some(seconds @ 1..=SANCTION_SECONDS_MAX) => Ok(Some(now + seconds)),
        Some(_) => Err(AdminRefusal::Bad(format!("`seconds` must be 1 to {SANCTION_SECONDS_MAX}, or absent for ever"))),
    }
}

/// Replaces a file as a whole.
pub(super) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("json-part");
    let mut written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&draft, file)?;
    sync_folder(file.parent().unwrap_or_else(|| Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::admin::tests::Folder;

    const NOW: u64 = 1_800_000_000;

    fn player(number: u128) -> AccountId {
        AccountId(number)
    }

    #[test]
    fn bans_beyond_the_limit_of_an_hour_only_wait_for_review() {
        let folder = Folder::new("bans");
        let register = Register::open(folder.path(), 20).expect("a folder of ours");
        for number in 0..1000 {
            let state = register.ban(player(number), None, "", NOW + number as u64 / 17).expect("it is listed");
            assert_eq!(state == SanctionState::Active, number < 20);
        }
        assert_eq!((register.in_force(NOW + 60).bans.len(), register.over_limit()), (20, 980));
        assert_eq!(register.list(NOW + 60).len(), 1000);
        // The limit outlives the process, and ends with the hour.
        let register = Register::open(folder.path(), 20).expect("a folder of ours");
        assert_eq!(register.ban(player(5000), None, "", NOW + 3000), Ok(SanctionState::Review));
        assert_eq!(register.ban(player(5000), None, "", NOW + 3602), Ok(SanctionState::Active));
        register.unban(player(999), NOW + 3602).expect("it waited");
        assert_eq!(register.list(NOW + 3602).iter().filter(|entry| entry.player == player(999)).count(), 0);
    }

    #[test]
    fn bans_that_have_ended_count_for_the_limit_too() {
        let folder = Folder::new("short-bans");
        let register = Register::open(folder.path(), 3).expect("a folder of ours");
        assert_eq!(register.ban(player(1), Some(1), "", NOW), Ok(SanctionState::Active));
        assert_eq!(register.ban(player(2), None, "", NOW + 2), Ok(SanctionState::Active));
        register.unban(player(2), NOW + 2).expect("it is banned");
        assert!(register.unban(player(2), NOW + 2).is_err(), "once");
        assert_eq!(register.ban(player(3), None, "", NOW + 3), Ok(SanctionState::Active));
        assert_eq!(register.ban(player(4), None, "", NOW + 3), Ok(SanctionState::Review));
        assert_eq!((register.in_force(NOW + 3).bans.len(), register.list(NOW + 3).len()), (1, 2));
    }

    #[test]
    fn a_forgotten_player_leaves_only_a_ban_that_is_in_force() {
        let folder = Folder::new("forgotten-sanctions");
        let register = Register::open(folder.path(), 2).expect("a folder of ours");
        for number in [1, 2] {
            register.ban(player(number), None, "rude", NOW).expect("it is banned");
            register.mute(player(number), None, NOW).expect("it is muted");
        }
        assert_eq!((register.forget(player(1), NOW), register.forget(player(3), NOW)), (Ok(2), Ok(0)));
        let register = Register::open(folder.path(), 1).expect("a folder of ours");
        let sanctions = register.in_force(NOW);
        assert_eq!(
            (sanctions.bans[&player(1)].reason.as_str(), sanctions.bans[&player(2)].reason.as_str()),
            ("", "rude")
        );
        assert!(!sanctions.mutes.contains_key(&player(1)) && sanctions.mutes.contains_key(&player(2)));
        register.unban(player(1), NOW).expect("it was banned");
        assert!(register.list(NOW).iter().all(|entry| entry.player == player(2)));
    }

    #[test]
    fn a_sanction_ends_and_is_kept_until_then() {
        let folder = Folder::new("sanctions");
        let register = Register::open(folder.path(), 1).expect("a folder of ours");
        register.ban(player(1), Some(60), " so\u{202e} rude ", NOW).expect("it is banned");
        register.mute(player(2), None, NOW).expect("it is muted");
        assert_eq!(register.ban(player(1), None, "", NOW), Ok(SanctionState::Review), "the limit");
        let register = Register::open(folder.path(), 1).expect("a folder of ours");
        let sanctions = register.in_force(NOW + 59);
        assert_eq!(sanctions.bans[&player(1)], Term { until_unix_s: Some(NOW + 60), reason: "so rude".to_owned() });
        assert!(register.in_force(NOW + 60).bans.is_empty());
        register.unmute(player(2), NOW + 60).expect("it was muted");
        assert!(register.in_force(NOW + 60).mutes.is_empty());
        assert!(register.unmute(player(2), NOW + 60).is_err() && register.unban(player(9), NOW).is_err());
        for seconds in [0, SANCTION_SECONDS_MAX + 1] {
            assert!(register.mute(player(3), Some(seconds), NOW).is_err());
        }
        assert!(register.ban(player(3), None, &"a".repeat(121), NOW).is_err());
    }
}
