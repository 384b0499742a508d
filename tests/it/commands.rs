//! Game commands: each is applied once, in its sender's order, and in the same tick on the server and on all clients.

use bevy::prelude::*;
use framehouse_client::client::Notice;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    counters::Counters,
    room::{
        commands::{COMMANDS_QUEUED_MAX, CommandQueue},
        directory::JoinTarget,
    },
};
use framehouse_shared::{
    game::Game,
    ids::Slot,
    input::{COMMAND_BYTES_MAX, COMMANDS_MAX, Frame, Input},
    protocol::{end::EndCode, messages::ClientMessage},
    rng::SimRng,
    room_state::{AddRoomState, RoomState},
    sim::{MatchSetup, Rooms, SimSet, SimTick},
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;
use serde::{Deserialize, Serialize};

use crate::TINY_MATCH_TICKS;

/// Every command of the match, as encoded by [`pack`].
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
struct Told(Vec<u64>);

/// The tick, the sender's slot and the first byte of a command as one number.
fn pack(tick: u32, slot: u8, byte: u8) -> u64 {
    u64::from(tick) << 16 | u64::from(slot) << 8 | u64::from(byte)
}

fn unpack(packed: u64) -> (u32, u8, u8) {
    ((packed >> 16) as u32, (packed >> 8) as u8, packed as u8)
}

/// The tiny game, which also records the commands it receives.
#[derive(Clone, Copy)]
struct ListeningGame;

impl Game for ListeningGame {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.add_room_state::<Told>("told").add_systems(SimTick, listen.in_set(SimSet::Move));
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
        room.insert(Told::default());
    }

    fn missing_input(&self, last: Input) -> Input {
        TinyPlugin.missing_input(last)
    }

    fn bot_input(&self, room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        TinyPlugin.bot_input(room, slot, last, rng)
    }
}

fn listen(mut rooms: Rooms<(&Frame, &mut Told)>) {
    rooms.for_each_room(|(frame, mut told)| {
        told.0.extend(frame.commands.iter().map(|command| pack(frame.tick.0, command.slot.into(), command.bytes[0])));
    });
}

/// A match of `players` players, with one free seat.
fn playing(seed: u64, link: &str, players: u8) -> World {
    playing_in_mode(false, seed, link, players)
}

/// A match like [`playing`], in economy mode or not.
fn playing_in_mode(economy: bool, seed: u64, link: &str, players: u8) -> World {
    let mut world = World::new(ListeningGame, seed).with_link(link);
    let room = JoinTarget::Create { size: players + 1, private: false, practice: false, economy: Some(economy) };
    world.join(room).expect("a room");
    let code = world.room_code();
    for _ in 1..players {
        world.join(JoinTarget::Code(code)).expect("a seat");
    }
    world.step_ticks(60);
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(30);
    world
}

/// The commands that the server's room has received.
fn told(world: &mut World) -> Vec<(u32, u8, u8)> {
    let room = world.rooms()[0].1;
    world
        .server
        .world()
        .get::<Told>(room)
        .expect("the state stays until the next match")
        .0
        .iter()
        .copied()
        .map(unpack)
        .collect()
}

/// The commands in a client's newest state.
fn told_at(world: &World, client: usize) -> Vec<(u32, u8, u8)> {
    let simulation = world.clients[client].client.simulation().expect("a match is loaded");
    simulation.get::<Told>().expect("the game's state").0.iter().copied().map(unpack).collect()
}

fn command(tick: u32, byte: u8) -> ClientMessage {
    ClientMessage::Command { match_no: 1, tick: Tick(tick), bytes: [byte].into_iter().collect() }
}

fn queued(world: &mut World) -> usize {
    let ecs = world.server.world_mut();
    ecs.query::<&CommandQueue>().iter(ecs).map(CommandQueue::len).sum()
}

fn refusals(world: &mut World, client: usize) -> usize {
    world.clients[client].client.drain_notices().filter(|notice| matches!(notice, Notice::Refused(_))).count()
}

fn to_the_end(world: &mut World) {
    let over = |world: &World| world.clients.iter().all(|client| client.client.results().is_some());
    assert!(world.step_until(TINY_MATCH_TICKS + 60, over));
    world.step_ticks(15);
}

