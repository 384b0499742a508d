//! Members of a room: arrival, state changes and leaving.

use bevy::prelude::*;
use framehouse_shared::{
    ids::PlayerId,
    protocol::{
        end::EndCode,
        messages::{Member, Phase, PlayerState, RoomEvent, ServerMessage, Welcome},
    },
    text::tell_apart,
};

use super::{
    InRoom, Members, OPERATOR, Player, Room, Spectator, ThinClient, abort_vote, announce,
    bans::{self, Identity},
    by_slot,
    cleanup_queue::{CleanupQueue, CleanupRequest},
    clock::RoomClock,
    drain, host,
    inputs::{InputBuffer, SyncState},
    lobby, note_activity,
    phase::{self, RoomPhase},
    presence::{self, Presence, ResumeIndex},
    reservations::Reservations,
    score::{ScoreBuffer, curves, leaderboard},
    sessions, spectators,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    net::{
        callers::Callers,
        endpoint::ClientKind,
        outgoing::{self, PeerAddress},
        session::{Purpose, Session, SessionState},
    },
    schedule::TickRate,
};

/// Lets the thin clients that have connected into their rooms: they have no versions to compare. Runs in
/// `TickSet::Control`, before messages are handled.
pub(crate) fn let_thin_clients_in(world: &mut World, sessions: &mut QueryState<(Entity, &Session)>) {
    let is_waiting =
        |session: &Session| session.kind.is_thin() && matches!(session.state, SessionState::Greeting { .. });
    let waiting = sessions.iter(world).filter(|(_, session)| is_waiting(session));
    let mut waiting: Vec<Entity> = waiting.map(|(entity, _)| entity).collect();
    waiting.sort();
    for session in waiting {
        arrive(world, session);
    }
}

/// Lets a session that has sent its Hello into its room, as its token says: to play, watch or resume.
pub fn arrive(world: &mut World, session: Entity) {
    match world.get::<Session>(session).map(|session| session.purpose) {
        Some(Purpose::Play) => take_seat(world, session),
        Some(Purpose::Watch) => watch(world, session),
        Some(Purpose::Resume(player)) => presence::resume(world, session, player),
        None => {}
    }
    // A seat may come back with a client of another kind.
    let Some((kind, SessionState::Seated(member))) =
        world.get::<Session>(session).map(|session| (session.kind, session.state))
    else {
        return;
    };
    match kind {
        ClientKind::Simulating => world.entity_mut(member).remove::<ThinClient>(),
        ClientKind::Thin { view } => world.entity_mut(member).insert(ThinClient::new(view)),
    };
}

fn take_seat(world: &mut World, session_entity: Entity) {
    let Some(data) = world.get::<Session>(session_entity) else { return };
    let (room, id, address, secret) = (data.room, data.player, data.address, data.secret);
    let account = data.account;
    let (name, identity) = (name_in(world, room, &data.name), Identity::new(data.caller, &data.name));
    let seats = world.get::<Reservations>(room).filter(|_| world.get::<Room>(room).is_some());
    let Some(slot) = seats.and_then(|seats| seats.reserved(session_entity)) else {
        return sessions::close(world, session_entity, drain::why_room_is_gone(world));
    };
    // The host may have sent the person away after its seat was reserved.
    if bans::is_banned(world, room, &identity) {
        return sessions::close(world, session_entity, EndCode::Kicked);
    }
    let runs = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    let state = if runs { PlayerState::Loading } else { PlayerState::Idle };
    announce(world, room, RoomEvent::Joined(Member { player: id, slot, name: name.clone(), state }));
    let presence = Presence::Here(session_entity);
    let player = Player { id, account, name, slot, state, presence, secret, identity, returning: None };
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    let buffers =
        (InputBuffer::default(), SyncState { snapshot_due: runs, ..default() }, ScoreBuffer::of_match(match_no));
    let player = world.spawn((player, InRoom(room), buffers)).id();
    if let Some(mut seats) = world.get_mut::<Reservations>(room) {
        seats.take(slot, player);
    }
    world.resource_mut::<ResumeIndex>().add(secret, player);
    if let Some(mut phase) = world.get_mut::<RoomPhase>(room) {
        phase.note_arrival();
    }
    // Before it has an address, so that it does not get the events that its Welcome already includes.
    host::appoint_if_none(world, room);
    world.entity_mut(player).insert(address);
    sessions::seat(world, session_entity, player);
    log_line!(INFO, Who::of_member(world, player), "player joined");
    note_activity(world, player);
    welcome(world, room, player, address);
}

