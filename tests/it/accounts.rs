//! Lasting ids of players: the same in every match, and one seat each.

use std::{fs, time::Duration};

use framehouse_client::{
    connect::{RoomRequest, SessionRequest, request_session},
    records::read_player,
};
use framehouse_harness::{
    live::{LiveServer, wait_until},
    world::World,
};
use framehouse_server::{
    config::{ReplaySettings, RoomSettings},
    replay::writer::ReplayWriter,
    results::{FILE_NAME, MatchResult, ResultStore},
    room::directory::{JoinError, JoinTarget},
    store::{self, Prover, StoreOptions},
};
use framehouse_shared::{api::PlayerSecret, ids::AccountId, protocol::end::EndCode, replay::ServerKey};
use framehouse_tests::past_results::result_line;
use framehouse_tiny::TinyPlugin;
use framehouse_tools::replays::Folder;

const ADA: PlayerSecret = PlayerSecret::from_random(0xada);
const BOB: PlayerSecret = PlayerSecret::from_random(0xb0b);

fn key() -> ServerKey {
    ServerKey::from_secret([7; 32])
}

fn room(size: u8) -> JoinTarget {
    JoinTarget::Create { size, private: false, practice: false, economy: None }
}

/// Ada and Bob in a room of two.
fn with_both(world: &mut World) -> [usize; 2] {
    let ada = world.join_with_secret(room(2), ADA).expect("a room");
    let bob = world.join_with_secret(JoinTarget::Code(world.clients[ada].room), BOB).expect("a seat");
    [ada, bob]
}

fn results(folder: &Folder) -> Vec<MatchResult> {
    let text = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap_or_default();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_player_is_the_same_one_in_every_match_and_after_a_reconnect() {
    let folder = Folder::new("accounts");
    let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, lobby_s: 0.5, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 120, rooms);
    world.server.set_key(key());
    world.server.keep_results(ResultStore::open(folder.path()).expect("a folder of ours"));
    let replays = folder.path().join("replays");
    let writer = ReplayWriter::start(replays.clone(), &ReplaySettings::default(), key()).expect("a folder of ours");
    world.server.record_replays(writer.queue());
    let [_, bob] = with_both(&mut world);
    world.step_to_playing();
    let address = world.clients[bob].address;
    world.network.set_cut(address, true);
    world.step_ticks(320);
    world.join(JoinTarget::Resume(world.clients[bob].resume)).expect("his seat is kept");
    wait_until("two matches are over", || {
        world.step_ticks(10);
        results(&folder).len() >= 2
    });
    for result in results(&folder) {
        let mut accounts: Vec<_> = result.players.iter().filter_map(|player| player.account).collect();
        accounts.sort();
        let mut expected = [key().account(ADA), key().account(BOB)];
        expected.sort();
        assert_eq!(accounts, expected);
    }
    assert_eq!(world.server.close_results(Duration::from_secs(60)), 0);
    drop(world);
    assert!(writer.close(Duration::from_secs(60)));
    let clock = || Duration::from_secs(1_800_000_000);
    let prover = Some(Prover::new(TinyPlugin, replays, key().public()));
    let options = StoreOptions { prover, ..StoreOptions::in_folder(folder.path().to_owned(), key().public(), clock) };
    let (store, thread) = store::start(options).expect("a folder of ours");
    let matches = results(&folder).len() as u64;
    wait_until("all matches are proven", || store.status().proven == matches);
    assert!(thread.close(Duration::from_secs(60)));
    let status = store.status();
    assert_eq!((status.stored, status.refused, status.unproven), (matches, 0, 0));
}

#[test]
fn the_answer_to_a_request_names_the_player() {
    let server = LiveServer::start(TinyPlugin, Vec::new());
    let ask = |player_secret| {
        let room = RoomRequest::Quick {};
        let request = SessionRequest { name: "Ada".to_owned(), room, resume: None, player_secret, hello: None };
        request_session(&server.url, &request).expect("a seat").player.expect("every player has an id")
    };
    let (first, second) = (ask(Some(ADA)), ask(Some(ADA)));
    assert_eq!(first, second);
    assert!(ask(Some(BOB)) != first && ask(None) != ask(None));
}

