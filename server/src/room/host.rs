//! The host of a room: appointment, commands and succession.

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    ids::Slot,
    protocol::{
        end::EndCode,
        messages::{HostCommand, PlayerState, RoomEvent, RoomOptions},
    },
};

use super::{
    InRoom, Player, Room, abort_vote, announce, bans, connected, directory,
    drain::Drain,
    members, phase,
    phase::RoomPhase,
    player_at, players,
    reservations::Reservations,
    sessions,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    schedule::{Now, TickRate},
};

/// The player that controls a room.
#[derive(Component, Debug, Default)]
pub struct Host {
    player: Option<Entity>,
    /// Server tick since which others are ready in the lobby and the host does nothing.
    idle_since: Option<u64>,
}

impl Host {
    /// Entity of the host; `None` in a room without players.
    pub const fn player(&self) -> Option<Entity> {
        self.player
    }
}

/// Slot of a room's host.
pub fn slot(world: &World, room: Entity) -> Option<Slot> {
    Some(world.get::<Player>(world.get::<Host>(room)?.player?)?.slot)
}

/// Makes the first player of a room its host.
pub(super) fn appoint_if_none(world: &mut World, room: Entity) {
    if slot(world, room).is_none() {
        pass_on(world, room);
    }
}

/// Appoints a new host if the old one has left: the longest-staying connected player, else the longest-staying player.
pub fn pass_on(world: &mut World, room: Entity) {
    if slot(world, room).is_some() {
        return;
    }
    let connected = players(world, room).find(|(_, player)| player.presence.is_connected());
    let heir = connected.or_else(|| players(world, room).next()).map(|(entity, _)| entity);
    appoint(world, room, heir);
}

fn appoint(world: &mut World, room: Entity, player: Option<Entity>) {
    if let Some(mut host) = world.get_mut::<Host>(room) {
        *host = Host { player, idle_since: None };
    }
    if let Some(slot) = slot(world, room) {
        log_line!(
            DEBUG,
            player.map_or_else(Who::default, |player| Who::of_member(world, player)),
            "player is the host"
        );
        announce(world, room, RoomEvent::Host { slot });
    }
}

/// Notes that a player has done something. If it is the host, it is not idle.
pub fn note_activity(world: &mut World, player: Entity) {
    let room = world.get::<InRoom>(player).map(|room| room.0);
    if let Some(mut host) = room.and_then(|room| world.get_mut::<Host>(room)).filter(|host| host.player == Some(player))
    {
        host.idle_since = None;
    }
}

/// Appoints another host when the present one has done nothing for some time while others are ready: the longest-staying
/// player that is ready.
pub(super) fn replace_idle(world: &mut World, room: Entity) {
    let tick = world.resource::<Now>().tick;
    let patience = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().host_idle_s);
    let is_ready = |player: &Player| player.presence.is_connected() && player.state == PlayerState::Ready;
    let Some(host) = world.get::<Host>(room).and_then(Host::player) else { return };
    let waits = !world.get::<Player>(host).is_some_and(is_ready);
    let heir = players(world, room).find(|(player, data)| *player != host && is_ready(data));
    let heir = heir.filter(|_| waits).map(|(player, _)| player);
    let Some(mut data) = world.get_mut::<Host>(room) else { return };
    if heir.is_none() {
        data.idle_since = None;
    } else if tick >= *data.idle_since.get_or_insert(tick) + u64::from(patience) {
        appoint(world, room, heir);
    }
}

/// Carries out a command of a player. Tells the player if it is not the host, or if the command is not possible now.
pub fn handle_command(world: &mut World, session: Entity, player: Entity, order: HostCommand) {
    let Some(room) = world.get::<InRoom>(player).map(|room| room.0) else { return };
    let is_host = world.get::<Host>(room).is_some_and(|host| host.player == Some(player));
    let done =
        if is_host { carry_out(world, room, player, order) } else { Err("only the host can do that".to_owned()) };
    if let Err(reason) = done {
        sessions::refuse(world, session, &reason);
    }
}

