//! Command line of `load`.

use std::net::Ipv4Addr;

use clap::{Parser, value_parser};

/// Starts a server, loads it with clients over loopback, and reports its cost.
///
/// Ends with 1 and a sentence on a desync, a game message out of order, or a failed client.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
pub struct Args {
    /// Rooms of thin clients, which do not simulate. In every tick half of the inputs change.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=2000))]
    pub rooms: u32,
    /// Players in each room.
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u32).range(2..=16))]
    pub players: u32,
    /// Ticks per second of the server.
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u16).range(10..=120))]
    pub tick_rate: u16,
    /// Seconds of measurement, after all clients play.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(2..=3600))]
    pub seconds: u32,
    /// Real clients that simulate, predict and compare hashes, in rooms of their own; rounded up to whole rooms.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=64))]
    pub real: u32,
    /// Game messages that every client sends per second; at most 400 over UDP.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=10_000))]
    pub messages: u32,
    /// Clients over WebSockets in place of UDP, half of them with JSON and half with MessagePack.
    #[arg(long,
        conflicts_with_all = ["real", "economy", "connects_per_s", "processes", "together", "announce", "watched", "beyond", "allocations"])]
    pub ws: bool,
    /// With --ws: clients of each room that read nothing.
    #[arg(long, default_value_t = 0, requires = "ws", value_parser = value_parser!(u32).range(0..=15))]
    pub slow: u32,
    /// With --ws: readers of each room that send messages.
    #[arg(long, default_value_t = 16, requires = "ws", value_parser = value_parser!(u32).range(1..=16))]
    pub talkers: u32,
    /// Make rooms in economy mode: inputs and frames are sent in every second tick.
    #[arg(long)]
    pub economy: bool,
    /// Further clients that take a seat, connect and leave per second, in as many seconds again after the measurement.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=5000))]
    pub connects_per_s: u32,
    /// Addresses of the clients: 127.0.0.2 and the next ones; 1 is 127.0.0.1.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=250))]
    pub addresses: u32,
    /// Load processes that drive the clients together.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=32))]
    pub processes: u32,
    /// Let all rooms start their first match at the same moment, and report how long that takes. At most 15 players a room.
    #[arg(long)]
    pub together: bool,
    /// In the middle of the measurement, let one client of every room send a message at the same moment, and report when
    /// the last client has it.
    #[arg(long)]
    pub announce: bool,
    /// In the second half of the measurement, load the metrics, the status page and the list of rooms once a second, and
    /// report the ticks of both halves.
    #[arg(long, conflicts_with = "announce")]
    pub watched: bool,
    /// Add rooms in steps of --rooms, each measured for --seconds, until a limit is met, and then up to this many times as
    /// many at once. Reports the limit, and whether those who play are disturbed.
    #[arg(long, value_name = "FACTOR", value_parser = factor,
        conflicts_with_all = ["real", "messages", "connects_per_s", "together", "announce", "watched", "allocations"])]
    pub beyond: Option<f64>,
    /// Count the server's allocations, by a server with another allocator; its processor time includes the counting.
    #[arg(long)]
    pub allocations: bool,
    /// Print one line of JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// The server that a further load process loads.
    #[arg(long, hide = true)]
    pub server: Option<String>,
    /// Number of a load process.
    #[arg(long, hide = true, default_value_t = 0)]
    pub share: u32,
}

impl Args {
    /// Rooms of real clients.
    pub const fn real_rooms(&self) -> u32 {
        self.real.div_ceil(self.players)
    }

    /// All rooms.
    pub const fn all_rooms(&self) -> u32 {
        self.rooms + self.real_rooms()
    }

    /// Checks what clap cannot.
    ///
    /// # Errors
    /// A sentence, if two arguments do not fit.
    pub fn check(&self) -> Result<(), String> {
        if self.together && self.players == 16 {
            return Err("rooms that wait for each other need a free seat: use --players 15 with --together".to_owned());
        }
        if !self.ws && self.messages > 400 {
            return Err("a client over UDP sends at most 400 messages a second: use --ws for more".to_owned());
        }
        Ok(())
    }

    /// All clients that play.
    pub const fn clients(&self) -> u32 {
        self.all_rooms() * self.players
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| *factor > 1.0 && *factor <= 10.0);
    factor.ok_or_else(|| "a number above 1, up to 10".to_owned())
}

/// The address of client or room `number`, if there are so many.
pub fn source_address(number: u32, addresses: u32) -> Ipv4Addr {
    let host = if addresses == 1 { 1 } else { 2 + number % addresses };
    Ipv4Addr::from(Ipv4Addr::new(127, 0, 0, 0).to_bits() + host)
}
