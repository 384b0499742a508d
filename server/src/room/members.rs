//! Coming into a room and leaving it.

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    protocol::control::{ControlDown, Member, RoomEvent, Welcome},
};

use super::{
    InRoom, Player, Room, announce, by_slot,
    inputs::{InputBuffer, SyncState},
    phase::RoomPhase,
    seats::Seats,
};
use crate::{
    config::NetSettings,
    net::{
        mail,
        session::{self, Session},
    },
    ops::status::Counters,
    score::ScoreBuffer,
    tick::{Now, TickRate},
};

/// What a room message takes on the wire beside its bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 12;

/// A session's player takes its reserved seat: the others hear of it, and the session is welcomed.
pub fn seat_player(world: &mut World, session_entity: Entity) {
    let Some(data) = world.get::<Session>(session_entity) else { return };
    let (room, id, name, address) = (data.room, data.player, data.name.clone(), data.address);
    let Some(slot) = world.get_mut::<Seats>(room).and_then(|mut seats| seats.take(session_entity)) else {
        return session::close(world, session_entity, "the room was closed before you came in: join another");
    };
    announce(world, room, RoomEvent::Joined(Member { player: id, slot, name: name.clone(), ready: false }));
    let runs = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    let player = world
        .spawn((
            Player { id, name, slot, session: session_entity, is_ready: false },
            InRoom(room),
            address,
            InputBuffer::default(),
            SyncState { snapshot_due: runs, ..default() },
            ScoreBuffer::default(),
        ))
        .id();
    session::seat(world, session_entity, player);
    let welcome = welcome(world, room, player, slot);
    mail::send(world, address, &ControlDown::Welcome(Box::new(welcome)));
}

fn welcome(world: &World, room: Entity, player: Entity, slot: Slot) -> Welcome {
    let data = world.get::<Room>(room).expect("whoever has a seat has a room");
    let members = by_slot(world, room).into_iter().filter_map(|player| world.get::<Player>(player)).map(member);
    Welcome {
        room: data.id,
        code: data.code,
        seats: data.seats,
        tick_rate: world.resource::<TickRate>().0,
        player: world.get::<Player>(player).expect("it was spawned just now").id,
        slot,
        members: members.collect(),
        phase: world.get::<RoomPhase>(room).expect("a room has a phase").to_newcomer(),
        next_msg_id: data.next_msg_id(),
    }
}

fn member(player: &Player) -> Member {
    Member { player: player.id, slot: player.slot, name: player.name.clone(), ready: player.is_ready }
}

/// The session's seat, reserved or taken, is free from now on, and its player is gone.
pub fn release_seat(world: &mut World, session_entity: Entity, reason: &str) {
    let Some(room) = world.get::<Session>(session_entity).map(|session| session.room) else { return };
    let Some(slot) = world.get_mut::<Seats>(room).and_then(|mut seats| seats.release(session_entity)) else { return };
    let player = by_slot(world, room)
        .into_iter()
        .find(|player| world.get::<Player>(*player).is_some_and(|data| data.session == session_entity));
    if let Some(player) = player {
        world.despawn(player);
        announce(world, room, RoomEvent::Left { slot, reason: reason.to_owned() });
    }
}

/// Notes that a player is ready, or no longer, and tells the room.
pub fn set_ready(world: &mut World, player: Entity, ready: bool) {
    let Some(mut data) = world.get_mut::<Player>(player) else { return };
    if data.is_ready == ready {
        return;
    }
    data.is_ready = ready;
    let slot = data.slot;
    if let Some(room) = world.get::<InRoom>(player).map(|room| room.0) {
        announce(world, room, RoomEvent::Ready { slot, ready });
    }
}

/// A member says something to everybody in its room, itself included.
pub fn say(world: &mut World, player: Entity, bytes: Vec<u8>) {
    let (Some(slot), Some(room)) =
        (world.get::<Player>(player).map(|player| player.slot), world.get::<InRoom>(player).map(|room| room.0))
    else {
        return;
    };
    let is_too_long = bytes.len() > world.resource::<NetSettings>().room_message_bytes as usize;
    let members = by_slot(world, room).len() as u64;
    if is_too_long {
        world.resource_mut::<Counters>().invalid_messages += 1;
        return;
    }
    let now = world.resource::<Now>().elapsed;
    let cost = (bytes.len() + MESSAGE_OVERHEAD_BYTES) as f32;
    // Dropped before it has a number: the room's order stays without a gap.
    let may_say = world.get_mut::<Room>(room).is_some_and(|mut room| room.messages.take(cost, now));
    let mut counters = world.resource_mut::<Counters>();
    if !may_say {
        counters.room_messages_dropped += 1;
        return;
    }
    counters.room_messages_in += 1;
    counters.room_messages_out += members;
    announce(world, room, RoomEvent::Message { slot, bytes });
}

/// Being ready is for one match: it ends with the countdown, whose event says so to everyone.
pub fn clear_ready(world: &mut World, room: Entity) {
    for player in by_slot(world, room) {
        if let Some(mut data) = world.get_mut::<Player>(player) {
            data.is_ready = false;
        }
    }
}
