//! Tests a Framehouse game: a whole server and many clients in one process.
//!
//! [`world::World`] joins them in virtual time with the seeded links of [`link`]: real netcode, real renet, real
//! simulation, no socket and no sleep. [`check`] looks at the server after every step. [`live`] is a server of this process
//! with real sockets, for whatever has to be tested in real time.

pub mod check;
pub mod link;
pub mod live;
pub mod world;