#[test]
fn over_bad_links_every_command_is_applied_once_in_order_and_everywhere_in_the_same_tick() {
    for (seed, economy) in [(0, false), (1, false), (2, true)] {
        let mut world = playing_in_mode(economy, 300 + seed, "delay=60,jitter=20,loss=0.05,dup=0.05", 4);
        let code = world.room_code();
        let mut sent = vec![Vec::new(); 5];
        for n in 0..70u8 {
            if n == 30 {
                world.join(JoinTarget::Code(code)).expect("the free seat");
            }
            for client in 0..world.clients.len() {
                let is_burst = n % 20 == 0;
                for byte in [n, 100 + n].into_iter().take(1 + usize::from(is_burst)) {
                    if world.clients[client].client.send_command(&[byte]) {
                        let slot = u8::from(world.clients[client].client.slot().expect("a seat"));
                        sent[usize::from(slot)].push(byte);
                    }
                }
            }
            world.step_ticks(9);
        }
        to_the_end(&mut world);
        let told = told(&mut world);
        for (slot, sent) in sent.iter().enumerate() {
            let applied = told.iter().filter(|(_, sender, _)| usize::from(*sender) == slot).map(|(.., byte)| byte);
            assert!(applied.eq(sent), "seed {seed}, slot {slot}: {told:?}");
        }
        assert!(sent[..4].iter().all(|sent| sent.len() == 74), "seed {seed}");
        assert!(sent[4].len() > 20, "the latecomer was heard, too");
        assert!(told.is_sorted_by_key(|(tick, ..)| *tick));
        for client in 0..5 {
            assert_eq!(told_at(&world, client), told, "seed {seed}, client {client}");
        }
        assert_eq!((world.desyncs(), world.errors()), (0, vec![]), "seed {seed}");
    }
}

#[test]
fn the_players_own_command_is_seen_before_the_server_has_it_and_stays_in_its_tick() {
    let mut world = playing(310, "delay=100", 2);
    assert!(world.clients[0].client.send_command(&[7]));
    world.step_ticks(2);
    let predicted = told_at(&world, 0);
    assert_eq!(predicted.len(), 1, "it is predicted");
    let (tick, _, byte) = predicted[0];
    assert!(world.clients[0].client.commands().map(|(tick, it)| (tick.0, it.bytes[0])).eq([(tick, byte)]));
    assert_eq!((told(&mut world), queued(&mut world)), (vec![], 0), "the server cannot know yet");
    world.step_ticks(30);
    assert_eq!(told(&mut world), predicted, "it came in time");
    assert_eq!(told_at(&world, 0), predicted);
    assert_eq!(told_at(&world, 1), predicted);
    assert_eq!(world.desyncs(), 0);
}

#[test]
fn a_command_for_a_tick_that_is_closed_goes_into_the_next_one() {
    let mut world = playing(311, "delay=20", 2);
    world.clients[1].client.claim(&command(0, 1));
    world.clients[1].client.claim(&command(u32::MAX, 2));
    world.clients[1].client.claim(&command(0, 3));
    world.step_ticks(5);
    let told_so_far = told(&mut world);
    assert_eq!(told_so_far.len(), 1, "{told_so_far:?}");
    assert!(told_so_far[0].0 > 20, "{told_so_far:?}");
    // The second command asks for a tick too far ahead to be waited for; the third keeps its position behind it.
    world.step_ticks(70);
    let bytes: Vec<u8> = told(&mut world).iter().map(|(.., byte)| *byte).collect();
    assert_eq!(bytes, [1, 2, 3]);
    assert_eq!((told_at(&world, 0), world.desyncs()), (told(&mut world), 0));
}

