//! Reliable messages from the server to sessions.

use std::cell::OnceCell;

use bevy::prelude::*;
use framehouse_shared::protocol::{codec, messages::ServerMessage};

use super::endpoint::{BoxedEndpoint, ClientId};

/// Address of a session: an endpoint and a connection on it.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Entity of the endpoint.
    pub endpoint: Entity,
    /// Id of the connection.
    pub client: ClientId,
}

/// A message to one or more sessions, encoded at most once.
pub struct Outgoing<'a> {
    message: &'a ServerMessage,
    encoded: OnceCell<Vec<u8>>,
}

impl<'a> Outgoing<'a> {
    /// A message that is not encoded yet. An endpoint may use an encoding of its own.
    pub(crate) const fn new(message: &'a ServerMessage) -> Self {
        Self { message, encoded: OnceCell::new() }
    }

    /// The message in the binary wire encoding.
    pub fn encoded(&self) -> &[u8] {
        self.encoded.get_or_init(|| codec::encode(self.message))
    }
}

/// Queues a message for one session, to be sent by this tick's `Send`.
pub(crate) fn send(world: &mut World, to: PeerAddress, message: &ServerMessage) {
    send_to_all(world, &[to], message);
}

/// Queues one message for several sessions, encoded once, to be sent by this tick's `Send`.
pub(crate) fn send_to_all(world: &mut World, to: &[PeerAddress], message: &ServerMessage) {
    let message = Outgoing::new(message);
    for address in to {
        if let Some(mut endpoint) = world.get_mut::<BoxedEndpoint>(address.endpoint) {
            endpoint.queue_message(address.client, &message);
        }
    }
}
