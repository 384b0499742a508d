//! The Framehouse server: an authoritative frame-sync server for any game.
//!
//! In every tick the server collects the inputs of all players, closes the tick on time, simulates it, and sends the
//! inputs to all clients, which simulate the same tick. The server draws nothing and knows no game: a game implements
//! [`Game`](framehouse_shared::game::Game).
//!
//! A program is one line, `fn main() -> ExitCode { framehouse_server::run(MyGame) }`: [`run`] reads the command line,
//! binds the sockets, and ticks until SIGTERM. [`Server`](server::Server) is the same server without a clock: its
//! caller passes the time. Tests run it in virtual time:
//!
//! ```
//! use std::{net::Ipv4Addr, time::Duration};
//!
//! use bevy::prelude::*;
//! use framehouse_server::{
//!     config::{CleanupSettings, NetSettings, RoomSettings},
//!     net::{
//!         endpoint::ClientKind,
//!         udp::{UdpDatagrams, UdpEndpoint, UdpSettings},
//!     },
//!     room::directory::{JoinRequest, JoinTarget},
//!     server::{Server, ServerSetup},
//!     schedule::TickRate,
//! };
//! use framehouse_shared::{
//!     game::Game,
//!     input::Frame,
//!     score::Scoreboard,
//!     sim::{MatchSetup, Rooms, SimSet, SimTick},
//!     tick::{SimRate, Tick},
//! };
//!
//! /// A game without rules: every match is over after ten seconds.
//! #[derive(Clone)]
//! struct Wait;
//!
//! impl Game for Wait {
//!     fn id(&self) -> &'static str {
//!         "wait"
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_systems(SimTick, end_match.in_set(SimSet::Score));
//!     }
//!
//!     fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}
//! }
//!
//! fn end_match(mut rooms: Rooms<(&Frame, &SimRate, &mut Scoreboard)>) {
//!     rooms.for_each_room(|(frame, rate, mut scores)| scores.over = frame.tick >= Tick(rate.ticks(10.0)));
//! }
//!
//! // One UDP endpoint on a free port.
//! let (tick_rate, net, unix_base) = (TickRate(30), NetSettings::default(), Duration::from_secs(1_800_000_000));
//! let socket = UdpDatagrams::bind("127.0.0.1:0".parse()?)?;
//! let address = socket.local_address();
//! let endpoint = UdpEndpoint::new(Box::new(socket), address, UdpSettings::new(tick_rate, &net), unix_base);
//!
//! let mut server = Server::new(Wait, ServerSetup {
//!     tick_rate,
//!     rooms: RoomSettings::default(),
//!     cleanup: CleanupSettings::default(),
//!     net,
//!     endpoints: vec![Box::new(endpoint)],
//!     unix_base,
//!     game_files: Vec::new(),
//!     seed: Some(1),
//! })?;
//!
//! // One second in virtual time. In the first tick a player asks for a seat.
//! for tick in 1..=30 {
//!     let now = tick_rate.time_of(Tick(tick));
//!     server.receive(now);
//!     if tick == 1 {
//!         let (name, caller) = ("Ada".to_owned(), Ipv4Addr::LOCALHOST.into());
//!         let (target, kind) = (JoinTarget::Quick, ClientKind::Simulating);
//!         let request = JoinRequest { name, target, secret: None, rating: None, hello: None, caller, kind };
//!         let grant = server.join(&request)?;
//!         assert_eq!(grant.server, address);
//!     }
//!     server.tick(now, now);
//! }
//! assert_eq!(server.sessions(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Read [`schedule`] first: it has the schedules and steps in running order.

pub mod address;
pub mod cleanup;
pub mod config;
pub mod control;
pub mod counters;
mod desync;
pub mod disk;
mod dispatch;
pub mod error_streak;
pub mod features;
pub mod fleet;
pub mod heartbeat;
mod histogram;
pub mod identity;
mod ingest;
pub mod key;
pub mod manager;
mod match_end;
pub mod net;
pub mod ops;
pub mod replay;
pub mod results;
pub mod room;
pub mod schedule;
pub mod server;
mod start;
pub mod store;
pub mod threads;
pub mod tick_load;
pub mod tick_loop;

pub use start::{command, run, run_with_hints};
