//! The machinery of the integration tests: a whole server and many clients in one process and in virtual time.
//!
//! [`world::World`] joins them with the seeded links of [`link`]: real netcode, real renet, real simulation, no socket and
//! no sleep. [`tiny`] is a second game that keeps the engine honest; [`check`] looks at the server after every step;
//! [`fuzz`] is what the fuzzers call, [`load`] measures a server process in real time, and [`crash`] kills one.
//! [`live`] is a server of this process with real sockets, and [`desk`] a window on it that nobody has to look at.

pub mod desk;
pub mod golden;
