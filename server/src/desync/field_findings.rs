//! The way back from the thread that has found the field.

use std::sync::{
    Mutex,
    mpsc::{self, Receiver, SyncSender},
};

use bevy::prelude::*;
use framehouse_shared::{fields::FieldDifference, protocol::control::ServerMessage, tick::Tick};

use crate::net::outgoing::{self, PeerAddress};

/// Fields that wait to be told, at most: they are fetched in every tick. Of one more the member is not told; the report has it.
const FOUND_MAX: usize = 64;

/// What a member is to be told.
struct FieldFinding {
    member: Entity,
    message: ServerMessage,
}

/// What was found about desyncs and not told yet.
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
    /// Takes the field of a desync of this member when it is found.
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
            // Refused when too many wait, and when the server has stopped.
            let _ = sender.try_send(FieldFinding { member, message });
        }
    }
}

/// Tells members which field of their state differed. Runs in `TickSet::Control`.
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
