//! Schedule of cleanup tasks, in ticks. It does not access the world.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bevy::{ecs::entity::EntityHashSet, prelude::Entity};
pub use framehouse_shared::api::CleanupStats;
use framehouse_shared::ids::{PlayerId, RoomId};

/// Times that a failed cleanup is tried again.
const RETRIES_MAX: u32 = 3;

/// Owner of the data to free. Levels are freed in this order: small and frequent ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A player or spectator.
    User,
    /// A match.
    Match,
    /// A room.
    Room,
}

impl Level {
    const COUNT: usize = 3;

    /// Name in logs and metrics.
    pub const fn name(self) -> &'static str {
        ["user", "match", "room"][self as usize]
    }
}

/// Kind of data to free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Score samples.
    Score,
    /// Inputs, frames, hashes, the state of the simulation, and the entity itself.
    State,
    /// The newest leaderboard.
    Leaderboard,
}

impl Kind {
    const COUNT: usize = 3;

    /// Name in logs and metrics.
    pub const fn name(self) -> &'static str {
        ["score", "state", "leaderboard"][self as usize]
    }
}

/// What there is to free: owner and kind of data, with a name for metrics.
const SORTS: [(Level, Kind, &str); 7] = [
    (Level::User, Kind::Score, "user_score"),
    (Level::User, Kind::State, "user_state"),
    (Level::Match, Kind::Score, "match_score"),
    (Level::Match, Kind::State, "match_state"),
    (Level::Match, Kind::Leaderboard, "match_leaderboard"),
    (Level::Room, Kind::State, "room_state"),
    (Level::Room, Kind::Leaderboard, "room_leaderboard"),
];

/// One cleanup task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Owner of the data.
    pub level: Level,
    /// Kind of data.
    pub kind: Kind,
    /// Room of the data.
    pub room: RoomId,
    /// Number of the match in that room. Data of a later match is never touched.
    pub match_no: u32,
    /// The player, if the level is [`Level::User`] and it is known.
    pub player: Option<PlayerId>,
    /// The entity that holds the data.
    pub target: Entity,
    /// Number of frames, inputs or lines when the task was scheduled.
    pub items: u32,
}

/// A scheduled task.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The task.
    pub task: Task,
    /// Tick from which the budget is ignored.
    pub forced_at: u64,
    attempts: u32,
}

/// Delays of a task, in ticks after it is added.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// Until it is freed within the budget.
    pub due: u32,
    /// Until it is freed regardless of the budget.
    pub forced: u32,
}

type Due = (u64, u64);

/// All scheduled tasks, by level and time.
#[derive(Debug, Default)]
pub struct Schedule {
    queues: [BTreeMap<Due, Entry>; Level::COUNT],
    of_room: HashMap<RoomId, BTreeSet<(Level, Due)>>,
    of_player: HashMap<PlayerId, u32>,
    failed: Vec<Entry>,
    given_up: Vec<Task>,
    added: u64,
    totals: CleanupStats,
    /// Completed tasks by level and kind.
    done: [[u64; Kind::COUNT]; Level::COUNT],
}

impl Schedule {
    /// Adds a task at tick `now`.
    pub fn add(&mut self, task: Task, now: u64, delays: Delays) {
        let entry = Entry { task, forced_at: now + u64::from(delays.forced), attempts: 0 };
        self.insert(entry, now + u64::from(delays.due));
    }

    fn insert(&mut self, entry: Entry, due: u64) {
        let key = (due, self.added);
        self.added += 1;
        self.of_room.entry(entry.task.room).or_default().insert((entry.task.level, key));
        if let Some(player) = entry.task.player {
            *self.of_player.entry(player).or_default() += 1;
        }
        self.totals.pending_packets += u64::from(entry.task.items);
        self.queues[entry.task.level as usize].insert(key, entry);
    }

