//! The seam: the engine knows no game, and a game knows no network.
//!
//! A game is a Bevy plugin that
//! 1. inserts [`GameInfo`],
//! 2. adds its systems to the [`SimTick`] schedule, in [`SimSet::Apply`], [`SimSet::Move`], [`SimSet::Collide`] and
//!    [`SimSet::Score`], as `fn(Rooms<(..components..)>)`,
//! 3. registers every component of the Room entity that is authoritative state with
//!    [`add_room_state`](crate::room_state::AddRoomState::add_room_state), and says with
//!    [`list_fields`](crate::room_state::AddRoomState::list_fields), if it likes, what desync reports can name in it,
//! 4. writes the [`Scoreboard`] in `SimSet::Score`.
//!
//! It reads this tick's inputs, joins, leaves and commands from the room's [`Frame`], the tick from [`SimTickCount`], who
//! is seated from [`Roster`], and draws every random number from the room's [`SimRng`].
//!
//! Inside `SimTick` there is no clock, no thread, no `Local`, no message and no `HashMap` iteration: a room's state
//! depends only on (rules, seed, roster events by tick, inputs by tick).

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
    fields::FieldList,
    ids::{RoomId, SLOTS_MAX, Slot, SlotMask},
    input::{CommandBytes, Frame, Input, RosterChange},
    rng::SimRng,
    room_state::{AddRoomState, RoomStates},
    score::Scoreboard,
    state_hash::{StateHash, StateHasher, StateHashes},
    tick::Tick,
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

/// What the engine needs to know of a game.
#[derive(Resource, Clone)]
pub struct GameInfo {
    /// The game's short name, also the name of its folder of rules.
    pub id: &'static str,
    /// Raised with every change that makes the same inputs give another result.
    pub rules_version: u32,
    /// The most players a room of this game can have.
    pub players_max: u8,
    /// What a player sends whose input did not arrive: the held state goes on, edges are cleared.
    pub missing_input: fn(Input) -> Input,
    /// The names of the maps a match can be played on; may be empty.
    pub maps: fn(&World) -> Vec<String>,
    /// Inserts the game's components of the state before tick 0.
    pub open_match: fn(&mut EntityWorldMut, &MatchSetup),
    /// The game's own bot: the next input of `slot`, from what a player could see and the input it gave last, which may lie
    /// ahead of what is seen.
    pub bot_input: fn(EntityRef, Slot, Input, &mut SimRng) -> Input,
    /// The command that the game's own bot sends in a tick, if any: asked for once a tick, apart from its input.
    pub bot_command: fn(EntityRef, Slot, &mut SimRng) -> Option<CommandBytes>,
    /// Replaces the embedded rules by an operator's files; on an error the old rules stay.
    pub load_rules: fn(&mut World, &[GameFile]) -> Result<(), GameFileError>,
    /// Where things are seen, for a client that measures by how much its predictions were wrong.
    pub view: Option<ViewInfo>,
}

/// Where a view shows what belongs to a slot. No part of the simulation: only clients' statistics come of it.
#[derive(Clone, Copy, Debug)]
pub struct ViewInfo {
    /// The place, in units of the game; nothing while nothing is shown.
    pub place: fn(EntityRef, Slot) -> Option<Vec2>,
    /// The shortest jump that somebody would notice, in the same units.
    pub noticed: f32,
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
}

/// What a match begins from, beside the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchSetup {
    /// The seed of the room's [`SimRng`], drawn by the server.
    pub seed: u64,
    /// One of [`GameInfo::maps`], or empty for a game without maps.
    pub map: String,
    /// How many seats the room has.
    pub seats: u8,
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
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimTickCount(pub Tick);

/// Who is seated, as the simulation knows it: joins and leaves arrive with the frame of the tick they take effect in.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The occupied slots.
    pub seated: SlotMask,
    /// Every slot that was ever occupied in this match: whoever has a score.
    pub ever_seated: SlotMask,
}

/// The inputs of the tick before: what a frame on the wire is a difference to, and what a missing input repeats.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastInputs(pub [Input; SLOTS_MAX]);

impl Roster {
    fn list_fields(&self, list: &mut FieldList) {
        for slot in Slot::all() {
            list.add(slot, "seated", self.seated & slot.bit() != 0);
            list.add(slot, "ever_seated", self.ever_seated & slot.bit() != 0);
        }
    }
}

impl LastInputs {
    fn list_fields(&self, list: &mut FieldList) {
        Slot::all().for_each(|slot| list.add(slot, "input", self.0[slot.index()].0));
    }
}

impl StateHash for SimTickCount {
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u32(self.0.0);
    }
}

impl StateHash for Roster {
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u16(self.seated);
        hasher.u16(self.ever_seated);
    }
}

impl StateHash for LastInputs {
    fn state_hash(&self, hasher: &mut StateHasher) {
        for input in &self.0 {
            hasher.bytes(&input.0);
        }
    }
}

/// How many components of a room's state are the engine's: they are registered before the game's.
pub const ENGINE_STATES: usize = 5;

/// The engine's own part of the simulation. A game's plugin is added after it.
pub struct SimPlugin;

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
            .list_fields(Roster::clone, Roster::list_fields)
            .list_fields(LastInputs::clone, LastInputs::list_fields)
            .list_fields(SimRng::clone, SimRng::list_fields)
            .list_fields(Scoreboard::clone, Scoreboard::list_fields);
    }
}

/// Inserts the state before tick 0: the engine's components, then the game's.
pub fn open_match(room: &mut EntityWorldMut, setup: &MatchSetup) {
    let game = room.world().resource::<GameInfo>().clone();
    let components = room.world().resource::<RoomStates>().count();
    room.insert((
        SimTickCount::default(),
        Roster::default(),
        LastInputs::default(),
        SimRng::new(setup.seed),
        Scoreboard::default(),
        Frame::default(),
        StateHashes(std::iter::repeat_n(None, components).collect()),
    ));
    (game.open_match)(room, setup);
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