#[test]
fn a_flood_of_commands_is_bounded_and_costs_its_sender_the_session() {
    let mut world = playing(312, "delay=20", 3);
    let mut most = 0;
    for _ in 0..30 {
        for n in 0..10 {
            world.clients[2].client.claim(&command(u32::MAX, n));
        }
        world.step_ticks(1);
        most = most.max(queued(&mut world));
        if world.told(2).is_some() {
            break;
        }
    }
    assert_eq!(most, COMMANDS_QUEUED_MAX);
    assert!(refusals(&mut world, 2) > 0, "what did not fit was refused");
    world.step_ticks(90);
    for _ in 0..120 {
        for n in 0..10 {
            world.clients[2].client.claim(&command(0, n));
        }
        world.step_ticks(1);
    }
    assert_eq!(world.told(2), Some(EndCode::SentTooMuch));
    let told = told(&mut world);
    for (tick, ..) in &told {
        assert!(told.iter().filter(|(other, ..)| other == tick).count() <= COMMANDS_MAX);
    }
    assert!((told.len() as u32) < 10 * 9 + 40, "{} commands in nine seconds", told.len());
    assert_eq!(told_at(&world, 0), told);
    assert_eq!(world.desyncs(), 0);
    check::no_room_faulted(&world.server);
}

#[test]
fn the_fullest_frames_still_arrive_one_by_one() {
    for economy in [false, true] {
        the_fullest_frames_arrive(economy);
    }
}

fn the_fullest_frames_arrive(economy: bool) {
    let mut world = playing_in_mode(economy, 315, "delay=30", 15);
    for n in 0..60u8 {
        for client in (0..15).filter(|client| client % 2 == usize::from(n % 2)) {
            world.clients[client].client.send_command(&[n; COMMAND_BYTES_MAX]);
        }
        world.step_ticks(1);
        let lag = world.confirmed_lag();
        assert!(lag.iter().all(|lag| *lag < 8), "in round {n} clients are {lag:?} ticks behind");
    }
    world.step_ticks(60);
    let told = told(&mut world);
    let full = told.iter().filter(|(tick, ..)| told.iter().filter(|(it, ..)| it == tick).count() == COMMANDS_MAX);
    assert!(full.count() > 10 * COMMANDS_MAX, "{told:?}");
    for client in 0..15 {
        assert_eq!(told_at(&world, client), told, "client {client}");
        assert_eq!(world.clients[client].client.stats().resyncs, 0);
    }
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn only_who_takes_part_in_the_running_match_commands() {
    let mut world = playing(313, "delay=20", 3);
    let code = world.room_code();
    let spectator = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(60);
    assert!(!world.clients[spectator].client.send_command(&[1]));
    let invalid = |world: &World| world.server.world().resource::<Counters>().invalid_messages;
    let before = invalid(&world);
    world.clients[spectator].client.claim(&command(0, 1));
    world.clients[0].client.claim(&ClientMessage::Command {
        match_no: 9,
        tick: Tick(0),
        bytes: [1].into_iter().collect(),
    });
    world.clients[1].client.give_up();
    world.step_ticks(10);
    assert_eq!(invalid(&world) - before, 1, "the spectator's; another match's may have crossed with its end");
    assert!(!world.clients[1].client.send_command(&[1]));
    refusals(&mut world, 1);
    world.clients[1].client.claim(&command(0, 1));
    world.step_ticks(10);
    assert_eq!(refusals(&mut world, 1), 1);
    let client = &mut world.clients[0].client;
    assert!(!client.send_command(&[]) && !client.send_command(&[1; COMMAND_BYTES_MAX + 1]));
    assert_eq!(told(&mut world), []);
    assert!(world.clients[0].client.send_command(&[1; COMMAND_BYTES_MAX]));
    world.step_ticks(30);
    assert_eq!((told(&mut world).len(), told_at(&world, spectator).len()), (1, 1));
    assert_eq!(world.desyncs(), 0);
}

#[test]
fn who_comes_back_says_nothing_twice() {
    let mut world = playing(314, "delay=50", 2);
    assert!(world.clients[1].client.send_command(&[1]));
    world.step_ticks(20);
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    assert!(world.clients[1].client.send_command(&[2]), "it does not know yet");
    world.step_ticks(20);
    world.clients[1].is_asleep = true;
    let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat is kept");
    world.step_ticks(60);
    assert!(world.clients[back].client.send_command(&[3]));
    world.step_ticks(60);
    let bytes: Vec<u8> = told(&mut world).iter().map(|(.., byte)| *byte).collect();
    assert_eq!(bytes, [1, 3], "what was lost with the connection is not said again");
    assert_eq!((told_at(&world, 0), told_at(&world, back)), (told(&mut world), told(&mut world)));
    assert_eq!(world.desyncs(), 0);
}
