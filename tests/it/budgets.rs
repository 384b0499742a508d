//! Budgets: limits on what a peer sends, and the consequences of exceeding them. Also the limits of game messages.

use std::time::Duration;

use framehouse_client::{
    client::Notice,
    net::{Connection, Status},
};
use framehouse_harness::{
    check,
    world::{LOOPBACK, World},
};
use framehouse_server::{
    config::{NetSettings, RoomSettings},
    counters::Counters,
    net::endpoint::ClientKind,
    room::{
        Player, chat,
        directory::{JoinRequest, JoinTarget, LocalHello},
    },
};
use framehouse_shared::{
    input::Input,
    protocol::{
        datagram::{Inputs, Ping},
        end::EndCode,
        messages::{ClientMessage, Hello, NAME_BYTES_MAX, Phase, PlayerState, RoomEvent, ServerMessage},
    },
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;

use crate::TINY_MATCH_TICKS;

/// A hand-driven session, for traffic that `Client` never sends.
struct Stranger {
    connection: Connection,
    goodbye: Option<EndCode>,
}

impl Stranger {
    fn connect(world: &mut World) -> Self {
        let request = JoinRequest {
            name: "stranger".into(),
            target: JoinTarget::Quick,
            secret: None,
            rating: None,
            hello: None,
            caller: LOOPBACK,
            kind: ClientKind::Simulating,
        };
        let grant = world.server.join(&request).expect("a seat");
        let end = world.network.connect(grant.server, Default::default(), 77);
        let connection = Connection::new(&grant.token, Box::new(end), world.now()).expect("a token");
        Self { connection, goodbye: None }
    }

    fn join(world: &mut World) -> Self {
        let mut stranger = Self::connect(world);
        let hello = world.server.world().resource::<LocalHello>().0.clone();
        stranger.connection.queue_control(&ClientMessage::Hello(hello));
        stranger
    }

    fn update(&mut self, now: Duration, mut act: impl FnMut(&mut Connection)) {
        self.connection.receive(now);
        while let Some(message) = self.connection.next_control() {
            if let ServerMessage::Goodbye(reason) = message {
                self.goodbye = Some(reason.code);
            }
        }
        if self.goodbye.is_none() {
            act(&mut self.connection);
        }
        self.connection.send(now);
    }

    /// Acts in every tick until the server ends the session; returns the number of ticks.
    fn until_goodbye(
        &mut self,
        world: &mut World,
        ticks_max: u32,
        mut act: impl FnMut(&mut Connection, Duration),
    ) -> u32 {
        for tick in 0..ticks_max {
            world.step_ticks(1);
            let now = world.now();
            self.update(now, |connection| act(connection, now));
            if self.goodbye.is_some() {
                return tick;
            }
        }
        panic!("nobody said goodbye in {ticks_max} ticks");
    }
}

fn playing_world() -> World {
    let mut world = World::new(TinyPlugin, 1);
    world.join(JoinTarget::Create { size: 3, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    world.join(JoinTarget::Code(code)).expect("a seat");
    world.all_ready();
    world.step_to_playing();
    world
}

fn others_play_on(world: &World) {
    for client in &world.clients {
        assert!(matches!(client.client.phase(), Some(Phase::Playing { .. })), "{:?}", client.client.ended());
        assert_eq!(client.client.stats().replaced_inputs, 0);
    }
    assert_eq!(world.desyncs(), 0);
    check::no_room_faulted(&world.server);
}

#[test]
fn a_hundred_times_the_allowed_inputs_end_with_a_reason_within_five_seconds() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    let mut bytes = Vec::new();
    let (next_frame, seen_frames, newest) = (Tick(0), Tick(0), Tick(9));
    let inputs = [Input::NEUTRAL].into_iter().collect();
    Inputs { match_low: 1, next_frame, seen_frames, newest, inputs, report: None }.encode(&mut bytes);
    let ticks = stranger.until_goodbye(&mut world, 300, |connection, now| {
        for _ in 0..125 {
            connection.send_datagram(now, &bytes);
        }
    });
    assert!(ticks < 150, "after {ticks} ticks");
    assert_eq!(stranger.goodbye, Some(EndCode::SentTooMuch));
    world.step_ticks(60);
    others_play_on(&world);
}

#[test]
fn a_flood_of_control_messages_ends_with_a_reason() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    stranger.until_goodbye(&mut world, 300, |connection, _| {
        for flip in 0..20 {
            connection.queue_control(&ClientMessage::Ready(flip % 2 == 0));
        }
    });
    assert_eq!(stranger.goodbye, Some(EndCode::SentTooMuch));
    others_play_on(&world);
}

#[test]
fn sealed_nonsense_ends_with_a_reason() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    // A slice with an index out of range: from a connected client it ends the process of a stock server.
    let slice = [&[2, 0, 0, 0, 9, 1, 0x44, 0xb0][..], &[0; 1200]].concat();
    stranger.until_goodbye(&mut world, 300, |connection, now| connection.send_datagram(now, &slice));
    assert_eq!(stranger.goodbye, Some(EndCode::MadeNoSense));
    others_play_on(&world);
}

