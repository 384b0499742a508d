//! Messages of thin clients as events.

use framehouse_shared::{
    api::ws::Up,
    ids::Slot,
    input::{COMMAND_BYTES_MAX, Input},
    protocol::{
        datagram::Ping,
        messages::{
            CHAT_BYTES_MAX, ClientMessage, GAME_MESSAGE_BYTES_MAX, HostCommand, MAP_NAME_BYTES_MAX, RoomOptions,
        },
    },
    tick::Tick,
};

use crate::net::endpoint::{ClientEvent, ThinRequest};

/// The event of a message inside a room; `None` if a value is out of its range, or the message belongs elsewhere.
pub(super) fn event_of(message: Up) -> Option<ClientEvent> {
    Some(match message {
        // The socket's task handles both while it has no session.
        Up::Auth { .. } | Up::JoinRoom(_) => return None,
        Up::Input { frame_id, input_data } => {
            let input = Input(input_data.0.try_into().ok()?);
            ClientEvent::Thin(ThinRequest::Input(frame_id.map(Tick), input))
        }
        Up::Command { data } => {
            let is_sane = (1..=COMMAND_BYTES_MAX).contains(&data.0.len());
            ClientEvent::Thin(ThinRequest::Command(is_sane.then(|| data.0.into_iter().collect())?))
        }
        Up::GetFrames { first } => ClientEvent::Thin(ThinRequest::Frames(Tick(first))),
        Up::GetSnapshot => ClientEvent::Thin(ThinRequest::Snapshot),
        Up::Ping { seq } => ClientEvent::Ping(Ping { nonce: seq }),
        Up::LeaveRoom => ClientEvent::Message(ClientMessage::Leave),
        Up::Ready { ready } => ClientEvent::Message(ClientMessage::Ready(ready)),
        Up::Message { data } => {
            let is_sane = (1..=GAME_MESSAGE_BYTES_MAX).contains(&data.0.len());
            ClientEvent::Message(ClientMessage::GameMessage(is_sane.then_some(data.0)?))
        }
        Up::Chat { text } => {
            let is_sane = (1..=CHAT_BYTES_MAX).contains(&text.len());
            ClientEvent::Message(ClientMessage::Chat(is_sane.then_some(text)?))
        }
        Up::GiveUp => ClientEvent::Message(ClientMessage::GiveUp),
        Up::Vote { agrees } => ClientEvent::Message(ClientMessage::Vote(agrees)),
        Up::Start => host(HostCommand::Start),
        Up::Abort => host(HostCommand::Abort),
        Up::Kick { slot } => host(HostCommand::Kick(Slot::new(slot)?)),
        Up::HandOver { slot } => host(HostCommand::HandOver(Slot::new(slot)?)),
        Up::Configure { seats, private, economy, map } => {
            let is_sane = map.as_ref().is_none_or(|map| map.len() <= MAP_NAME_BYTES_MAX);
            host(HostCommand::Configure(is_sane.then_some(RoomOptions { seats, private, economy, map })?))
        }
        Up::CloseRoom => host(HostCommand::Close),
    })
}

const fn host(command: HostCommand) -> ClientEvent {
    ClientEvent::Message(ClientMessage::Host(command))
}
