//! The way to a server: a [`Link`] carries datagrams, a [`Connection`] makes them a session.

mod connection;
mod link;
mod traffic;

pub use connection::{Cause, Connection, End, Status, TokenError};
pub use link::{Link, SimulatedLink, UdpLink};
pub use traffic::Traffic;
