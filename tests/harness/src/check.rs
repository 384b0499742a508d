//! Invariants of a server, checked after every step of a test.

use bevy::prelude::*;
use framehouse_server::{
    cleanup::{Cleanup, PendingCleanup},
    config::RoomSettings,
    counters::Counters,
    net::{
        callers::Callers,
        session::{Session, SessionState, Sessions},
    },
    room::{
        InRoom, Members, Player, Room, Spectator,
        clock::RoomClock,
        history::FrameHistory,
        host::Host,
        inputs::InputBuffer,
        phase::RoomPhase,
        presence::ResumeIndex,
        reservations::{Reservations, Seat},
        score::ScoreBuffer,
    },
    schedule::TickRate,
    server::Server,
};
use framehouse_shared::sim::{SimRoom, SimTickCount};

/// Panics if an invariant of the server does not hold.
pub fn invariants(server: &mut Server) {
    let world = server.world_mut();
    sessions_and_members_belong_together(world);
    rooms_agree_with_their_members(world);
    what_is_gone_belongs_to_nobody(world);
}

/// Panics if a system has panicked in any room.
pub fn no_room_faulted(server: &Server) {
    assert_eq!(server.world().resource::<Counters>().rooms_faulted, 0, "no room was closed because of a panic");
}

/// Panics if anything is left of closed rooms, departed players or ended sessions.
pub fn nothing_is_left(server: &mut Server) {
    let world = server.world_mut();
    let stats = world.resource::<Cleanup>().stats();
    assert_eq!((stats.active_cleanup_tasks, stats.pending_packets, stats.orphans), (0, 0, 0), "{stats:?}");
    assert_eq!(world.resource::<Sessions>().count(), 0, "no session is left");
    assert_eq!(world.resource::<ResumeIndex>().count(), 0, "no secret is left");
    assert_eq!(world.resource::<Callers>().count(), 0, "no caller has a place");
    assert_eq!(world.query::<&SimRoom>().iter(world).count(), 0, "no room is left");
    let buffers = world.query_filtered::<Entity, Or<(With<ScoreBuffer>, With<InputBuffer>)>>().iter(world).count();
    let people = world.query_filtered::<Entity, Or<(With<Player>, With<Spectator>)>>().iter(world).count();
    let leftovers = world.query::<&PendingCleanup>().iter(world).count();
    assert_eq!((buffers, people, leftovers), (0, 0, 0), "nobody is left and nobody's buffers are");
}

fn sessions_and_members_belong_together(world: &mut World) {
    let sessions: Vec<(Entity, SessionState)> =
        world.query::<(Entity, &Session)>().iter(world).map(|(entity, session)| (entity, session.state)).collect();
    assert_eq!(sessions.len(), world.resource::<Sessions>().count(), "the index lists exactly the sessions there are");
    let players: Vec<(Entity, Option<Entity>)> =
        world.query::<(Entity, &Player)>().iter(world).map(|(e, player)| (e, player.presence().session())).collect();
    let mut members = players.clone();
    members.extend(world.query::<(Entity, &Spectator)>().iter(world).map(|(e, s)| (e, Some(s.session()))));
    let seated = sessions.iter().filter(|(_, state)| matches!(state, SessionState::Seated(_))).count();
    let connected = members.iter().filter(|(_, session)| session.is_some()).count();
    assert_eq!(connected, seated, "every connected member has its seated session");
    assert_eq!(world.resource::<ResumeIndex>().count(), players.len(), "every player can come back, and nobody else");
    let lost = players.iter().filter(|(_, session)| session.is_none()).count();
    let places = world.resource::<Callers>().count();
    assert_eq!(places, sessions.len() + lost, "callers have a place for each session and each lost player");
    for (member, session) in members {
        let state = session.map(|session| world.get::<Session>(session).map(|session| session.state));
        assert!(matches!(state, None | Some(Some(SessionState::Seated(_)))), "a member's session is there: {state:?}");
        if let Some(Some(SessionState::Seated(seated))) = state {
            assert_eq!(seated, member, "a member's session knows its member");
        }
    }
    let longest = world.query::<&ScoreBuffer>().iter(world).map(|scores| scores.points().len()).max().unwrap_or(0);
    assert!(longest <= world.resource::<RoomSettings>().score_buffer_maxlen as usize, "score buffers are bounded");
}

type RoomItem = (
    Entity,
    &'static Room,
    &'static Reservations,
    &'static Host,
    Option<&'static Members>,
    &'static RoomPhase,
    &'static RoomClock,
    &'static FrameHistory,
    Option<&'static SimTickCount>,
);

fn rooms_agree_with_their_members(world: &mut World) {
    let kept = world.resource::<RoomSettings>().history_frames(*world.resource::<TickRate>());
    let (mut players_in_all, players) = (0, world.query::<&Player>().iter(world).count());
    for (entity, room, seats, host, members, phase, clock, history, tick) in world.query::<RoomItem>().iter(world) {
        let in_room: Vec<(Entity, &Player)> = Members::entities(members)
            .iter()
            .filter_map(|member| world.get::<Player>(*member).map(|player| (*member, player)))
            .collect();
        players_in_all += in_room.len();
        assert_eq!(seats.taken(), in_room.len(), "a taken seat is a player, in room {entity}");
        assert_eq!(seats.count(), usize::from(room.options().seats), "a room has the seats that its host wants");
        for (member, player) in &in_room {
            let seat = seats.iter().nth(player.slot().index());
            assert_eq!(seat, Some(Seat::Taken(*member)), "a player's seat is its own");
        }
        let host_is_here = host.player().is_some_and(|host| in_room.iter().any(|(member, _)| *member == host));
        assert!(in_room.is_empty() || host_is_here, "a room with players has one of them as its host");
        assert!(history.end().since(history.first()) < 3 * kept, "the frames kept as they are are bounded");
        if matches!(phase, RoomPhase::Playing { .. }) {
            let tick = tick.expect("a playing room has a simulation").0;
            assert_eq!(tick, clock.next_tick(), "the clock and the simulation are at the same tick");
            assert_eq!(tick, history.end(), "every simulated tick is recorded");
        }
    }
    assert_eq!(players_in_all, players, "every player is in exactly one open room");
}

fn what_is_gone_belongs_to_nobody(world: &mut World) {
    let mut leftovers = world.query_filtered::<Option<&InRoom>, With<PendingCleanup>>();
    assert!(leftovers.iter(world).all(|room| room.is_none()), "who is gone is in no room");
    let mut closed = world.query_filtered::<&Members, (With<SimRoom>, Without<Room>)>();
    let crowded = closed.iter(world).filter(|members| !Members::entities(Some(members)).is_empty()).count();
    assert_eq!(crowded, 0, "nobody is in a closed room");
}
