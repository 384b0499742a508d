//! Input of one player for one tick, and the closed frame with the inputs of a whole room.

use arrayvec::ArrayVec;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot},
    tick::Tick,
};

/// Size of one input, in bytes.
pub const INPUT_BYTES: usize = 8;
/// Maximum number of join and leave events in one frame: every player leaves and every seat is taken again.
pub const ROSTER_EVENTS_MAX: usize = 2 * SLOTS_MAX;
/// Maximum number of commands in one frame; later ones wait for the next tick.
pub const COMMANDS_MAX: usize = 8;
/// Maximum size of one command, in bytes.
pub const COMMAND_BYTES_MAX: usize = 64;

/// Payload of one command: opaque to the engine, interpreted by the game.
pub type CommandBytes = ArrayVec<u8, COMMAND_BYTES_MAX>;

/// Input of one player for one tick: opaque to the engine, interpreted by the game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Input(pub [u8; INPUT_BYTES]);

impl Input {
    /// All zeros: the input of an empty seat and of a player whose inputs have long been missing.
    pub const NEUTRAL: Self = Self([0; INPUT_BYTES]);
}

/// A join or a leave, in the frame of the tick in which it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RosterEvent {
    /// The change. Leaves sort before joins, so that a seat is freed before it is taken.
    pub change: RosterChange,
    /// The seat.
    pub slot: Slot,
}

/// Change of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RosterChange {
    /// The player leaves the seat.
    Leave,
    /// A player takes the seat.
    Join,
}

/// A reliable game message in a total order, applied by the simulation at a given tick.
///
/// The server puts it into the frame of one tick, and every simulation of the match applies it in that tick. The bytes
/// come from a client and the engine does not check them: a game must accept any bytes and ignore what it does not
/// understand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Seat of the sender, a participant of the match.
    pub slot: Slot,
    /// Payload, at most [`COMMAND_BYTES_MAX`] bytes.
    pub bytes: CommandBytes,
}

/// Fresh random bits of the server in a frame, mixed into the room's [`SimRng`](crate::rng::SimRng) at the start of the
/// tick. Nobody can know the numbers that are drawn from then on before the frame has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entropy(pub u32);

/// A closed tick: everything that the simulation of this tick may depend on.
///
/// On the server `room/inputs.rs` fills it in `TickSet::Commit`; a client fills it from a confirmed or predicted frame.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Tick that the inputs belong to.
    pub tick: Tick,
    /// Inputs by slot; empty seats are neutral.
    pub inputs: [Input; SLOTS_MAX],
    /// Joins and leaves that take effect at the start of this tick, sorted.
    pub events: ArrayVec<RosterEvent, ROSTER_EVENTS_MAX>,
    /// Commands in their total order, at most [`COMMANDS_MAX`].
    pub commands: Vec<Command>,
    /// Random bits of the server; in the frame of about one tick a second. A predicted frame has none. A game must not
    /// read them: they reach it through the room's [`SimRng`](crate::rng::SimRng), and only numbers drawn there undo a
    /// prediction that was made without them.
    pub entropy: Option<Entropy>,
}
