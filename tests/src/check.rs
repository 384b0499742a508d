//! What must be true of a server after every step.

use bevy::prelude::*;
use framehouse_server::{
    net::session::{Session, SessionState, Sessions},
    ops::status::Counters,
    room::{
        InRoom, Members, Player,
        clock::RoomClock,
        history::{FrameHistory, HISTORY_FRAMES},
        phase::RoomPhase,
        seats::Seats,
    },
    score::ScoreBuffer,
    server::Server,
};
use framehouse_shared::sim::SimTickCount;

/// Panics when the server contradicts itself.
pub fn invariants(server: &mut Server) {
    let world = server.world_mut();
    sessions_and_players_belong_together(world);
    rooms_agree_with_their_members(world);
}

/// Panics when a system panicked in any room.
pub fn no_room_faulted(server: &Server) {
    assert_eq!(server.world().resource::<Counters>().rooms_faulted, 0, "no room was closed because of a panic");
}

fn sessions_and_players_belong_together(world: &mut World) {
    let sessions: Vec<(Entity, SessionState)> =
        world.query::<(Entity, &Session)>().iter(world).map(|(entity, session)| (entity, session.state)).collect();
    assert_eq!(sessions.len(), world.resource::<Sessions>().count(), "the index lists exactly the sessions there are");
    let seated = sessions.iter().filter(|(_, state)| matches!(state, SessionState::Seated(_))).count();
    let players: Vec<(Entity, Entity, usize)> = world
        .query::<(Entity, &Player, &ScoreBuffer)>()
        .iter(world)
        .map(|(entity, player, scores)| (entity, player.session, scores.frames().count()))
        .collect();
    assert_eq!(players.len(), seated, "every player has its seated session");
    for (player, session, scores) in players {
        let state = world.get::<Session>(session).map(|session| session.state);
        assert_eq!(state, Some(SessionState::Seated(player)), "a player's session knows its player");
        assert!(scores <= 50, "a score buffer is bounded");
    }
}

type RoomItem = (
    Entity,
    &'static Seats,
    Option<&'static Members>,
    &'static RoomPhase,
    &'static RoomClock,
    &'static FrameHistory,
    Option<&'static SimTickCount>,
);

fn rooms_agree_with_their_members(world: &mut World) {
    let in_rooms = world.query::<&InRoom>().iter(world).count();
    let mut members_in_all = 0;
    for (room, seats, members, phase, clock, history, tick) in world.query::<RoomItem>().iter(world) {
        let members = Members::entities(members).len();
        assert_eq!(seats.taken(), members, "a taken seat is a member, in room {room}");
        members_in_all += members;
        assert!(history.end().since(history.first()) <= HISTORY_FRAMES as u32, "the history is bounded");
        if matches!(phase, RoomPhase::Playing { .. }) {
            let tick = tick.expect("a playing room has a simulation").0;
            assert_eq!(tick, clock.next_tick, "the clock and the simulation are at the same tick");
            assert_eq!(tick, history.end(), "every simulated tick is recorded");
        }
    }
    assert_eq!(in_rooms, members_in_all, "every player is in exactly one room");
}
