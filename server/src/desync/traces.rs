//! The way back from the thread that has found the field.

use std::sync::{
    Mutex,
    mpsc::{self, Receiver, SyncSender},
};

use bevy::prelude::*;
use framehouse_shared::{fields::FieldDifference, protocol::control::ControlDown, tick::Tick};

use crate::net::outgoing::{self, PeerAddress};

/// Fields that wait to be told, at most: they are fetched in every tick. Of one more the member is not told; the report has it.
const FOUND_MAX: usize = 64;

/// What a member is to be told.
struct Traced {
    member: Entity,
    message: ControlDown,
}

/// What was found about desyncs and not told yet.
#[derive(Resource)]
pub struct Traces {
    sender: SyncSender<Traced>,
    found: Mutex<Receiver<Traced>>,
}

impl Default for Traces {
    fn default() -> Self {
        let (sender, found) = mpsc::sync_channel(FOUND_MAX);
        Self { sender, found: Mutex::new(found) }
    }
}

impl Traces {
    /// Takes the field of a desync of this member when it is found.
    pub fn teller(
        &self,
        member: Entity,
        match_no: u32,
        tick: Tick,
        component: &str,
    ) -> impl FnOnce(FieldDifference) + Send + use<> {
        let (sender, component) = (self.sender.clone(), component.to_owned());
        move |field| {
            let message = ControlDown::Desync { match_no, tick, component, field: Some(field) };
            // Refused when too many wait, and when the server has stopped.
            let _ = sender.try_send(Traced { member, message });
        }
    }
}

/// Tells members which field of their state differed. Runs in `TickSet::Control`.
pub(crate) fn tell_traced(world: &mut World) {
    let found = world.resource::<Traces>().found.lock().expect("nothing panics while holding this lock");
    let traced: Vec<Traced> = found.try_iter().collect();
    drop(found);
    for Traced { member, message } in traced {
        if let Some(address) = world.get::<PeerAddress>(member).copied() {
            outgoing::send(world, address, &message);
        }
    }
}
