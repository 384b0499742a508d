//! Reliable messages from the server to sessions.

use std::cell::OnceCell;

use axum::body::Bytes;
use bevy::prelude::*;
use framehouse_shared::{
    api::ws::{Down, Encoding},
    protocol::{codec, messages::ServerMessage},
};

use super::{
    endpoint::{BoxedEndpoint, ClientId},
    ws,
};

/// Address of a session: an endpoint and a connection on it.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Entity of the endpoint.
    pub endpoint: Entity,
    /// Id of the connection.
    pub client: ClientId,
}

/// A message to one or more sessions, encoded at most once in each encoding.
pub struct Outgoing<'a> {
    message: &'a ServerMessage,
    encoded: OnceCell<Vec<u8>>,
    thin: OnceCell<Option<ThinMessage>>,
}

impl<'a> Outgoing<'a> {
    /// A message that is not encoded yet. An endpoint may use an encoding of its own.
    pub(crate) const fn new(message: &'a ServerMessage) -> Self {
        Self { message, encoded: OnceCell::new(), thin: OnceCell::new() }
    }

    /// The message in the binary wire encoding.
    pub fn encoded(&self) -> &[u8] {
        self.encoded.get_or_init(|| codec::encode(self.message))
    }

    /// The message.
    pub(super) const fn message(&self) -> &ServerMessage {
        self.message
    }

    /// The message as thin clients get it, if it is the same for all of them.
    pub(super) fn thin(&self) -> Option<&ThinMessage> {
        self.thin.get_or_init(|| ws::translate(self.message).map(ThinMessage::new)).as_ref()
    }
}

/// A message to one or more thin clients, encoded at most once in each encoding.
pub struct ThinMessage {
    message: Down,
    may_be_missed: bool,
    json: OnceCell<Bytes>,
    message_pack: OnceCell<Bytes>,
}

impl ThinMessage {
    /// A message that is not encoded yet. A slow reader may miss a frame, because a later one makes up for it.
    pub(crate) const fn new(message: Down) -> Self {
        let may_be_missed = matches!(message, Down::GameFrame(_) | Down::ViewFrame { .. });
        Self { message, may_be_missed, json: OnceCell::new(), message_pack: OnceCell::new() }
    }

    /// A message that no reader may miss.
    pub(crate) const fn kept(message: Down) -> Self {
        Self { message, may_be_missed: false, json: OnceCell::new(), message_pack: OnceCell::new() }
    }

    /// The encoded message.
    pub(super) fn encoded(&self, encoding: Encoding) -> Bytes {
        let cell = match encoding {
            Encoding::Json => &self.json,
            Encoding::MessagePack => &self.message_pack,
        };
        cell.get_or_init(|| encoding.encode(&self.message).into()).clone()
    }

    /// Whether a slow reader may miss it.
    pub(super) const fn may_be_missed(&self) -> bool {
        self.may_be_missed
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

/// Queues one message for several thin sessions, encoded once, to be sent by this tick's `Send`.
pub(crate) fn send_to_thin(
    endpoints: &mut Query<&mut BoxedEndpoint>,
    to: impl IntoIterator<Item = PeerAddress>,
    message: Down,
) {
    let message = ThinMessage::new(message);
    for address in to {
        if let Ok(mut endpoint) = endpoints.get_mut(address.endpoint) {
            endpoint.queue_thin(address.client, &message);
        }
    }
}