fn watch(world: &mut World, session_entity: Entity) {
    let Some(data) = world.get::<Session>(session_entity) else { return };
    let (room, id, address) = (data.room, data.player, data.address);
    let (name, identity) = (name_in(world, room, &data.name), Identity::new(data.caller, &data.name));
    if world.get::<Room>(room).is_none() {
        return sessions::close(world, session_entity, drain::why_room_is_gone(world));
    }
    if bans::is_banned(world, room, &identity) {
        return sessions::close(world, session_entity, EndCode::Kicked);
    }
    if spectators(world, room) >= usize::from(world.resource::<RoomSettings>().spectators_max) {
        return sessions::close(world, session_entity, EndCode::SpectatorsFull);
    }
    let snapshot_due = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    let count = spectators(world, room) as u8 + 1;
    announce(world, room, RoomEvent::Spectators { count });
    let spectator = Spectator { id, name, session: session_entity };
    let sync = SyncState { snapshot_due, ..default() };
    let spectator = world.spawn((spectator, InRoom(room), address, sync)).id();
    sessions::seat(world, session_entity, spectator);
    log_line!(INFO, Who::of_member(world, spectator), "spectator joined");
    note_activity(world, spectator);
    welcome(world, room, spectator, address);
}

/// The name of a new member: a look-alike of another one, or of the operator, gets a number.
fn name_in(world: &World, room: Entity, name: &str) -> String {
    let members = Members::entities(world.get::<Members>(room)).iter();
    tell_apart(name, members.filter_map(|member| name_of(world, *member)).chain([OPERATOR]))
}

fn name_of(world: &World, member: Entity) -> Option<&str> {
    let of_player = world.get::<Player>(member).map(|player| player.name.as_str());
    of_player.or_else(|| world.get::<Spectator>(member).map(|spectator| spectator.name.as_str()))
}

/// Sends a member its Welcome: the state of the room at the number of its next event.
pub fn welcome(world: &mut World, room: Entity, member: Entity, address: PeerAddress) {
    let Some(message) = welcome_message(world, room, member) else { return };
    outgoing::send(world, address, &ServerMessage::Welcome(Box::new(message)));
    leaderboard::send_newest(world, room, address);
    phase::send_results(world, room, address);
    drain::tell(world, address);
}

fn welcome_message(world: &World, room: Entity, member: Entity) -> Option<Welcome> {
    let data = world.get::<Room>(room)?;
    let player = world.get::<Player>(member);
    let members = by_slot(world, room).into_iter().filter_map(|player| world.get::<Player>(player)).map(as_member);
    Some(Welcome {
        room: data.id,
        code: data.code,
        options: data.options.clone(),
        tick_rate: world.resource::<TickRate>().0,
        player: player.map(|player| player.id).or_else(|| Some(world.get::<Spectator>(member)?.id))?,
        slot: player.map(|player| player.slot),
        members: members.collect(),
        host: host::slot(world, room),
        spectators: spectators(world, room) as u8,
        phase: world.get::<RoomPhase>(room)?.to_newcomer(),
        next_msg_id: data.next_msg_id(),
        starts_in: lobby::starts_in(world, room),
        vote: abort_vote::to_wire(world, room),
    })
}

fn as_member(player: &Player) -> Member {
    Member { player: player.id, slot: player.slot, name: player.name.clone(), state: player.shown_state() }
}

/// Removes a member from its room and frees its seat. Ending its session is up to the caller.
pub fn leave(world: &mut World, member: Entity, why: EndCode) {
    let Some(room) = world.get::<InRoom>(member).map(|room| room.0) else { return };
    log_line!(INFO, Who::of_member(world, member), reason = ?why, "{} left", kind_of(world, member));
    if let Some(player) = world.get::<Player>(member) {
        let (slot, secret, caller) = (player.slot, player.secret, player.identity.caller());
        if let Some(mut seats) = world.get_mut::<Reservations>(room) {
            seats.release(member);
        }
        world.resource_mut::<ResumeIndex>().remove(secret);
        world.resource_mut::<Callers>().remove(caller, member);
        leave_buffers(world, room, member);
        announce(world, room, RoomEvent::Left { slot, code: why });
        abort_vote::note_leaving(world, room, slot, false);
        host::pass_on(world, room);
    } else {
        leave_buffers(world, room, member);
        let count = spectators(world, room) as u8;
        announce(world, room, RoomEvent::Spectators { count });
    }
}

fn kind_of(world: &World, member: Entity) -> &'static str {
    if world.get::<Spectator>(member).is_some() { "spectator" } else { "player" }
}

/// Turns a member's entity into one that only holds buffers, for the cleanup.
fn leave_buffers(world: &mut World, room: Entity, member: Entity) {
    let player = player_id(world, member);
    curves::keep(world, room, member);
    world.entity_mut(member).remove::<(Player, Spectator, InRoom, PeerAddress)>();
    world.resource_mut::<CleanupQueue>().push(CleanupRequest::Member { room, target: member, player });
}

