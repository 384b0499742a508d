//! The Framehouse server: collects every player's input for a tick, closes the tick on time, simulates it, and sends
//! everybody the inputs. It draws nothing and knows no game: a game is a plugin of [`framehouse_shared::sim`].
//!
//! Read [`tick`] first: it holds the order of everything.

pub mod cleanup;
pub mod config;
mod control;
pub mod counters;
mod desync;
mod histogram;
mod ingest;
mod match_end;
pub mod net;
pub mod ops;
pub mod replay;
pub mod results;
pub mod room;
pub mod runner;
pub mod server;
mod start;
pub mod tick;

pub use start::run;
