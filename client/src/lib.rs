//! The Framehouse client without a window: a predicting net core, and load bots that run hundreds of it.
//!
//! The net core has no threads and no clock; the caller passes in the time. Here the game's own bot plays for a minute:
//!
//! ```no_run
//! use std::{
//!     error::Error,
//!     thread,
//!     time::{Duration, Instant},
//! };
//!
//! use framehouse_client::{
//!     client::{Client, ClientConfig, Notice},
//!     connect::{RoomRequest, SessionRequest, request_session},
//!     net::{Connection, UdpLink},
//! };
//! use framehouse_shared::{game::Game, rng::SimRng};
//!
//! fn play_for_a_minute(game: impl Game + Clone, server_url: &str) -> Result<(), Box<dyn Error>> {
//!     let config = ClientConfig::of(game);
//!     let request = SessionRequest {
//!         name: "Ada".to_owned(),
//!         room: RoomRequest::Quick {},
//!         resume: None, player_secret: None,
//!         hello: Some(config.hello.clone()),
//!     };
//!     let grant = request_session(server_url, &request)?;
//!     let link = UdpLink::connect(Connection::server_address(&grant.token)?)?;
//!
//!     let start = Instant::now();
//!     let mut client = Client::new(&grant.token, Box::new(link), &config, start.elapsed())?;
//!     let mut rng = SimRng::new(1);
//!     while client.ended().is_none() {
//!         client.update(start.elapsed(), &mut |request| request.bot_input(&mut rng));
//!         if client.drain_notices().any(|notice| matches!(notice, Notice::Welcomed)) {
//!             client.set_ready(true);
//!         }
//!         if start.elapsed() > Duration::from_secs(60) && !client.is_leaving() {
//!             client.leave();
//!         }
//!         thread::sleep(Duration::from_millis(10));
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Modules in reading order:
//!
//! * [`client`]: a session from the welcome to its end; it uses [`net`] (datagrams to messages), [`clock`] (the room's
//!   time) and [`prediction`] (prediction and rollback)
//! * [`connect`]: requests the connect token over HTTP; [`reconnect_backoff`]: when to request a new one after a lost connection;
//!   [`rooms`]: lists a server's rooms and maps, reports players; [`records`]: its leaderboards, players and their matches
//! * [`timeline`]: simulates a match again for a view; [`playback`]: a replay as a timeline; [`replays`]: the folder of
//!   replay files
//! * [`stats`]: measurements; [`bots`]: the load bot program as a library

pub mod bots;
pub mod client;
pub mod clock;
pub mod connect;
pub mod net;
pub mod playback;
pub mod prediction;
pub mod program;
pub mod reconnect_backoff;
pub mod records;
pub mod replays;
pub mod rooms;
pub mod stats;
pub mod timeline;

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod test_game;
