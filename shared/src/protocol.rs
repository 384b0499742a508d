//! The wire: what a datagram may look like, unreliable datagrams laid out by hand, control messages by bincode.
//!
//! Everything that comes from the network is hostile: every decoder is bounded, returns a typed error and never panics.

pub mod channel;
pub mod codec;
pub mod control;
pub mod datagram;
pub mod end;
pub mod guard;
pub mod hello;
pub mod reliable;
