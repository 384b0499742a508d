//! Tools that measure, load and attack a Framehouse server, and the code they share.
//!
//! In real time: [`load`] measures a server process, with [`allocations`] also what it allocates, [`scale`] measures how the
//! cost grows, [`bursts`] measures sudden crowds, [`door`] lets strangers attack, [`store_load`] measures the database and
//! [`fleet_load`] a fleet, [`crash`] kills servers, and [`fleet_chaos`] whatever a fleet has. In virtual time: [`curves`], [`soak`], [`swarm`] and
//! [`lifecycles`]. [`model`] is a reference model of a room, [`fuzz`] has the fuzz targets, [`bench`](mod@bench) has the
//! microbenchmarks, [`plots`] draws pictures, and [`replays`] alters recorded matches. [`namespace`] and
//! [`extended_arena`] are parts of several tools.

pub mod allocations;
pub mod bench;
pub mod bursts;
pub mod crash;
pub mod curves;
pub mod door;
pub mod extended_arena;
pub(crate) mod fleet;
pub mod fleet_chaos;
pub mod fleet_load;
pub mod fuzz;
pub mod lifecycles;
pub mod load;
pub mod model;
pub mod namespace;
pub mod plots;
pub mod replays;
pub mod scale;
pub mod short_matches;
pub mod soak;
pub mod store_load;
pub mod swarm;
