//! Wire protocol: validation of datagrams, unreliable datagrams in a hand-written format, reliable messages in bincode.
//!
//! All received bytes are untrusted: every decoder is bounded, returns a typed error and never panics.

pub mod channel;
pub mod codec;
pub mod datagram;
pub mod end;
pub mod guard;
pub mod hello;
pub mod messages;
pub mod reliable;
