//! The engine's part of the simulation: the schedule [`SimTick`], its steps, and the engine's components of a room.
//!
//! A [game](crate::game) reads inputs, joins, leaves and commands of the tick from the room's [`Frame`], the tick's
//! number from [`SimTickCount`], its length from [`SimRate`] and the taken seats from [`Roster`]. Every random number
//! comes from the room's [`SimRng`], into which the engine mixes fresh bits of the server once a second. The game writes the [`Scoreboard`] in [`SimSet::Score`].
//!
//! Systems in `SimTick` use no clock, no thread, no `Local`, no message and no `HashMap` iteration: a room's state
//! depends only on rules, seed, tick rate, and the frames by tick: roster events, inputs, commands and entropy.

use std::sync::atomic::{AtomicBool, Ordering};

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
    guarded::guarded,
    ids::{RoomId, SLOTS_MAX, SlotMask},
    input::{Frame, Input, RosterChange},
    rng::SimRng,
    room_state::{AddRoomState, RoomState},
    score::Scoreboard,
    tick::{SimRate, Tick},
};

/// Schedule that advances every stepping room by one tick.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SimTick;

/// Steps of [`SimTick`], in order. `Begin` and `End` are the engine's.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimSet {
    /// The engine updates the roster from joins and leaves, and stores the inputs.
    Begin,
    /// The game applies roster events, commands and inputs. Physics bodies may only be added or removed here.
    Apply,
    /// The game moves its objects.
    Move,
    /// The game detects and resolves collisions.
    Collide,
    /// The game writes the [`Scoreboard`].
    Score,
    /// The engine counts the tick.
    End,
}

/// One file of a game's folder of rules, read by the server or the client program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameFile {
    /// Path inside the game's folder, with `/` as the separator: `rules.ron`, `maps/basin.ron`.
    pub path: String,
    /// Content of the file.
    pub text: String,
}

/// Reason why an operator's game files were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GameFileError {
    /// A required file does not exist.
    #[error("{0} is missing")]
    Missing(String),
    /// The text does not parse.
    #[error("{path}:{line}:{column}: {message}")]
    Syntax {
        /// Path inside the game's folder.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Description of the error.
        message: String,
    },
    /// A value is out of its range.
    #[error("{path}: {message}")]
    Value {
        /// Path inside the game's folder.
        path: String,
        /// Name of the value and its allowed range.
        message: String,
    },
    /// The game panicked; this is a bug in the game.
    #[error("the game failed to read its files: this is a bug in the game, please report it")]
    Panicked,
}

/// Parameters of a new match, apart from the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchSetup {
    /// Seed of the room's [`SimRng`], drawn by the server.
    pub seed: u64,
    /// Name of the map: one of [`Game::maps`], or empty for a game without maps.
    pub map: String,
    /// Number of seats in the room.
    pub seats: u8,
    /// Tick rate of the room.
    pub rate: SimRate,
}

/// Marker of a room that [`SimTick`] advances.
#[derive(Component, Debug)]
pub struct SimRoom {
    /// Id of the room, for logs.
    pub id: RoomId,
    /// Whether the room is stepped in this tick: its frame is closed.
    pub stepping: bool,
    faulted: AtomicBool,
}

impl SimRoom {
    /// Creates a room that is not stepped yet.
    pub fn new(id: RoomId) -> Self {
        Self { id, stepping: false, faulted: AtomicBool::new(false) }
    }

    /// Whether a system panicked in this room. A faulted room is skipped until it is closed.
    pub fn is_faulted(&self) -> bool {
        self.faulted.load(Ordering::Relaxed)
    }

    /// Runs `work` for this room alone: a panic faults the room and goes no further.
    pub fn isolate(&self, work: impl FnOnce()) {
        if self.is_faulted() {
            return;
        }
        if guarded(work).is_err() {
            self.note_fault();
        }
    }

    /// Marks the room as faulted after a panic.
    pub fn note_fault(&self) {
        self.faulted.store(true, Ordering::Relaxed);
        tracing::error!(room = %self.id, "something panicked in this room: it is skipped and will be closed");
    }
}

