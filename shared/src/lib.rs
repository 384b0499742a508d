//! What the Framehouse server and client share: the deterministic simulation, the game rules and the wire protocol.
//!
//! Nothing in this crate knows a socket, a thread, a clock or a file: time, bytes and text come in as parameters.
//! Start with [`game`], the seam between the engine and a game.

// The derive names this crate from outside, and its own components use it, too.
extern crate self as framehouse_shared;

pub mod api;
pub mod fields;
pub mod game;
pub mod ids;
pub mod input;
pub mod match_end;
pub mod net_sim;
pub mod protocol;
pub mod replay;
pub mod rng;
pub mod room_state;
pub mod score;
pub mod sim;
pub mod simulation;
pub mod state_hash;
mod state_value;
pub mod tick;

#[cfg(test)]
mod test_game;
