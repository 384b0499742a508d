//! From the endpoints' events to the sessions, players and rooms that they concern.

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::protocol::{
    datagram::{Inputs, Ping, Pong},
    end::EndCode,
};

use crate::{
    config::NetSettings,
    counters::Counters,
    net::{
        budget::ErrorKind,
        endpoint::{BoxedEndpoint, ClientEvent, ClientId},
        session::{Session, SessionState, Sessions},
    },
    room::{
        InRoom,
        clock::RoomClock,
        inputs::{InputBuffer, SyncState},
    },
    tick::{Now, Receive, ReceiveSet, TickRate},
};

/// Events for which memory is kept between two calls of `Receive`: a flood must not leave it behind.
const EVENTS_KEPT_MAX: usize = 1024;

/// Takes events from endpoints.
pub(crate) struct IngestPlugin;

impl Plugin for IngestPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Receive, ingest_events.in_set(ReceiveSet::Ingest));
    }
}

/// What a client's inputs and pings are about.
#[derive(SystemParam)]
struct Rooms<'w, 's> {
    now: Res<'w, Now>,
    rate: Res<'w, TickRate>,
    clocks: Query<'w, 's, &'static RoomClock>,
    members: Query<'w, 's, (&'static InRoom, Option<&'static mut InputBuffer>, &'static mut SyncState)>,
}

/// Takes every endpoint's events apart: inputs to players, pings back, messages to sessions. Runs in `ReceiveSet::Ingest`.
fn ingest_events(
    mut rooms: Rooms,
    settings: Res<NetSettings>,
    index: Res<Sessions>,
    mut counters: ResMut<Counters>,
    mut endpoints: Query<&mut BoxedEndpoint>,
    mut sessions: Query<&mut Session>,
    mut events: Local<Vec<(ClientId, ClientEvent)>>,
) {
    for mut endpoint in &mut endpoints {
        endpoint.drain(&mut events);
        for (client, event) in events.drain(..) {
            let Some(mut session) = index.of(client).and_then(|entity| sessions.get_mut(entity).ok()) else {
                // A token whose reservation has run out: there is no seat any more.
                endpoint.close(client);
                continue;
            };
            session.heard_at = rooms.now.elapsed;
            match take_event(&mut rooms, &settings, &mut endpoint, &mut session, event) {
                // Only what was understood makes up for what was not.
                Some(true) => session.note_success(ErrorKind::InvalidInput),
                Some(false) => {
                    counters.invalid_messages += 1;
                    session.note_error(ErrorKind::InvalidInput, rooms.now.elapsed);
                }
                None => {}
            }
        }
        events.shrink_to(EVENTS_KEPT_MAX);
    }
}

/// Says whether something that the client sent was understood; nothing for events of the connection itself.
fn take_event(
    rooms: &mut Rooms,
    settings: &NetSettings,
    endpoint: &mut BoxedEndpoint,
    session: &mut Session,
    event: ClientEvent,
) -> Option<bool> {
    let now = rooms.now.elapsed;
    match event {
        ClientEvent::Connected => session.connected(&rooms.now, *rooms.rate, settings.handshake_timeout),
        ClientEvent::Disconnected(reason) => session.mark_gone(reason),
        ClientEvent::OverBudget => session.kick(EndCode::SentTooMuch),
        ClientEvent::Malformed => session.note_error(ErrorKind::Network, now),
        ClientEvent::Unreadable => return Some(false),
        ClientEvent::Inputs(inputs) => return Some(rooms.take_inputs(session, &inputs).is_some()),
        ClientEvent::Ping(ping) => {
            endpoint.answer_ping(session.address.client, &rooms.pong(session, &ping));
            return Some(true);
        }
        ClientEvent::Message(message) => {
            session.keep(message, now);
            return Some(true);
        }
    }
    None
}

impl Rooms<'_, '_> {
    fn take_inputs(&mut self, session: &Session, inputs: &Inputs) -> Option<()> {
        // Inputs may overtake the Hello on their way: they are early, not wrong.
        let SessionState::Seated(member) = session.state else { return Some(()) };
        let (room, buffer, mut sync) = self.members.get_mut(member).ok()?;
        let clock = self.clocks.get(room.0).ok()?;
        if clock.match_low() == inputs.match_low {
            sync.note(inputs);
            // A spectator has none.
            if let Some(mut buffer) = buffer {
                buffer.take(inputs, clock, self.now.elapsed, *self.rate);
            }
        }
        Some(())
    }

    fn pong(&self, session: &Session, ping: &Ping) -> Pong {
        let clock = self.clocks.get(session.room).ok();
        let room_time = clock.and_then(|clock| clock.room_time(self.now.elapsed, *self.rate));
        Pong { nonce: ping.nonce, room_time }
    }
}
