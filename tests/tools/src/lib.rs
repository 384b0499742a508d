//! Programs that measure, load and attack a Framehouse server, and what they share.
//!
//! [`load`] measures a server process in real time, [`bursts`] what sudden crowds do, and [`crash`] kills one. [`curves`],
//! [`soak`], [`swarm`] and [`lifecycles`] run in virtual time; [`model`] is what a room has to do whatever its members do.
//! [`fuzz`] is what the fuzzers call, and [`replays`] alters recorded matches.

pub mod bursts;
pub mod crash;
pub mod curves;
pub mod fuzz;
pub mod lifecycles;
pub mod load;
pub mod model;
pub mod replays;
pub mod short_matches;
pub mod soak;
pub mod swarm;
