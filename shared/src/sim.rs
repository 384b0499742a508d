//! The engine's part of the simulation: the schedule [`SimTick`], its steps, and what it knows of a room.
//!
//! A [game](crate::game) reads this tick's inputs, joins, leaves and commands from the room's [`Frame`], the tick from
//! [`SimTickCount`], how long a tick is from [`SimRate`], who is seated from [`Roster`], and draws every random number from
//! the room's [`SimRng`]. It writes the [`Scoreboard`] in [`SimSet::Score`].
//!
//! Inside `SimTick` there is no clock, no thread, no `Local`, no message and no `HashMap` iteration: a room's state
//! depends only on (rules, seed, tick rate, roster events by tick, inputs by tick).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use bevy::{
    ecs::{
        query::{IterQueryData, QueryData},
        schedule::{LogLevel, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor},
        system::SystemParam,
    },
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::{
    game::{Game, GameHandle},
    ids::{RoomId, SLOTS_MAX, SlotMask},
    input::{Frame, Input, RosterChange},
    rng::SimRng,
    room_state::{AddRoomState, RoomState, RoomStates},
    score::Scoreboard,
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

/// The schedule that advances every stepping room by one tick.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SimTick;

/// The steps of [`SimTick`], in order. `Begin` and `Hash` are the engine's.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimSet {
    /// The engine seats and unseats players and keeps the inputs.
    Begin,
    /// The game applies roster events, commands and inputs; the only place where bodies come and go.
    Apply,
    /// The game moves things.
    Move,
    /// The game finds and resolves what touches.
    Collide,
    /// The game writes the [`Scoreboard`].
    Score,
    /// The engine counts the tick.
    End,
    /// The engine hashes the state after the tick.
    Hash,
}

/// One file of a game's folder, read by whoever may touch files.
#[derive(Clone, Debug)]
pub struct GameFile {
    /// The path inside the game's folder, with `/` between names: `rules.ron`, `maps/basin.ron`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Why an operator's game files were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GameFileError {
    /// The game needs a file that is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// The text is not what the game expects.
    #[error("{path}:{line}:{column}: {message}")]
    Syntax {
        /// The file inside the game's folder.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A value is out of its range.
    #[error("{path}: {message}")]
    Value {
        /// The file inside the game's folder.
        path: String,
        /// Which value, and what it may be.
        message: String,
    },
    /// The game panicked: a bug of its own.
    #[error("the game failed to read its files: this is a bug in the game, please report it")]
    Panicked,
}

/// What a match begins from, beside the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchSetup {
    /// The seed of the room's [`SimRng`], drawn by the server.
    pub seed: u64,
    /// One of [`Game::maps`], or empty for a game without maps.
    pub map: String,
    /// How many seats the room has.
    pub seats: u8,
    /// The room's tick rate.
    pub rate: SimRate,
}

/// Marks a room that [`SimTick`] may touch.
#[derive(Component, Debug)]
pub struct SimRoom {
    /// Names the room in logs.
    pub id: RoomId,
    /// Whether this tick's frame is closed, so that the room is stepped.
    pub stepping: bool,
    faulted: AtomicBool,
}

impl SimRoom {
    /// A room that is not stepped yet.
    pub fn new(id: RoomId) -> Self {
        Self { id, stepping: false, faulted: AtomicBool::new(false) }
    }

    /// Whether a system panicked in this room: it is skipped from then on, until it is closed.
    pub fn is_faulted(&self) -> bool {
        self.faulted.load(Ordering::Relaxed)
    }

    /// Runs `work` for this room alone: a panic in it faults the room and goes no further.
    pub fn isolate(&self, work: impl FnOnce()) {
        if self.is_faulted() {
            return;
        }
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.note_fault();
        }
    }

    /// Notes that something panicked in this room.
    pub fn note_fault(&self) {
        self.faulted.store(true, Ordering::Relaxed);
        tracing::error!(room = %self.id, "something panicked in this room: it is skipped and will be closed");
    }
}

/// How many rooms make it worth waking other threads, which costs some 20 us in every system that does it.
const PARALLEL_ROOMS_MIN: usize = 512;
/// The same for work that takes several microseconds a room.
const PARALLEL_ROOMS_HEAVY_MIN: usize = 8;

/// The only way into rooms for a system of [`SimTick`]: visits every stepping room, in parallel where that pays, and keeps
/// a panic inside the room where it happened.
#[derive(SystemParam)]
pub struct Rooms<'w, 's, D: QueryData + 'static> {
    rooms: Query<'w, 's, (&'static SimRoom, D)>,
}