    fn remove(&mut self, level: Level, key: Due) -> Option<Entry> {
        let entry = self.queues[level as usize].remove(&key)?;
        self.totals.pending_packets -= u64::from(entry.task.items);
        if let Some(of_room) = self.of_room.get_mut(&entry.task.room) {
            of_room.remove(&(level, key));
            if of_room.is_empty() {
                self.of_room.remove(&entry.task.room);
            }
        }
        let of_player = entry.task.player.and_then(|player| Some((player, self.of_player.get_mut(&player)?)));
        if let Some((player, count)) = of_player {
            *count -= 1;
            if *count == 0 {
                self.of_player.remove(&player);
            }
        }
        Some(entry)
    }

    /// Takes the next task due at tick `now`, by level: user before match before room.
    pub fn next_due(&mut self, now: u64) -> Option<Entry> {
        let (level, key) = self.due(now).next()?;
        self.remove(level, key)
    }

    /// Takes the next task that is past its forced deadline at tick `now`.
    pub fn next_forced(&mut self, now: u64) -> Option<Entry> {
        let is_forced = |(level, key): &(Level, Due)| self.queues[*level as usize][key].forced_at <= now;
        let (level, key) = self.due(now).find(is_forced)?;
        self.remove(level, key)
    }

    /// The oldest due task of each level. Within a level the oldest one is also forced first.
    fn due(&self, now: u64) -> impl Iterator<Item = (Level, Due)> {
        [Level::User, Level::Match, Level::Room].into_iter().filter_map(move |level| {
            let (key, _) = self.queues[level as usize].first_key_value()?;
            (key.0 <= now).then_some((level, *key))
        })
    }

    /// Cancels the tasks of a room's earlier match, because a new match begins there.
    pub fn cancel_matches(&mut self, room: RoomId) {
        let of_room = self.of_room.get(&room).into_iter().flatten();
        let void: Vec<_> = of_room.filter(|(level, _)| *level == Level::Match).copied().collect();
        for (level, key) in void {
            self.remove(level, key);
            self.totals.cancelled += 1;
        }
    }

    /// Counts a completed task.
    pub fn note_done(&mut self, entry: &Entry, now: u64) {
        self.totals.done += 1;
        self.done[entry.task.level as usize][entry.task.kind as usize] += 1;
        self.totals.forced += u64::from(entry.forced_at <= now);
    }

    /// Keeps a failed task for the next sweep.
    pub fn note_failed(&mut self, entry: Entry) {
        self.totals.failed += 1;
        self.failed.push(entry);
    }

    /// Schedules failed tasks again, and abandons those that have failed too often. Returns the number of abandoned
    /// ones.
    pub fn retry_failed(&mut self, now: u64) -> usize {
        let before = self.given_up.len();
        for mut entry in std::mem::take(&mut self.failed) {
            entry.attempts += 1;
            if entry.attempts > RETRIES_MAX {
                self.totals.abandoned += 1;
                self.given_up.push(entry.task);
            } else {
                self.insert(entry, now);
            }
        }
        self.given_up.len() - before
    }

    /// Counts orphans: data without an owner.
    pub fn note_orphans(&mut self, count: u64) {
        self.totals.orphans += count;
    }

    /// Entities of all tasks: scheduled, failed or abandoned.
    pub fn targets(&self) -> EntityHashSet {
        let scheduled = self.queues.iter().flat_map(BTreeMap::values).chain(&self.failed);
        scheduled.map(|entry| &entry.task).chain(&self.given_up).map(|task| task.target).collect()
    }

