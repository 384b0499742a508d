//! Field findings: the first different field of a desync, from the replay thread back to the member.

use std::sync::{
    Mutex,
    mpsc::{self, Receiver, SyncSender},
};

use bevy::prelude::*;
use framehouse_shared::{fields::FieldDifference, protocol::messages::ServerMessage, tick::Tick};

use crate::net::outgoing::{self, PeerAddress};

/// Maximum number of findings that wait for the next tick. More are not sent to the members, but are in the reports.
const FOUND_MAX: usize = 64;

/// A message about a desync to a member.
struct FieldFinding {
    member: Entity,
    message: ServerMessage,
}

/// Queue of field findings from the replay thread.
#[derive(Resource)]
pub struct FieldFindings {
    sender: SyncSender<FieldFinding>,
    found: Mutex<Receiver<FieldFinding>>,
}

impl Default for FieldFindings {
    fn default() -> Self {
        let (sender, found) = mpsc::sync_channel(FOUND_MAX);
        Self { sender, found: Mutex::new(found) }
    }
}

impl FieldFindings {
    /// A callback that sends the field of this member's desync, once it is found.
    pub fn callback(
        &self,
        member: Entity,
        match_no: u32,
        tick: Tick,
        component: &str,
    ) -> impl FnOnce(FieldDifference) + Send + use<> {
        let (sender, component) = (self.sender.clone(), component.to_owned());
        move |field| {
            let message = ServerMessage::Desync { match_no, tick, component, field: Some(field) };
            // Fails if too many findings wait, or the server has stopped.
            let _ = sender.try_send(FieldFinding { member, message });
        }
    }
}

/// Sends members which field of their state differed. Runs in `TickSet::Control`.
pub(crate) fn send_field_findings(world: &mut World) {
    let found = world.resource::<FieldFindings>().found.lock().expect("nothing panics while holding this lock");
    let traced: Vec<FieldFinding> = found.try_iter().collect();
    drop(found);
    for FieldFinding { member, message } in traced {
        if let Some(address) = world.get::<PeerAddress>(member).copied() {
            outgoing::send(world, address, &message);
        }
    }
}
