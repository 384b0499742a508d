//! One player's input for one tick, and the closed frame that the whole room runs on.

use arrayvec::ArrayVec;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot},
    tick::Tick,
};

/// The bytes of one input.
pub const INPUT_BYTES: usize = 8;
/// The most join and leave events one frame can carry: everyone leaves and everyone is replaced.
pub const ROSTER_EVENTS_MAX: usize = 2 * SLOTS_MAX;
/// The most commands one frame can carry; later ones wait for the next tick.
pub const COMMANDS_MAX: usize = 8;
/// The most bytes in one command.
pub const COMMAND_BYTES_MAX: usize = 64;

/// The payload of one command: opaque to the engine, typed by the game at the edge.
pub type CommandBytes = ArrayVec<u8, COMMAND_BYTES_MAX>;

/// One player's input for one tick: opaque to the engine, typed by the game at the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Input(pub [u8; INPUT_BYTES]);

impl Input {
    /// No key held, no edge: what an empty seat and a player long silent send.
    pub const NEUTRAL: Self = Self([0; INPUT_BYTES]);
}

/// Who came and who went, in the tick it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RosterEvent {
    /// What happened. Leaves sort before joins: a seat is freed before it is taken.
    pub change: RosterChange,
    /// The seat it happened to.
    pub slot: Slot,
}

/// What happened to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RosterChange {
    /// Its player is gone.
    Leave,
    /// A player takes it.
    Join,
}

/// A reliable, totally ordered game message that takes effect at a named tick.
///
/// The server closes it into the frame of one tick, so that every simulation of the match applies it there. The bytes come
/// from a client and are checked by nobody else: a game has to take any bytes, and ignores what makes no sense to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The sender's seat; the sender takes part in the match.
    pub slot: Slot,
    /// The game's bytes, at most [`COMMAND_BYTES_MAX`].
    pub bytes: CommandBytes,
}

/// A closed tick: everything that the simulation of this tick may depend on.
///
/// On the server `room/inputs.rs` fills it in `TickSet::Commit`; a client fills it from a confirmed or predicted frame.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The tick these inputs belong to.
    pub tick: Tick,
    /// The inputs by slot; empty seats are neutral.
    pub inputs: [Input; SLOTS_MAX],
    /// Joins and leaves that take effect at the start of this tick, sorted.
    pub events: ArrayVec<RosterEvent, ROSTER_EVENTS_MAX>,
    /// Commands in their total order, at most [`COMMANDS_MAX`].
    pub commands: Vec<Command>,
}
