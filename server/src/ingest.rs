//! Routing of endpoint events to the sessions, players and rooms they belong to.

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::protocol::{
    datagram::{Inputs, Ping, Pong},
    end::EndCode,
    messages::ClientMessage,
};

use crate::{
    config::NetSettings,
    counters::Counters,
    net::{
        budget::ErrorKind,
        endpoint::{BoxedEndpoint, ClientEvent, ClientId, ThinRequest},
        session::{Session, SessionState, Sessions},
    },
    room::{
        InRoom, ThinClient,
        clock::RoomClock,
        inputs::{InputBuffer, SyncState},
    },
    schedule::{Now, Receive, ReceiveSet, TickRate},
};

/// Capacity kept in the event queue between two runs, in events. A flood must not leave its memory behind.
const EVENTS_KEPT_MAX: usize = 1024;

/// Routes events from endpoints, in `ReceiveSet::Ingest`.
pub(crate) struct IngestPlugin;

impl Plugin for IngestPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Receive, ingest_events.in_set(ReceiveSet::Ingest));
    }
}

/// The room data that inputs and pings are applied to.
#[derive(SystemParam)]
struct Rooms<'w, 's> {
    now: Res<'w, Now>,
    rate: Res<'w, TickRate>,
    counters: ResMut<'w, Counters>,
    clocks: Query<'w, 's, &'static RoomClock>,
    members: Query<'w, 's, MemberData>,
}

type MemberData =
    (&'static InRoom, Option<&'static mut InputBuffer>, &'static mut SyncState, Option<&'static mut ThinClient>);

/// Routes all events of all endpoints: inputs to players, messages to sessions, pongs back. Runs in
/// `ReceiveSet::Ingest`.
fn ingest_events(
    mut rooms: Rooms,
    settings: Res<NetSettings>,
    index: Res<Sessions>,
    mut endpoints: Query<&mut BoxedEndpoint>,
    mut sessions: Query<&mut Session>,
    mut events: Local<Vec<(ClientId, ClientEvent)>>,
) {
    for mut endpoint in &mut endpoints {
        endpoint.drain(&mut events);
        for (client, event) in events.drain(..) {
            let Some(mut session) = index.of(client).and_then(|entity| sessions.get_mut(entity).ok()) else {
                // The reservation of its token has expired: there is no seat for it.
                endpoint.close(client);
                continue;
            };
            session.heard_at = rooms.now.elapsed;
            let taken = take_event(&mut rooms, &settings, &mut endpoint, &mut session, event);
            rooms.counters.invalid_messages += u64::from(taken.is_err());
        }
        events.shrink_to(EVENTS_KEPT_MAX);
    }
}

/// A message of a client was invalid.
struct InvalidMessage;

/// Handles one event. Errors are counted in the session.
fn take_event(
    rooms: &mut Rooms,
    settings: &NetSettings,
    endpoint: &mut BoxedEndpoint,
    session: &mut Session,
    event: ClientEvent,
) -> Result<(), InvalidMessage> {
    let now = rooms.now.elapsed;
    match event {
        ClientEvent::Connected => session.connected(&rooms.now, *rooms.rate, settings.handshake_timeout_s),
        ClientEvent::Disconnected(reason) => session.mark_gone(reason),
        ClientEvent::OverBudget => session.kick(EndCode::SentTooMuch),
        ClientEvent::Malformed => session.note_error(ErrorKind::Network, now),
        ClientEvent::Unreadable => {
            session.note_unreadable(now);
            return Err(InvalidMessage);
        }
        ClientEvent::Inputs(inputs) => {
            if rooms.take_inputs(session, &inputs).is_none() {
                session.note_error(ErrorKind::InvalidInput, now);
                return Err(InvalidMessage);
            }
        }
        ClientEvent::Ping(ping) => endpoint.answer_ping(session.address.client, &rooms.pong(session, &ping)),
        ClientEvent::Message(message) => session.keep(message, now),
        ClientEvent::Thin(request) => {
            if let Some(message) = rooms.take_thin(session, request) {
                session.keep(message, now);
            }
        }
    }
    Ok(())
}

impl Rooms<'_, '_> {
    fn take_inputs(&mut self, session: &Session, inputs: &Inputs) -> Option<()> {
        // Inputs may overtake the Hello: they are early, not invalid.
        let SessionState::Seated(member) = session.state else { return Some(()) };
        let (room, buffer, mut sync, _) = self.members.get_mut(member).ok()?;
        let clock = self.clocks.get(room.0).ok()?;
        if clock.match_low() == inputs.match_low {
            sync.note(inputs, &self.now, *self.rate);
            // A spectator has no input buffer.
            if let Some(mut buffer) = buffer {
                let late = buffer.take(inputs, clock, self.now.elapsed, *self.rate);
                self.counters.inputs_late += u64::from(late);
            }
        }
        Some(())
    }

    /// Handles a request of a thin client, or returns it as a message for the next tick.
    fn take_thin(&mut self, session: &Session, request: ThinRequest) -> Option<ClientMessage> {
        let SessionState::Seated(member) = session.state else { return None };
        let (room, buffer, _, thin) = self.members.get_mut(member).ok()?;
        let clock = self.clocks.get(room.0).ok()?;
        let (match_no, tick) = (clock.match_no(), clock.next_tick());
        match request {
            ThinRequest::Input(tick, input) => {
                let late = buffer?.take_thin(tick, input, clock, self.now.elapsed, *self.rate);
                self.counters.inputs_late += u64::from(late);
                None
            }
            ThinRequest::Command(bytes) => Some(ClientMessage::Command { match_no, tick, bytes }),
            ThinRequest::Frames(first) => Some(ClientMessage::WantFrames { match_no, first }),
            ThinRequest::Snapshot => {
                thin?.want_snapshot();
                None
            }
        }
    }

    fn pong(&self, session: &Session, ping: &Ping) -> Pong {
        let clock = self.clocks.get(session.room).ok();
        let room_time = clock.and_then(|clock| clock.room_time(self.now.elapsed, *self.rate));
        Pong { nonce: ping.nonce, room_time }
    }
}
