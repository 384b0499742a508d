//! Life cycle of sessions: opened with a reservation, seated in a room, closed with a reason.

use bevy::prelude::*;
use framehouse_shared::protocol::{
    end::{EndCode, EndReason},
    messages::{REASON_BYTES_MAX, ServerMessage},
};

use super::{
    members,
    who::{Who, log_line},
};
use crate::{
    config::NetSettings,
    counters::Counters,
    net::{
        budget::Rates,
        callers::Callers,
        endpoint::BoxedEndpoint,
        outgoing::{self, PeerAddress},
        session::{Opening, Session, SessionState, Sessions},
        token::TOKEN_SECONDS,
    },
    schedule::{Now, TickRate},
};

/// Seconds a client has to acknowledge its Goodbye.
const CLOSING_SECONDS: u64 = 2;

/// Opens a session that waits for its connection.
pub(crate) fn open(world: &mut World, opening: Opening) -> Entity {
    let now = *world.resource::<Now>();
    let until = now.tick + u64::from(world.resource::<TickRate>().ticks_in(TOKEN_SECONDS * 1000));
    let (rates, settings) = (world.resource::<Rates>(), world.resource::<NetSettings>());
    let (address, caller) = (opening.address, opening.caller);
    let session = Session::new(opening, until, now.elapsed, rates, settings);
    let session = world.spawn(session).id();
    world.resource_mut::<Sessions>().add(address, session);
    world.resource_mut::<Callers>().add(caller, session);
    session
}

/// Notes that a session's player or spectator is in its room.
pub(crate) fn seat(world: &mut World, session: Entity, member: Entity) {
    if let Some(mut session) = world.get_mut::<Session>(session) {
        session.state = SessionState::Seated(member);
    }
}

/// Ends sessions whose connection is gone, and sessions that are to be kicked. A player that lost its connection keeps
/// its seat for the grace period; a kicked player leaves. Runs in `TickSet::Control`, before messages are handled.
pub(crate) fn end_gone_sessions(world: &mut World, sessions: &mut QueryState<(Entity, &mut Session)>) {
    for (session, reason) in sessions_with(world, sessions, |session| session.gone_because()) {
        remove(world, session, reason);
    }
    for (session, why) in sessions_with(world, sessions, Session::take_kick) {
        log_line!(DEBUG, Who::of_session(world, session), reason = ?why, "session kicked");
        world.resource_mut::<Counters>().kicked += 1;
        close(world, session, why);
    }
}

fn sessions_with<T: Ord>(
    world: &mut World,
    sessions: &mut QueryState<(Entity, &mut Session)>,
    reason: fn(&mut Session) -> Option<T>,
) -> Vec<(Entity, T)> {
    let mut found: Vec<_> =
        sessions.iter_mut(world).filter_map(|(entity, mut session)| Some((entity, reason(&mut session)?))).collect();
    found.sort();
    found
}

/// Closes a session: its member leaves now, and the connection ends once the client has acknowledged the reason.
pub(crate) fn close(world: &mut World, session: Entity, reason: impl Into<EndReason>) {
    let reason = reason.into();
    match world.get::<Session>(session).map(|session| session.state) {
        Some(SessionState::Seated(member)) => members::leave(world, member, reason.code),
        Some(SessionState::Reserved { .. } | SessionState::Greeting { .. }) => {
            members::cancel_reservation(world, session);
        }
        Some(SessionState::Closing { .. } | SessionState::Gone) | None => {}
    }
    dismiss(world, session, reason);
}

/// Closes a session as [`close`] does, but keeps its member, which has another session or is gone already.
pub(crate) fn dismiss(world: &mut World, session: Entity, reason: impl Into<EndReason>) {
    let until = world.resource::<Now>().tick + u64::from(world.resource::<TickRate>().ticks_in(CLOSING_SECONDS * 1000));
    let Some(mut data) = world.get_mut::<Session>(session) else { return };
    if let SessionState::Closing { .. } | SessionState::Gone = data.state {
        return;
    }
    data.state = SessionState::Closing { until };
    let address = data.address;
    let EndReason { code, sentence } = reason.into();
    let sentence = shorten(&sentence);
    log_line!(DEBUG, Who::of_session(world, session), reason = ?code, "session closed");
    outgoing::send(world, address, &ServerMessage::Goodbye(EndReason { code, sentence }));
}

