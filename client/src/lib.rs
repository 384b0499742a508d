//! The Framehouse client without a window: a predicting net core, and load bots that run hundreds of it.
//!
//! Start with [`client`]: what a session does, in order. It stands on [`net`] (datagrams to messages), [`clock`] (what
//! time it is in the room) and [`prediction`] (running ahead, rolling back). [`connect`] gets the token it begins with,
//! [`rejoin`] says when to get another one after a lost connection, [`rooms`] lists what there is to join, and
//! [`playback`] shows a recorded match, from the folder of [`replays`]; it and going back in a running match stand on
//! [`timeline`].

pub mod bots;
pub mod client;
pub mod clock;
pub mod connect;
pub mod net;
pub mod playback;
pub mod prediction;
pub mod rejoin;
pub mod replays;
pub mod rooms;
pub mod stats;
pub mod timeline;

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod test_game;
