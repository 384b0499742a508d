//! Reliable messages to sessions.

use std::cell::OnceCell;

use bevy::prelude::*;
use framehouse_shared::protocol::{codec, control::ServerMessage};

use super::endpoint::{BoxedEndpoint, ClientId};

/// Where a session's messages go.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// The endpoint's entity.
    pub endpoint: Entity,
    /// The connection on it.
    pub client: ClientId,
}

/// A message to any number of sessions, encoded once for all of them.
pub struct Outgoing<'a> {
    message: &'a ServerMessage,
    encoded: OnceCell<Vec<u8>>,
}

impl<'a> Outgoing<'a> {
    /// A message that is not encoded yet: an endpoint does that in its own way.
    pub(crate) const fn new(message: &'a ServerMessage) -> Self {
        Self { message, encoded: OnceCell::new() }
    }

    /// The message in the wire's binary encoding.
    pub fn encoded(&self) -> &[u8] {
        self.encoded.get_or_init(|| codec::encode(self.message))
    }
}

/// Queues a message for one session; it leaves with this tick's `Send`.
pub(crate) fn send(world: &mut World, to: PeerAddress, message: &ServerMessage) {
    send_to_all(world, &[to], message);
}

/// Queues one message for many sessions, encoded once; it leaves with this tick's `Send`.
pub(crate) fn send_to_all(world: &mut World, to: &[PeerAddress], message: &ServerMessage) {
    let message = Outgoing::new(message);
    for address in to {
        if let Some(mut endpoint) = world.get_mut::<BoxedEndpoint>(address.endpoint) {
            endpoint.queue_message(address.client, &message);
        }
    }
}