fn carry_out(world: &mut World, room: Entity, host: Entity, order: HostCommand) -> Result<(), String> {
    match order {
        HostCommand::Start => start(world, room),
        HostCommand::Abort => phase::abort(world, room, host),
        HostCommand::Kick(slot) => {
            let player = other_player(world, room, host, slot)?;
            bans::ban(world, room, player);
            abort_vote::note_leaving(world, room, slot, true);
            log_line!(INFO, Who::of_member(world, player), "player kicked by the host");
            members::send_away(world, player, EndCode::Kicked);
            Ok(())
        }
        HostCommand::HandOver(slot) => hand_over(world, room, other_player(world, room, host, slot)?),
        HostCommand::Configure(options) => configure(world, room, options),
        // Or the host could erase the match that it loses.
        HostCommand::Close if abort_vote::is_needed(world, room, host) => {
            Err("a room cannot be closed during a match: ask the players to end it, or leave".to_owned())
        }
        HostCommand::Close => {
            if let Some(mut data) = world.get_mut::<Room>(room) {
                data.is_to_close = Some(EndCode::RoomClosed);
            }
            Ok(())
        }
    }
}

fn other_player(world: &World, room: Entity, host: Entity, slot: Slot) -> Result<Entity, String> {
    let other = player_at(world, room, slot).filter(|player| *player != host);
    other.ok_or_else(|| "there is no other player in this seat".to_owned())
}

fn start(world: &mut World, room: Entity) -> Result<(), String> {
    if world.resource::<Drain>().has_begun() {
        return Err("the server restarts: no match can be started now".to_owned());
    }
    let min = world.get::<Room>(room).map_or(0, Room::players_min);
    if connected(world, room) < min {
        return Err(format!("it takes {min} players to start"));
    }
    let called = world.get_mut::<RoomPhase>(room).is_some_and(|mut phase| phase.call_start());
    if called { Ok(()) } else { Err("a match can be started only in the lobby".to_owned()) }
}

fn hand_over(world: &mut World, room: Entity, player: Entity) -> Result<(), String> {
    let is_here = world.get::<Player>(player).is_some_and(|player| player.presence.is_connected());
    if !is_here {
        return Err("this player is away".to_owned());
    }
    appoint(world, room, Some(player));
    Ok(())
}

fn configure(world: &mut World, room: Entity, options: RoomOptions) -> Result<(), String> {
    if !matches!(world.get::<RoomPhase>(room), Some(RoomPhase::Lobby { .. })) {
        return Err("a room can be changed only in the lobby".to_owned());
    }
    check(world, &options)?;
    let (Some(old), Some(mut seats)) =
        (world.get::<Room>(room).map(|room| room.options.clone()), world.get_mut::<Reservations>(room))
    else {
        return Ok(());
    };
    if old == options {
        return Ok(());
    }
    seats.resize(options.seats).map_err(|slot| format!("seat {} is in use", u8::from(slot) + 1))?;
    if let Some(mut data) = world.get_mut::<Room>(room) {
        data.options = options.clone();
    }
    log_line!(DEBUG, Who::of_room(world, room), seats = options.seats, private = options.private, "room options");
    let becomes_private = options.private && !old.private;
    announce(world, room, RoomEvent::Options(options));
    if becomes_private && let Some(code) = directory::hide(world, room) {
        announce(world, room, RoomEvent::Code(code));
    }
    Ok(())
}

/// After a rules reload: rooms whose chosen map no longer exists return to map rotation, and their members are told.
pub fn forget_missing_maps(world: &mut World) {
    let maps = world.resource::<GameHandle>().maps(world);
    let mut query = world.query::<(Entity, &mut Room)>();
    let is_missing = |room: &Room| room.options.map.as_ref().is_some_and(|map| !maps.contains(map));
    let mut changed = Vec::new();
    for (room, mut data) in query.iter_mut(world).filter(|(_, room)| is_missing(room)) {
        data.options.map = None;
        changed.push((room, data.options.clone()));
    }
    for (room, options) in changed {
        announce(world, room, RoomEvent::Options(options));
    }
}

/// Checks that a room of this server can have these options.
///
/// # Errors
/// With a sentence for the host.
pub fn check(world: &World, options: &RoomOptions) -> Result<(), String> {
    let game = world.resource::<GameHandle>();
    if !(1..=game.players_max()).contains(&options.seats) {
        return Err(format!("a room of this game has 1 to {} seats", game.players_max()));
    }
    let maps = game.maps(world);
    match &options.map {
        Some(map) if !maps.contains(map) => Err(format!("there is no such map; available maps: {}", maps.join(", "))),
        _ => Ok(()),
    }
}
