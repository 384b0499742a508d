//! Lobbies that do not wait for one player: the match starts when most players are ready for a while, and a host that
//! does nothing loses its role.

use bevy::prelude::*;
use framehouse_shared::{
    ids::RoomId,
    protocol::messages::{PlayerState, RoomEvent},
};

use super::{Player, Room, announce, drain::Drain, host, phase::RoomPhase, players};
use crate::{
    config::RoomSettings,
    schedule::{Now, TickRate},
};

/// Looks after the rooms that wait for their next match. Runs in `TickSet::Control`, before phases advance.
pub(crate) fn run_lobbies(world: &mut World, rooms: &mut QueryState<(&Room, Entity, &RoomPhase)>) {
    // No match starts any more.
    if world.resource::<Drain>().has_begun() {
        return;
    }
    let lobbies = rooms.iter(world).filter(|(.., phase)| matches!(phase, RoomPhase::Lobby { .. }));
    let mut lobbies: Vec<(RoomId, Entity)> = lobbies.map(|(data, room, _)| (data.id, room)).collect();
    lobbies.sort();
    for (_, room) in lobbies {
        host::replace_idle(world, room);
        count_down(world, room);
    }
}

/// Sets the start of the match while most players are ready, and withdraws it when they are no longer.
fn count_down(world: &mut World, room: Entity) {
    let here = || players(world, room).filter(|(_, player)| player.presence.is_connected());
    let (all, ready) = (here().count(), here().filter(|(_, player)| is_ready(player)).count());
    let is_enough = world.get::<Room>(room).is_some_and(|room| all >= room.players_min());
    let is_majority = is_enough && ready * 2 > all;
    let (tick, rate) = (world.resource::<Now>().tick, *world.resource::<TickRate>());
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().ready_countdown_s);
    let Some(mut phase) = world.get_mut::<RoomPhase>(room) else { return };
    let RoomPhase::Lobby { starts_at, not_before, .. } = &mut *phase else { return };
    // With all players ready the match starts at once.
    let change = match starts_at {
        None if is_majority && ready < all => Some((tick + u64::from(ticks)).max(*not_before)),
        Some(_) if !is_majority => None,
        _ => return,
    };
    *starts_at = change;
    announce(world, room, RoomEvent::StartsIn { ticks: change.map(|at| (at - tick) as u32) });
}

/// Ticks until the match starts because most players are ready; nothing if that is not so.
pub(super) fn starts_in(world: &World, room: Entity) -> Option<u32> {
    let Some(RoomPhase::Lobby { starts_at: Some(at), .. }) = world.get::<RoomPhase>(room) else { return None };
    Some(at.saturating_sub(world.resource::<Now>().tick) as u32)
}

fn is_ready(player: &Player) -> bool {
    player.state == PlayerState::Ready
}
