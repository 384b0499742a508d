//! Reliable messages to sessions.

use bevy::prelude::*;
use framehouse_shared::protocol::{codec, control::ControlDown};

use super::lane::{ClientId, Lane};

/// Where a session's bytes go.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// The lane's entity.
    pub lane: Entity,
    /// The connection on it.
    pub client: ClientId,
}

/// Queues a message for one session; it leaves with this tick's `Send`.
pub fn send(world: &mut World, to: PeerAddress, message: &ControlDown) {
    send_encoded(world, to, &codec::encode(message));
}

/// Queues one message for many sessions, encoded once.
pub fn send_to_all(world: &mut World, to: &[PeerAddress], message: &ControlDown) {
    let bytes = codec::encode(message);
    for address in to {
        send_encoded(world, *address, &bytes);
    }
}

fn send_encoded(world: &mut World, to: PeerAddress, bytes: &[u8]) {
    if let Some(mut lane) = world.get_mut::<Lane>(to.lane) {
        lane.queue_reliable(to.client, bytes);
    }
}