#[test]
fn valid_pings_do_not_make_nonsense_forgotten() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    let mut ping = Vec::new();
    Ping { nonce: 7 }.encode(&mut ping);
    stranger.until_goodbye(&mut world, 300, |connection, now| {
        // A datagram of no kind, between two good ones.
        connection.send_datagram(now, &ping);
        connection.send_datagram(now, &[0x4f]);
        connection.send_datagram(now, &ping);
    });
    assert_eq!(stranger.goodbye, Some(EndCode::MadeNoSense));
    others_play_on(&world);
}

#[test]
fn pulses_of_a_flood_end_with_a_reason() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    let mut bytes = Vec::new();
    let (next_frame, seen_frames, newest) = (Tick(0), Tick(0), Tick(9));
    let inputs = [Input::NEUTRAL].into_iter().collect();
    Inputs { match_low: 1, next_frame, seen_frames, newest, inputs, report: None }.encode(&mut bytes);
    let mut tick = 0;
    stranger.until_goodbye(&mut world, 900, |connection, now| {
        tick += 1;
        // Ten seconds of inputs at once, every three seconds.
        let count = if tick % 90 == 0 { 300 } else { 0 };
        (0..count).for_each(|_| connection.send_datagram(now, &bytes));
    });
    assert_eq!(stranger.goodbye, Some(EndCode::SentTooMuch));
    others_play_on(&world);
}

/// A packet of the reliable path with one batch.
fn reliable_packet(sequence: u8, id: u16, batch: &[u8]) -> Vec<u8> {
    let [id_high, id_low] = (0x4000 | id).to_be_bytes();
    let [length_high, length_low] = (0x4000 | batch.len() as u16).to_be_bytes();
    [&[0, sequence, 0, 0, 1, id_high, id_low, length_high, length_low][..], batch].concat()
}

#[test]
fn a_peer_that_withholds_a_message_parks_at_most_64_kib() {
    const BATCH_BYTES: usize = 1100;
    let mut world = playing_world();
    let mut stranger = Stranger::connect(&mut world);
    let (mut batches, mut parked) = (0, 0);
    for tick in 0..150 {
        world.step_ticks(1);
        let now = world.now();
        stranger.update(now, |connection| {
            if connection.status() == Status::Connected && tick > 10 && batches < 63 {
                // Message 0 never comes.
                batches += 1;
                connection.send_datagram(now, &reliable_packet(batches, batches.into(), &[1; BATCH_BYTES]));
                parked += BATCH_BYTES;
            }
        });
    }
    assert!((60_000..=65 * 1024 + BATCH_BYTES).contains(&parked), "{parked} bytes were parked");
    assert_ne!(stranger.connection.status(), Status::Connected);
    others_play_on(&world);
}

#[test]
fn honest_players_whose_packets_arrive_in_bunches_are_never_kicked() {
    for bunch_ms in [300, 600, 900, 1500, 2000] {
        let mut world = playing_world();
        let address = world.clients[1].address;
        world.network.set_quality(address, format!("delay=20,bunch={bunch_ms}").parse().expect("a good link"));
        world.step_ticks(30 * 40);
        assert_eq!(world.server.world().resource::<Counters>().kicked, 0, "every {bunch_ms} ms");
        assert!(world.clients.iter().all(|client| client.client.ended().is_none()), "every {bunch_ms} ms");
    }
}

fn refusals(world: &mut World, client: usize) -> Vec<String> {
    let notices = world.clients[client].client.drain_notices();
    notices.filter_map(|notice| if let Notice::Refused(sentence) = notice { Some(sentence) } else { None }).collect()
}

#[test]
fn a_player_with_too_many_commands_is_told_so() {
    let mut world = playing_world();
    let mut told = Vec::new();
    for _ in 0..90 {
        world.clients[0].client.send_command(b"hello");
        world.step_ticks(1);
        told.extend(refusals(&mut world, 0));
    }
    // 30 a second are three times too many: it is told once a second, and not kicked.
    assert!((1..=3).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|sentence| sentence.contains("game commands too fast")), "{told:?}");
    assert!(world.clients[0].client.ended().is_none());
}

#[test]
fn an_acknowledgement_that_renet_cannot_read_ends_the_session_and_not_only_renet() {
    let mut world = playing_world();
    let mut stranger = Stranger::join(&mut world);
    for tick in 0..60 {
        world.step_ticks(1);
        let now = world.now();
        stranger.update(now, |connection| {
            if connection.status() == Status::Connected && tick > 20 {
                connection.send_datagram(now, &[4, 0, 1, 9, 0]);
            }
        });
    }
    let members = world.clients[0].client.members().expect("it is in the room");
    let away = members.iter().flatten().filter(|member| member.state == PlayerState::Away).count();
    assert_eq!(away, 1, "its player is away");
    assert_ne!(stranger.connection.status(), Status::Connected);
    others_play_on(&world);
}

