//! The network path to a server: a [`Link`] carries datagrams, a [`Connection`] makes a session of them.

mod connection;
mod link;
mod traffic;

pub use connection::{Cause, Connection, End, Status, TokenError};
pub use link::{Link, SimulatedLink, UdpLink};
pub use traffic::Traffic;
