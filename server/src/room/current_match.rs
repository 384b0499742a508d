//! The current match of a room: its setup, and markers for its start and end.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    guarded::guarded,
    ids::MatchId,
    input::Entropy,
    match_end::MatchEnd,
    replay::rules_hash,
    rng::SimRng,
    room_state::RoomStates,
    sim::{MatchSetup, SimRoom, open_match},
    tick::Tick,
};

use super::{
    Room, by_slot, caller_days,
    clock::RoomClock,
    compared::ComparedHashes,
    history::FrameHistory,
    inputs::{InputBuffer, Participants},
    resync,
    score::{ScoreBuffer, curves::PastCurves, rate::ScoreRate},
    who::{Who, log_line},
};
use crate::schedule::{Now, TickRate};

/// Setup of a room's newest match.
#[derive(Component, Clone, Debug)]
pub struct CurrentMatch {
    /// Id in results and replays.
    id: MatchId,
    /// Number of the match in its room, from 1.
    number: u32,
    /// Seed, map, seats and tick rate.
    setup: MatchSetup,
    /// Hash of the rules and the map.
    rules_hash: u64,
    /// Start time in seconds since 1970-01-01 UTC: when tick 0 is due, or when the match was opened while that is
    /// unknown.
    started_unix: u64,
    /// Whether its result is saved.
    is_saved: bool,
}

impl CurrentMatch {
    /// Notes that the result of this match is saved; no effect on a newer match of the room.
    pub(crate) fn note_saved(&mut self, id: MatchId) {
        self.is_saved |= self.id == id;
    }

    /// Id of the match, once its result is saved.
    pub(super) fn saved(&self) -> Option<MatchId> {
        self.is_saved.then_some(self.id)
    }

    /// Id in results and replays.
    pub const fn id(&self) -> MatchId {
        self.id
    }

    /// Number of the match in its room, from 1.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Seed, map, seats and tick rate.
    pub const fn setup(&self) -> &MatchSetup {
        &self.setup
    }

    /// Hash of the rules and the map.
    pub const fn rules_hash(&self) -> u64 {
        self.rules_hash
    }

    /// Start time in seconds since 1970-01-01 UTC: when tick 0 is due, or when the match was opened while that is
    /// unknown.
    pub const fn started_unix(&self) -> u64 {
        self.started_unix
    }
}

/// Marks a room whose match is over, until [`TickSet::MatchEnd`](crate::schedule::TickSet::MatchEnd) has handled it.
#[derive(Component, Clone, Copy, Debug)]
#[component(storage = "SparseSet")]
pub struct MatchOver {
    /// How it ended.
    pub end: MatchEnd,
    /// The last tick that was simulated.
    pub last_tick: Tick,
}

/// Marks a room whose match was opened in this tick: the serialised state before tick 0, for the replay recorder.
#[derive(Component)]
#[component(storage = "SparseSet")]
pub struct OpeningState(pub Vec<u8>);

/// Source of the seeds of matches and of the entropy in their frames.
#[derive(Resource, Default)]
pub enum Seeds {
    /// Random numbers of the operating system, so that nobody can predict a match.
    #[default]
    System,
    /// For tests: a seeded sequence, so that tests are repeatable.
    Fixed(SimRng),
}

impl Seeds {
    /// Entropy for the frame of a tick. Fixed seeds give the same entropy for the same match and tick, whatever other
    /// rooms do.
    pub(super) fn entropy(&self, current: &CurrentMatch, tick: Tick) -> Entropy {
        Entropy(match self {
            Self::System => getrandom::u32().expect("the operating system gives random bytes"),
            Self::Fixed(_) => SimRng::new(current.setup.seed ^ u64::from(tick.0) << 32).bits(),
        })
    }

    fn draw(&mut self) -> u64 {
        match self {
            Self::System => getrandom::u64().expect("the operating system gives random bytes"),
            Self::Fixed(rng) => u64::from(rng.bits()) << 32 | u64::from(rng.bits()),
        }
    }
}

/// Opens the room's next match: creates the state before tick 0 and queues a snapshot for all members. Returns the
/// match number.
///
/// This calls the game's code. If it panics, the room is faulted, and closed in this tick's cleanup.
pub fn open(world: &mut World, room: Entity) -> Option<u32> {
    let mut clock = world.get_mut::<RoomClock>(room)?;
    clock.next_match();
    let number = clock.match_no;
    let is_open = guarded(|| set_up(world, room, number)).is_ok();
    if !is_open {
        world.get::<SimRoom>(room)?.note_fault();
        return None;
    }
    log_opened(world, room);
    for player in by_slot(world, room) {
        caller_days::note_match(world, player);
        world.entity_mut(player).insert((InputBuffer::default(), ScoreBuffer::of_match(number)));
    }
    resync::make_snapshots_due(world, room);
    Some(number)
}

fn set_up(world: &mut World, room: Entity, number: u32) {
    // The state of the earlier match is moved out first: nothing of it may be dropped in the middle of an insertion.
    world.resource_scope(|world, states: Mut<RoomStates>| states.release(&mut world.entity_mut(room)));
    let setup = setup(world, room, number);
    open_match(&mut world.entity_mut(room), &setup);
    let opening = world.resource::<RoomStates>().encode(world.entity(room));
    let rules_hash = rules_hash(&opening).expect("it was serialised by us");
    let now = *world.resource::<Now>();
    let id = draw_id();
    let started_unix = now.unix().as_secs();
    let current = CurrentMatch { id, number, setup, rules_hash, started_unix, is_saved: false };
    let scores = (PastCurves::of_match(number), ScoreRate::begin(world, room));
    let fresh =
        ((FrameHistory::default(), ComparedHashes::default()), Participants::default(), current, OpeningState(opening));
    world.entity_mut(room).insert((fresh, scores));
}

fn log_opened(world: &World, room: Entity) {
    let Some(current) = world.get::<CurrentMatch>(room) else { return };
    let MatchSetup { seed, map, seats, .. } = &current.setup;
    // The seed as in results.
    let seed = format_args!("{seed:016x}");
    log_line!(INFO, Who::of_match(world, room), match_no = current.number, %seed, map, seats, "match opened");
}

/// Sets the start time of the match. `epoch` is when tick 0 is due, since the server's start.
pub(super) fn note_start(world: &mut World, room: Entity, epoch: Duration) {
    let unix = world.resource::<Now>().unix_base + epoch;
    if let Some(mut current) = world.get_mut::<CurrentMatch>(room) {
        current.started_unix = unix.as_secs();
    }
}

fn draw_id() -> MatchId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    MatchId(u128::from_ne_bytes(bytes))
}

fn setup(world: &mut World, room: Entity, number: u32) -> MatchSetup {
    let (seats, chosen) =
        world.get::<Room>(room).map_or((0, None), |room| (room.options.seats, room.options.map.clone()));
    let map = chosen.unwrap_or_else(|| {
        let maps = world.resource::<GameHandle>().maps(world);
        // Maps rotate, so that a rematch is played on another one.
        maps.get((number as usize - 1) % maps.len().max(1)).cloned().unwrap_or_default()
    });
    let rate = world.resource::<TickRate>().of_simulation();
    MatchSetup { seed: world.resource_mut::<Seeds>().draw(), map, seats, rate }
}