#[test]
fn a_hello_with_a_long_name_of_a_game_ends_its_own_session_only() {
    let mut world = playing_world();
    let hello = world.server.world().resource::<LocalHello>().0.clone();
    let mut stranger = Stranger::connect(&mut world);
    stranger.connection.queue_control(&ClientMessage::Hello(Hello {
        game: "a".repeat(1100),
        components: Vec::new(),
        ..hello
    }));
    stranger.until_goodbye(&mut world, 300, |_, _| {});
    others_play_on(&world);
}

#[test]
fn sixteen_players_with_the_longest_names_see_the_ranking() {
    let mut world = World::new(TinyPlugin, 6).with_name("n".repeat(NAME_BYTES_MAX)).with_players(16);
    world.step_to_playing();
    let over = |world: &World| world.clients.iter().all(|client| client.client.results().is_some());
    assert!(world.step_until(TINY_MATCH_TICKS + 60, over));
    assert_eq!(world.clients[15].client.results().expect("just seen").ranking.len(), 16);
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn those_who_say_too_much_together_get_nobody_cut() {
    let net = NetSettings { room_messages_per_s: 1000, room_message_bytes: 1000, ..Default::default() };
    let mut world =
        World::with_settings(TinyPlugin, 7, RoomSettings::default(), net).with_link("delay=100").with_players(4);
    for _ in 0..60 {
        for client in &mut world.clients {
            client.client.send_game_message(&[7; 1000]);
        }
        world.step_ticks(1);
    }
    world.step_ticks(60);
    assert!(world.clients.iter().all(|client| client.client.ended().is_none()));
    assert!(world.server.world().resource::<Counters>().room_messages_dropped > 0, "the room had too many");
    check::no_room_faulted(&world.server);
}

#[test]
fn a_connection_that_never_introduces_itself_is_closed() {
    let mut world = playing_world();
    let mut stranger = Stranger::connect(&mut world);
    let ticks = stranger.until_goodbye(&mut world, 300, |_, _| {});
    assert!((140..200).contains(&ticks), "after {ticks} ticks");
    others_play_on(&world);
}

fn heard(world: &mut World, client: usize) -> Vec<Vec<u8>> {
    let messages = world.clients[client].client.drain_notices().filter_map(|notice| match notice {
        Notice::Room(RoomEvent::GameMessage { bytes, .. }) => Some(bytes),
        _ => None,
    });
    messages.collect()
}

#[test]
fn a_thousand_events_in_one_tick_all_arrive_in_order() {
    let mut world = World::new(TinyPlugin, 3).with_link("delay=50,loss=0.05").with_players(2);
    world.step_to_playing();
    let ecs = world.server.world_mut();
    let player = ecs.query_filtered::<bevy::prelude::Entity, bevy::prelude::With<Player>>().iter(ecs).next();
    let player = player.expect("a player");
    for n in 0..1000u32 {
        chat::send_game_message(world.server.world_mut(), player, n.to_le_bytes().to_vec()).expect("few bytes");
    }
    world.step_ticks(300);
    let expected: Vec<Vec<u8>> = (0..1000u32).map(|n| n.to_le_bytes().to_vec()).collect();
    for client in 0..2 {
        assert_eq!(heard(&mut world, client), expected);
    }
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn everybody_hears_what_anybody_says_in_the_same_order() {
    let net = NetSettings { room_messages_per_s: 60, ..Default::default() };
    let mut world = World::with_settings(TinyPlugin, 4, RoomSettings::default(), net)
        .with_link("spread=80,loss=0.05")
        .with_players(4);
    for n in 0..100u8 {
        for (index, client) in world.clients.iter_mut().enumerate() {
            client.client.send_game_message(&[index as u8, n]);
        }
        world.step_ticks(1);
    }
    world.step_ticks(150);
    let first = heard(&mut world, 0);
    assert_eq!(first.len(), 400);
    for client in 1..4 {
        assert_eq!(heard(&mut world, client), first);
    }
    for sender in 0..4u8 {
        let own: Vec<u8> = first.iter().filter(|message| message[0] == sender).map(|message| message[1]).collect();
        assert_eq!(own, (0..100).collect::<Vec<_>>());
    }
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn a_message_that_is_too_long_reaches_nobody() {
    let mut world = World::new(TinyPlugin, 5).with_players(2);
    world.clients[0].client.send_game_message(&[1; 300]);
    world.clients[0].client.send_game_message(&[2; 256]);
    world.step_ticks(30);
    assert_eq!(heard(&mut world, 1), [vec![2; 256]]);
    let mut told = refusals(&mut world, 0);
    assert!(told.len() == 1 && told.remove(0).contains("longer than this server allows"));
}