impl<D: IterQueryData + 'static> Rooms<'_, '_, D> {
    /// Runs `work` once for every stepping room that has the components asked for. Rooms know nothing of each other, so
    /// the order in which they are visited cannot matter.
    ///
    /// For work of a microsecond or less; what steps physics takes [`for_each_room_heavy`](Self::for_each_room_heavy).
    pub fn for_each_room(&mut self, work: impl Fn(D::Item<'_, '_>) + Send + Sync) {
        self.visit(PARALLEL_ROOMS_MIN, work);
    }

    /// The same for work of several microseconds a room, which is shared between threads when there are a few rooms.
    pub fn for_each_room_heavy(&mut self, work: impl Fn(D::Item<'_, '_>) + Send + Sync) {
        self.visit(PARALLEL_ROOMS_HEAVY_MIN, work);
    }

    fn visit(&mut self, parallel_min: usize, work: impl Fn(D::Item<'_, '_>) + Send + Sync) {
        let visit = |(room, item): (&SimRoom, D::Item<'_, '_>)| {
            if room.stepping {
                room.isolate(|| work(item));
            }
        };
        if self.rooms.iter().take(parallel_min).count() < parallel_min {
            self.rooms.iter_mut().for_each(visit);
        } else {
            self.rooms.par_iter_mut().for_each(visit);
        }
    }
}

/// The next tick to simulate: 0 before the match's first tick, N + 1 after tick N.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct SimTickCount(#[room_state(name = "next")] pub Tick);

/// Who is seated, as the simulation knows it: joins and leaves arrive with the frame of the tick they take effect in.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Roster {
    /// The occupied slots.
    #[room_state(mask)]
    pub seated: SlotMask,
    /// Every slot that was ever occupied in this match: whoever has a score.
    #[room_state(mask)]
    pub ever_seated: SlotMask,
}

/// The inputs of the tick before: what a frame on the wire is a difference to, and what a missing input repeats.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct LastInputs(#[room_state(name = "input")] pub [Input; SLOTS_MAX]);

/// How many components of a room's state are the engine's: they are registered before the game's.
pub const ENGINE_STATES: usize = 5;

/// The simulation of a game: the engine's part, then the game's.
pub struct SimPlugin(GameHandle);

impl SimPlugin {
    /// The simulation of this game.
    pub fn new(game: impl Game) -> Self {
        Self(GameHandle::new(game))
    }
}

impl Plugin for SimPlugin {
    fn build(&self, app: &mut App) {
        let mut schedule = Schedule::new(SimTick);
        // 25 small systems cost 5 us one after the other and 50-170 us through the multi-threaded executor.
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.set_build_settings(ScheduleBuildSettings { ambiguity_detection: LogLevel::Error, ..default() });
        app.add_schedule(schedule);
        use SimSet::*;
        app.configure_sets(SimTick, (Begin, Apply, Move, Collide, Score, End, Hash).chain());
        app.add_systems(SimTick, (begin_tick.in_set(Begin), end_tick.in_set(End)));
        app.add_room_state::<SimTickCount>("tick")
            .add_room_state::<Roster>("roster")
            .add_room_state::<LastInputs>("inputs")
            .add_room_state::<SimRng>("rng")
            .add_room_state::<Scoreboard>("scoreboard")
            .insert_resource(self.0.clone());
        self.0.build(app);
    }
}

/// Inserts the state before tick 0: the engine's components, then the game's.
pub fn open_match(room: &mut EntityWorldMut, setup: &MatchSetup) {
    let game = room.world().resource::<GameHandle>().clone();
    let components = room.world().resource::<RoomStates>().count();
    room.insert((
        setup.rate,
        SimTickCount::default(),
        Roster::default(),
        LastInputs::default(),
        SimRng::new(setup.seed),
        Scoreboard::default(),
        Frame::default(),
        StateHashes(std::iter::repeat_n(None, components).collect()),
    ));
    game.open_match(room, setup);
}

fn begin_tick(
    mut rooms: Rooms<(&Frame, &SimTickCount, &mut Roster, &mut LastInputs, &mut Scoreboard, &mut StateHashes)>,
) {
    rooms.for_each_room(|(frame, tick, mut roster, mut inputs, mut scores, mut hashes)| {
        assert_eq!(frame.tick, tick.0, "a frame must be simulated at its own tick");
        for event in &frame.events {
            match event.change {
                RosterChange::Leave => roster.seated &= !event.slot.bit(),
                RosterChange::Join => {
                    roster.seated |= event.slot.bit();
                    roster.ever_seated |= event.slot.bit();
                    scores.slots[event.slot.index()] = default();
                    scores.finished &= !event.slot.bit();
                }
            }
        }
        inputs.0 = frame.inputs;
        hashes.0.iter_mut().for_each(|hash| *hash = None);
    });
}

fn end_tick(mut rooms: Rooms<&mut SimTickCount>) {
    rooms.for_each_room(|mut tick| tick.0 = tick.0.plus(1));
}
