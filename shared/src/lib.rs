//! Engine code that a Framehouse server and its clients share: deterministic simulation, wire protocol, replays.
//!
//! A game implements [`game::Game`]. The server and every client run the same systems on the same inputs, so that both
//! have the same state, bit for bit:
//!
//! ```
//! use bevy::prelude::*;
//! use framehouse_shared::{
//!     game::Game,
//!     input::{Frame, Input},
//!     sim::MatchSetup,
//!     simulation::Simulation,
//!     tick::{SimRate, Tick},
//! };
//!
//! /// A game without rules. The example in the module `game` has some.
//! struct Empty;
//!
//! impl Game for Empty {
//!     fn id(&self) -> &'static str {
//!         "empty"
//!     }
//!     fn build(&self, _: &mut App) {}
//!     fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}
//! }
//!
//! let [server, client] = [(), ()].map(|()| {
//!     let mut simulation = Simulation::new(Empty);
//!     simulation.open(&MatchSetup { seed: 7, map: String::new(), seats: 2, rate: SimRate::DEFAULT });
//!     let mut frame = Frame { tick: Tick(0), ..default() };
//!     frame.inputs[1] = Input([0, 0, 0, 0, 0, 0, 0, 1]);
//!     simulation.step(&frame);
//!     simulation.hashes()
//! });
//! assert_eq!(server, client);
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`game`] | the interface between engine and game, with a complete game as its example |
//! | [`sim`], [`room_state`], [`rng`], [`score`] | what the systems of a game use |
//! | [`simulation`] | one room on its own, without a server |
//! | [`protocol`], [`api`] | datagrams and messages; HTTP bodies and WebSocket messages |
//! | [`web_view`] | what browsers show of a room |
//! | [`replay`] | the file format of recorded matches |
//! | [`net_sim`] | simulated delay, jitter and loss |
//!
//! This crate uses no socket, thread, clock or file: time, bytes and text are parameters.

// `derive(RoomState)` names this crate by its path from outside; components in this crate use the derive, too.
extern crate self as framehouse_shared;

pub mod api;
pub mod date;
pub mod fields;
pub mod game;
pub mod guarded;
pub mod ids;
pub mod input;
pub mod late_entropy;
pub mod match_end;
pub mod net_sim;
pub mod observation;
pub mod protocol;
pub mod replay;
pub mod rng;
pub mod room_state;
pub mod score;
pub mod sim;
pub mod simulation;
pub mod state_hash;
mod state_value;
pub mod text;
pub mod tick;
pub mod web_view;

#[cfg(test)]
mod test_game;