    /// Completed tasks by owner and kind of data.
    pub fn done_by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        SORTS.iter().map(|(level, kind, name)| (*name, self.done[*level as usize][*kind as usize]))
    }

    /// Statistics of the cleanup, for the status page.
    pub fn stats(&self) -> CleanupStats {
        CleanupStats {
            active_cleanup_tasks: self.of_room.len() + self.of_player.len(),
            rooms_with_pending_cleanup: self.of_room.len(),
            ..self.totals
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DELAYS: Delays = Delays { due: 150, forced: 900 };

    fn task(level: Level, room: u64, match_no: u32) -> Task {
        let target = Entity::from_raw_u32(room as u32).expect("valid");
        let player = (level == Level::User).then_some(PlayerId(room));
        Task { level, kind: Kind::State, room: RoomId(room), match_no, player, target, items: 10 }
    }

    #[test]
    fn users_go_before_matches_and_matches_before_rooms() {
        let mut schedule = Schedule::default();
        for level in [Level::Room, Level::Match, Level::User] {
            schedule.add(task(level, 1, 1), 0, DELAYS);
        }
        assert!(schedule.next_due(149).is_none());
        let order: Vec<Level> = std::iter::from_fn(|| schedule.next_due(150)).map(|entry| entry.task.level).collect();
        assert_eq!(order, [Level::User, Level::Match, Level::Room]);
        assert_eq!(schedule.stats(), CleanupStats::default());
    }

    #[test]
    fn a_task_is_forced_only_when_its_time_has_come() {
        let mut schedule = Schedule::default();
        schedule.add(task(Level::Match, 1, 1), 0, DELAYS);
        schedule.add(task(Level::Room, 2, 1), 100, DELAYS);
        assert!(schedule.next_forced(899).is_none());
        let entry = schedule.next_forced(900).expect("it is time");
        schedule.note_done(&entry, 900);
        let done: Vec<_> = schedule.done_by_kind().filter(|(_, count)| *count > 0).collect();
        assert_eq!(done, [("match_state", 1)]);
        assert!(schedule.next_forced(900).is_none());
        assert_eq!((schedule.stats().forced, schedule.stats().rooms_with_pending_cleanup), (1, 1));
    }

    #[test]
    fn a_new_match_voids_the_cleanup_of_the_one_before_and_nothing_else() {
        let mut schedule = Schedule::default();
        schedule.add(task(Level::Match, 1, 1), 0, DELAYS);
        schedule.add(task(Level::User, 1, 1), 0, DELAYS);
        schedule.add(task(Level::Match, 2, 1), 0, DELAYS);
        schedule.cancel_matches(RoomId(1));
        let left: Vec<_> = std::iter::from_fn(|| schedule.next_due(150)).map(|e| (e.task.level, e.task.room)).collect();
        assert_eq!(left, [(Level::User, RoomId(1)), (Level::Match, RoomId(2))]);
    }

    #[test]
    fn what_fails_is_tried_three_times_more() {
        let mut schedule = Schedule::default();
        schedule.add(task(Level::Room, 1, 0), 0, DELAYS);
        let mut tries = 0;
        while let Some(entry) = schedule.next_due(150) {
            tries += 1;
            schedule.note_failed(entry);
            assert_eq!(schedule.targets().len(), 1);
            schedule.retry_failed(150);
        }
        assert_eq!(schedule.targets().len(), 1, "what is given up is no orphan");
        let stats = schedule.stats();
        assert_eq!((tries, stats.failed, stats.abandoned, stats.active_cleanup_tasks), (4, 4, 1, 0));
    }

    proptest! {
        /// For any order of adding, cancelling and taking, the statistics match the tasks that are really scheduled.
        #[test]
        fn the_numbers_agree_with_the_tasks(steps in proptest::collection::vec((0u8..5, 1u64..6, 0u64..400), 0..200)) {
            let mut schedule = Schedule::default();
            for (step, room, now) in steps {
                match step {
                    0 => schedule.add(task(Level::User, room, 1), now, DELAYS),
                    1 => schedule.add(task(Level::Match, room, 1), now, DELAYS),
                    2 => schedule.cancel_matches(RoomId(room)),
                    3 => drop(schedule.next_due(now)),
                    _ => drop(schedule.next_forced(now)),
                }
                let entries: Vec<&Entry> = schedule.queues.iter().flat_map(BTreeMap::values).collect();
                let stats = schedule.stats();
                prop_assert_eq!(stats.pending_packets, entries.iter().map(|e| u64::from(e.task.items)).sum::<u64>());
                let rooms: BTreeSet<RoomId> = entries.iter().map(|e| e.task.room).collect();
                let players: BTreeSet<PlayerId> = entries.iter().filter_map(|e| e.task.player).collect();
                prop_assert_eq!(stats.rooms_with_pending_cleanup, rooms.len());
                prop_assert_eq!(stats.active_cleanup_tasks, rooms.len() + players.len());
            }
        }
    }
}