#[test]
fn a_guest_is_a_new_one_each_time() {
    let folder = Folder::new("guests");
    let mut world = World::new(TinyPlugin, 121);
    world.server.keep_results(ResultStore::open(folder.path()).expect("a folder of ours"));
    let mut world = world.with_players(2);
    world.step_to_playing();
    wait_until("the match is over", || {
        world.step_ticks(10);
        !results(&folder).is_empty()
    });
    let result = &results(&folder)[0];
    let [a, b] = [0, 1].map(|index| result.players[index].account.expect("a guest has an id, too"));
    assert_ne!(a, b);
}

#[test]
fn a_connected_player_has_one_seat_and_may_watch_and_come_back() {
    let mut world = World::new(TinyPlugin, 122);
    let [ada, bob] = with_both(&mut world);
    world.step_ticks(60);
    for target in [JoinTarget::Quick, room(2), JoinTarget::Code(world.clients[ada].room)] {
        assert_eq!(world.join_with_secret(target, ADA), Err(JoinError::AlreadyPlaying));
    }
    assert!(world.join_with_secret(JoinTarget::Watch(world.clients[ada].room), ADA).is_ok());
    assert!(world.join_with_secret(JoinTarget::Resume(world.clients[bob].resume), BOB).is_ok());
    world.step_ticks(30);
    assert_eq!(world.told(bob), Some(EndCode::TakenOver));
    assert_eq!(world.join_with_secret(JoinTarget::Quick, BOB), Err(JoinError::AlreadyPlaying));
    world.clients[ada].client.leave();
    world.step_ticks(30);
    assert!(world.join_with_secret(JoinTarget::Quick, ADA).is_ok(), "a seat that is left is free");
}

#[test]
fn a_player_who_joins_anew_gives_up_a_lost_seat_and_an_unused_token() {
    // He is silent first, and then lost.
    for ticks in [120, 330] {
        gives_up_what_he_had(ticks);
    }
}

fn gives_up_what_he_had(ticks: u32) {
    let mut world = World::new(TinyPlugin, 123);
    let [ada, bob] = with_both(&mut world);
    world.step_to_playing();
    let address = world.clients[bob].address;
    world.network.set_cut(address, true);
    world.step_ticks(ticks);
    let members = |world: &World| world.clients[ada].client.members().expect("in the room").iter().flatten().count();
    assert_eq!(members(&world), 2, "his seat is kept");
    let first = world.join_with_secret(room(2), BOB).expect("he is not connected");
    let second = world.join_with_secret(room(2), BOB).expect("he has not arrived");
    world.step_ticks(60);
    assert_eq!(members(&world), 1, "he has one seat");
    let is_seated = |index: usize| world.clients[index].client.slot().is_some();
    assert_eq!((is_seated(first), is_seated(second)), (false, true));
    assert_eq!(world.join(JoinTarget::Resume(world.clients[bob].resume)), Err(JoinError::NoSuchSeat));
}

#[test]
fn quick_match_asks_the_database_for_ratings() {
    const EVE: PlayerSecret = PlayerSecret::from_random(0xe7e);
    let mut server = LiveServer::start(TinyPlugin, Vec::new());
    let ask = |server: &LiveServer, secret, room| {
        let name = "somebody".to_owned();
        let request = SessionRequest { name, room, resume: None, player_secret: secret, hello: None };
        request_session(&server.url, &request)
    };
    let create = || RoomRequest::Create { size: 4, private: false, practice: false, economy: None };
    let id = |server: &LiveServer, secret| {
        let grant = ask(server, Some(secret), create()).expect("a seat");
        grant.player.expect("this server names it").0
    };
    let [ada, bob, eve] = [ADA, BOB, EVE].map(|secret| id(&server, secret));
    // Ada and Eve win in turn, and Bob never.
    let line = |number| {
        let (first, second) = if number % 2 == 0 { (ada, eve) } else { (eve, ada) };
        result_line(number, "", &[(first, "first", 3), (second, "second", 2), (bob, "Bob", 1)])
    };
    server.add_results(&(0..20).map(line).collect::<String>());
    wait_until("all are stored", || {
        read_player(&server.url, AccountId(bob)).is_ok_and(|player| player.matches == 20 && player.rating.is_some())
    });
    // Again and again, because seats that nobody uses end, and a busy machine may not know a rating in time.
    wait_until("Eve meets Ada, although Bob's room is fuller", || {
        let near = ask(&server, Some(ADA), create()).expect("a room").code;
        let full = ask(&server, Some(BOB), create()).expect("a room").code;
        ask(&server, None, RoomRequest::Code(full)).expect("a seat");
        ask(&server, Some(EVE), RoomRequest::Quick {}).expect("a seat").code == near
    });
}