/// Number of rooms from which light work is shared between threads: waking them costs about 20 us a system.
const PARALLEL_ROOMS_MIN: usize = 512;
/// Number of rooms from which work of several microseconds a room is shared between threads.
const PARALLEL_ROOMS_HEAVY_MIN: usize = 8;

/// System parameter that visits every stepping room: the only access to rooms in [`SimTick`].
///
/// Rooms are visited in parallel where that pays. A panic stays inside the room where it happened.
#[derive(SystemParam)]
pub struct Rooms<'w, 's, D: QueryData + 'static> {
    rooms: Query<'w, 's, (&'static SimRoom, D)>,
}

impl<D: IterQueryData + 'static> Rooms<'_, '_, D> {
    /// Runs `work` once for every stepping room that has the components of the query. Rooms are independent, so the
    /// order of the visits has no effect.
    ///
    /// For work of up to a microsecond a room; use [`for_each_room_heavy`](Self::for_each_room_heavy) for physics.
    pub fn for_each_room(&mut self, work: impl Fn(D::Item<'_, '_>) + Send + Sync) {
        self.visit(PARALLEL_ROOMS_MIN, work);
    }

    /// Runs `work` as [`for_each_room`](Self::for_each_room) does, for work of several microseconds a room: it is
    /// shared between threads from 8 rooms on.
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

/// Next tick to simulate: 0 before the match's first tick, N + 1 after tick N.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct SimTickCount(#[room_state(name = "next")] pub Tick);

/// Taken seats. Joins and leaves arrive with the frame of the tick in which they take effect.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Roster {
    /// Slots that are taken now.
    #[room_state(mask)]
    pub seated: SlotMask,
    /// Slots that were ever taken in this match: those that have a score.
    #[room_state(mask)]
    pub ever_seated: SlotMask,
}

/// Inputs of the previous tick. A frame on the wire is the difference to them; a missing input repeats them.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct LastInputs(#[room_state(name = "input")] pub [Input; SLOTS_MAX]);

/// Number of the engine's components in a room's state; they are registered before the game's.
pub const ENGINE_STATES: usize = 5;

/// Plugin with the simulation of a game: the engine's part, then the game's.
pub struct SimPlugin(GameHandle);

impl SimPlugin {
    /// Creates the plugin for this game.
    pub fn new(game: impl Game) -> Self {
        Self(GameHandle::new(game))
    }
}

impl Plugin for SimPlugin {
    fn build(&self, app: &mut App) {
        let mut schedule = Schedule::new(SimTick);
        // 25 small systems take 5 us one after the other, and 50-170 us in the multi-threaded executor.
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.set_build_settings(ScheduleBuildSettings { ambiguity_detection: LogLevel::Error, ..default() });
        app.add_schedule(schedule);
        use SimSet::*;
        app.configure_sets(SimTick, (Begin, Apply, Move, Collide, Score, End).chain());
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
    room.insert((
        setup.rate,
        SimTickCount::default(),
        Roster::default(),
        LastInputs::default(),
        SimRng::new(setup.seed),
        Scoreboard::default(),
        Frame::default(),
    ));
    game.open_match(room, setup);
}

type BeginItem = (
    (&'static Frame, &'static SimTickCount),
    &'static mut Roster,
    &'static mut LastInputs,
    &'static mut SimRng,
    &'static mut Scoreboard,
);

fn begin_tick(mut rooms: Rooms<BeginItem>) {
    rooms.for_each_room(|((frame, tick), mut roster, mut inputs, mut rng, mut scores)| {
        assert_eq!(frame.tick, tick.0, "a frame must be simulated at its own tick");
        if let Some(entropy) = frame.entropy {
            rng.mix(entropy);
        }
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
    });
}

fn end_tick(mut rooms: Rooms<&mut SimTickCount>) {
    rooms.for_each_room(|mut tick| tick.0 = tick.0.plus(1));
}
