//! From the lanes' inboxes to whom it concerns.

use bevy::prelude::*;
use framehouse_shared::protocol::{
    control::ControlUp,
    end::EndCode,
    hot::{self, Inputs, Ping, Pong},
};

use super::{
    budget::ErrorKind,
    lane::{ClientId, Inbound, Lane},
    session::{self, Session, SessionState, Sessions},
};
use crate::{
    config::NetSettings,
    counters::Counters,
    room::{
        InRoom,
        clock::RoomClock,
        inputs::{InputBuffer, SyncState},
    },
    tick::{Now, TickRate},
};

type MemberQuery<'w, 's> = Query<'w, 's, (&'static InRoom, Option<&'static mut InputBuffer>, &'static mut SyncState)>;

/// Takes every lane's inbox apart: inputs to players, pings back, control messages to sessions. Runs in
/// `ReceiveSet::Route`.
pub fn route_inboxes(
    now: Res<Now>,
    rate: Res<TickRate>,
    settings: Res<NetSettings>,
    index: Res<Sessions>,
    mut counters: ResMut<Counters>,
    mut lanes: Query<&mut Lane>,
    mut sessions: Query<&mut Session>,
    mut members: MemberQuery,
    rooms: Query<&RoomClock>,
) {
    for mut lane in &mut lanes {
        for inbound in lane.drain_inbox() {
            let client = match &inbound {
                Inbound::Connected(client) | Inbound::Disconnected(client, _) => *client,
                Inbound::Malformed(client) | Inbound::OverBudget(client) => *client,
                Inbound::Hot(client, _) | Inbound::Control(client, _) => *client,
            };
            let Some(mut session) = index.of(client).and_then(|entity| sessions.get_mut(entity).ok()) else {
                // A token whose reservation has run out: there is no seat any more.
                lane.close(client);
                continue;
            };
            session.heard_at = now.elapsed;
            // Only what was understood makes up for what was not.
            let understood = match inbound {
                Inbound::Connected(_) => {
                    session.connected(&now, *rate, settings.handshake_timeout);
                    continue;
                }
                Inbound::Disconnected(_, reason) => {
                    session::mark_gone(&mut session, reason);
                    continue;
                }
                Inbound::OverBudget(_) => {
                    session.kick(EndCode::SentTooMuch);
                    continue;
                }
                Inbound::Malformed(_) => {
                    session.note_error(ErrorKind::Network, now.elapsed);
                    continue;
                }
                Inbound::Control(_, bytes) => {
                    ControlUp::decode(&bytes).map(|message| session.keep(message, now.elapsed)).is_ok()
                }
                Inbound::Hot(client, bytes) => {
                    take_hot(&now, *rate, &session, &mut lane, &mut members, &rooms, client, &bytes).is_some()
                }
            };
            if understood {
                session.note_success(ErrorKind::InvalidInput);
            } else {
                counters.invalid_messages += 1;
                session.note_error(ErrorKind::InvalidInput, now.elapsed);
            }
        }
    }
}

fn take_hot(
    now: &Now,
    rate: TickRate,
    session: &Session,
    lane: &mut Lane,
    members: &mut MemberQuery,
    rooms: &Query<&RoomClock>,
    client: ClientId,
    bytes: &[u8],
) -> Option<()> {
    match *bytes.first()? {
        hot::TAG_INPUTS => {
            let message = Inputs::decode(bytes).ok()?;
            // Inputs may overtake the Hello on their way: they are early, not wrong.
            let SessionState::Seated(member) = session.state else { return Some(()) };
            let (room, buffer, mut sync) = members.get_mut(member).ok()?;
            let clock = rooms.get(room.0).ok()?;
            if clock.match_low() == message.match_low {
                sync.note(&message);
                // A spectator has none.
                if let Some(mut buffer) = buffer {
                    buffer.take(&message, clock, now.elapsed, rate);
                }
            }
            Some(())
        }
        hot::TAG_PING => {
            let ping = Ping::decode(bytes).ok()?;
            let clock = rooms.get(session.room).ok();
            let room_time = clock.and_then(|clock| clock.room_time(now.elapsed, rate));
            let mut payload = Vec::with_capacity(16);
            Pong { nonce: ping.nonce, room_time }.encode(&mut payload);
            lane.send_hot_now(client, &payload);
            Some(())
        }
        _ => None,
    }
}
