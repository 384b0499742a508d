//! Command line of `load`.

use clap::{Parser, value_parser};

/// Players in each room.
pub const ROOM_PLAYERS: u32 = 4;

/// Starts a server, loads it with clients over loopback, and reports its cost.
///
/// Ends with 1 and a sentence on a desync, a game message out of order, or a failed client.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
pub struct Args {
    /// Rooms of four thin clients, which do not simulate. In every tick two of four inputs change.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=2000))]
    pub rooms: u32,
    /// Seconds of measurement, after all clients play.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(2..=3600))]
    pub seconds: u32,
    /// Real clients that simulate, predict and compare hashes, in rooms of four of their own; rounded up to whole rooms.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=64))]
    pub real: u32,
    /// Game messages that every client sends per second.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=400))]
    pub messages: u32,
    /// Make rooms in economy mode: inputs and frames are sent in every second tick.
    #[arg(long)]
    pub economy: bool,
    /// Print one line of JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// Rooms of real clients.
    pub const fn real_rooms(&self) -> u32 {
        self.real.div_ceil(ROOM_PLAYERS)
    }

    /// All rooms.
    pub const fn all_rooms(&self) -> u32 {
        self.rooms + self.real_rooms()
    }

    /// All clients.
    pub const fn clients(&self) -> u32 {
        self.all_rooms() * ROOM_PLAYERS
    }
}
