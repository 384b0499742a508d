//! Field findings: the first different field of a desync, from the replay thread back to the member.

use bevy::prelude::*;
use framehouse_shared::{fields::FieldDifference, protocol::messages::ServerMessage, tick::Tick};

use super::mailbox::Mailbox;
use crate::net::outgoing::{self, PeerAddress};

/// A message about a desync to a member.
pub struct FieldFinding {
    member: Entity,
    message: ServerMessage,
}

/// A callback that sends the field of this member's desync, once it is found.
pub fn callback(
    world: &World,
    member: Entity,
    match_no: u32,
    tick: Tick,
    component: &str,
) -> impl FnOnce(FieldDifference) + Send + use<> {
    let (answer, component) = (world.resource::<Mailbox<FieldFinding>>().answer(), component.to_owned());
    move |field| {
        let message = ServerMessage::Desync { match_no, tick, component, field: Some(field) };
        answer(FieldFinding { member, message });
    }
}

/// Sends members which field of their state differed. Runs in `TickSet::Control`.
pub(crate) fn send_field_findings(world: &mut World) {
    for FieldFinding { member, message } in world.resource::<Mailbox<FieldFinding>>().take() {
        if let Some(address) = world.get::<PeerAddress>(member).copied() {
            outgoing::send(world, address, &message);
        }
    }
}