/// Tells a client why a request is refused.
pub(crate) fn refuse(world: &mut World, session: Entity, reason: &str) {
    let Some(address) = world.get::<Session>(session).map(|session| session.address) else { return };
    outgoing::send(world, address, &ServerMessage::Refused { reason: shorten(reason) });
}

/// Tells a client in the next tick why a message came to nothing, at most once a second: it may send any number of them.
pub(crate) fn warn(world: &mut World, session: Entity, sentence: &'static str) {
    let now = world.resource::<Now>().elapsed;
    if let Some(mut session) = world.get_mut::<Session>(session) {
        session.warn(sentence, now);
    }
}

/// Cuts a reason to the largest size of a message. It may contain names chosen by other players, and a message that is
/// too long would disconnect its receiver.
fn shorten(reason: &str) -> String {
    reason[..reason.floor_char_boundary(REASON_BYTES_MAX)].to_owned()
}

/// Closes all sessions.
pub(crate) fn close_all(world: &mut World, why: EndCode) {
    let mut sessions: Vec<Entity> = world.query_filtered::<Entity, With<Session>>().iter(world).collect();
    sessions.sort();
    for session in sessions {
        close(world, session, why);
    }
}

/// Removes sessions past their deadline, and closing ones whose client has acknowledged. Runs in `TickSet::Cleanup`.
pub(crate) fn end_expired_sessions(world: &mut World, sessions: &mut QueryState<(Entity, &Session)>) {
    let tick = world.resource::<Now>().tick;
    let mut due: Vec<(Entity, SessionState, PeerAddress)> = sessions
        .iter(world)
        .map(|(entity, session)| (entity, session.state, session.address))
        .filter(|(_, state, _)| !matches!(state, SessionState::Seated(_)))
        .collect();
    due.sort_by_key(|(entity, ..)| *entity);
    for (session, state, address) in due {
        match state {
            SessionState::Reserved { until } if tick >= until => remove(world, session, "it never connected"),
            SessionState::Greeting { until } if tick >= until => close(world, session, EndCode::TookTooLong),
            SessionState::Closing { until } if tick >= until || is_settled(world, address) => {
                remove(world, session, "closed");
            }
            SessionState::Gone => remove(world, session, "gone"),
            _ => {}
        }
    }
}

fn is_settled(world: &World, address: PeerAddress) -> bool {
    let endpoint = world.get::<BoxedEndpoint>(address.endpoint);
    endpoint.is_none_or(|endpoint| endpoint.is_settled(address.client))
}

fn remove(world: &mut World, session: Entity, reason: &'static str) {
    log_line!(DEBUG, Who::of_session(world, session), reason, "session ended");
    match world.get::<Session>(session).map(|session| session.state) {
        Some(SessionState::Seated(member)) if has_left(world, session) => members::leave(world, member, EndCode::Left),
        Some(SessionState::Seated(member)) => members::lose(world, member),
        _ => members::cancel_reservation(world, session),
    }
    forget(world, session);
}

/// Whether the last word of a lost connection was that its member leaves.
fn has_left(world: &World, session: Entity) -> bool {
    world.get::<Session>(session).is_some_and(Session::has_left)
}

/// Removes a session and ends its connection, without telling the client or the member.
pub fn forget(world: &mut World, session: Entity) {
    let Some(data) = world.get::<Session>(session) else { return };
    let (address, caller) = (data.address, data.caller);
    if let Some(mut endpoint) = world.get_mut::<BoxedEndpoint>(address.endpoint) {
        endpoint.close(address.client);
    }
    world.resource_mut::<Sessions>().remove(address);
    world.resource_mut::<Callers>().remove(caller, session);
    world.despawn(session);
}