/// Id of a player or spectator.
fn player_id(world: &World, member: Entity) -> Option<PlayerId> {
    let player = world.get::<Player>(member).map(|player| player.id);
    player.or_else(|| world.get::<Spectator>(member).map(|spectator| spectator.id))
}

/// Session of a player or spectator; `None` for a disconnected player.
pub(crate) fn session_of(world: &World, member: Entity) -> Option<Entity> {
    let of_player = world.get::<Player>(member).and_then(|player| player.presence.session());
    of_player.or_else(|| world.get::<Spectator>(member).map(|spectator| spectator.session))
}

/// Removes a player, connected or not. A connected one is told the reason.
pub(crate) fn send_away(world: &mut World, player: Entity, why: EndCode) {
    match session_of(world, player) {
        Some(session) => sessions::close(world, session, why),
        None => leave(world, player, why),
    }
}

/// Handles a member's lost connection: a player's seat is kept for the grace period, a spectator leaves.
pub fn lose(world: &mut World, member: Entity) {
    if world.get::<Player>(member).is_some() {
        presence::lose(world, member);
    } else {
        leave(world, member, EndCode::ConnectionLost);
    }
}

/// Frees the seat that is reserved for a session.
pub(crate) fn cancel_reservation(world: &mut World, session: Entity) {
    let room = world.get::<Session>(session).map(|session| session.room);
    if let Some(mut seats) = room.and_then(|room| world.get_mut::<Reservations>(room)) {
        seats.cancel(session);
    }
}

/// Sets a player ready or not ready. Only in the lobby; ignored otherwise.
pub fn set_ready(world: &mut World, player: Entity, ready: bool) {
    let is_lobby = phase_of(world, player).is_some_and(|phase| matches!(phase, RoomPhase::Lobby { .. }));
    if is_lobby {
        set_state(world, player, if ready { PlayerState::Ready } else { PlayerState::Idle });
    }
}

/// Handles a player's report that it has loaded the match. It takes part from the next tick on.
pub(crate) fn note_loaded(world: &mut World, player: Entity) {
    let is_loading = world.get::<Player>(player).is_some_and(|player| player.state == PlayerState::Loading);
    let Some(phase) = phase_of(world, player).filter(|_| is_loading) else { return };
    let state = if matches!(phase, RoomPhase::Playing { .. }) { PlayerState::Playing } else { PlayerState::Loaded };
    set_state(world, player, state);
}

/// Handles a player giving up the running match; it stays in the room. Returns whether it took part.
pub fn give_up(world: &mut World, player: Entity) -> bool {
    let takes_part = world.get::<Player>(player).is_some_and(|player| player.state == PlayerState::Playing);
    let Some(room) = world.get::<InRoom>(player).map(|room| room.0).filter(|_| takes_part) else { return false };
    reset_buffers(world, room, player);
    log_line!(INFO, Who::of_member(world, player), "player gave up");
    set_state(world, player, PlayerState::Aborted);
    true
}

/// Gives a player new buffers, and hands the old ones to the cleanup.
fn reset_buffers(world: &mut World, room: Entity, player: Entity) {
    let id = player_id(world, player);
    curves::keep(world, room, player);
    let mut entity = world.entity_mut(player);
    let old = (entity.take::<ScoreBuffer>().unwrap_or_default(), entity.take::<InputBuffer>().unwrap_or_default());
    entity.insert((ScoreBuffer::of_match(old.0.match_no()), InputBuffer::default()));
    let target = world.spawn(old).id();
    world.resource_mut::<CleanupQueue>().push(CleanupRequest::Member { room, target, player: id });
}

/// Sets a player's state, and tells the room if the visible state has changed.
pub(super) fn set_state(world: &mut World, player: Entity, state: PlayerState) {
    let Some(room) = world.get::<InRoom>(player).map(|room| room.0) else { return };
    let Some(mut data) = world.get_mut::<Player>(player) else { return };
    let before = data.shown_state();
    data.state = state;
    let (slot, state) = (data.slot, data.shown_state());
    if state != before {
        log_line!(DEBUG, Who::of_member(world, player), ?state, "player state");
        announce(world, room, RoomEvent::State { slot, state });
    }
}

/// Sets every player's state for the room's new phase. No events: clients derive the states from the phase event.
pub(super) fn enter_phase(world: &mut World, room: Entity, phase: &Phase) {
    for player in by_slot(world, room) {
        let Some(mut data) = world.get_mut::<Player>(player) else { continue };
        let (before, state) = (data.state, data.state.after(phase));
        data.state = state;
        if state != before {
            log_line!(DEBUG, Who::of_member(world, player), ?state, "player state");
        }
    }
}

fn phase_of(world: &World, member: Entity) -> Option<&RoomPhase> {
    world.get::<RoomPhase>(world.get::<InRoom>(member)?.0)
}
