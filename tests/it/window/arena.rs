//! The arena in the window: drawing never changes the simulation.

use std::{collections::BTreeMap, time::Instant};

use bevy::prelude::*;
use framehouse_arena::{ArenaPlugin, emote::Emote, scoring::Scores};
use framehouse_client::{
    client::Client,
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_harness::live::LiveServer;
use framehouse_shared::{rng::SimRng, tick::Tick};
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_window::{game::Game, screens::Screen};

use super::{Folder, MATCH_TICKS, open_at, open_window, start_server};

/// A player of the same match without a window.
struct Headless {
    client: Client,
    rng: SimRng,
    start: Instant,
}

impl Headless {
    fn join(server: &LiveServer, game: &Game, room: RoomRequest) -> Self {
        let hello = Some(game.config().hello.clone());
        let request = SessionRequest { name: "Headless".to_owned(), room, resume: None, player_secret: None, hello };
        let grant = request_session(&server.url, &request).expect("a seat");
        let link = UdpLink::connect(Connection::server_address(&grant.token).expect("a token")).expect("a socket");
        let start = Instant::now();
        let client = Client::new(&grant.token, Box::new(link), game.config(), start.elapsed()).expect("a token");
        Self { client, rng: SimRng::new(5), start }
    }

    fn update(&mut self) {
        let rng = &mut self.rng;
        self.client.update(self.start.elapsed(), &mut |request| request.bot_input(rng));
    }
}

/// Records the hash of every confirmed state that the client still has.
fn note_hashes(client: &Client, hashes: &mut BTreeMap<u32, u64>) {
    let Some(prediction) = client.prediction() else { return };
    let first = hashes.last_key_value().map_or(0, |(tick, _)| tick + 1);
    for tick in (first..MATCH_TICKS).map_while(|tick| Some((tick, prediction.hashes_after(Tick(tick))?))) {
        hashes.insert(tick.0, tick.1.combined());
    }
}

#[test]
fn a_match_has_the_same_hashes_with_a_window_and_without() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--create --autopilot");
    window.until_screen(Screen::Lobby);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    let mut headless = Headless::join(&server, &Game::new(ArenaPlugin), RoomRequest::Code(code));
    headless.client.set_ready(true);
    let (mut drawn, mut plain) = (BTreeMap::new(), BTreeMap::new());
    window.until("the match is over", |window| {
        // Uses everything: the net graph, the mouse over the arena, every key of the game.
        if window.screen() == Screen::Match {
            window.key(KeyCode::F3);
            window.hold_at(Vec2::new(500.0, 300.0));
            window.let_go();
        }
        headless.update();
        window.session().client().iter().for_each(|client| note_hashes(client, &mut drawn));
        note_hashes(&headless.client, &mut plain);
        window.screen() == Screen::Results
    });
    assert!(drawn.len() > MATCH_TICKS as usize * 9 / 10, "only {} states were drawn", drawn.len());
    assert!(plain.len() > MATCH_TICKS as usize * 9 / 10, "only {} states were compared", plain.len());
    let differs = drawn.iter().find(|(tick, hash)| plain.get(tick).is_some_and(|other| other != *hash));
    assert_eq!(differs, None, "the first state that is another one with a window");
    assert_eq!(window.session().stats().map(|stats| stats.desyncs), Some(0));
}

#[test]
fn a_newcomer_is_told_the_keys_until_they_were_tried() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice");
    window.until_screen(Screen::Match);
    window.until_seen("W A S D: move");
    assert!(window.sees("Mouse right / Shift left: dash"));
    window.until("everything was tried", |window| {
        window.key(KeyCode::KeyW);
        window.key(KeyCode::ShiftLeft);
        window.point_at(Vec2::new(300.0, 300.0));
        window.point_at(Vec2::new(700.0, 400.0));
        !window.sees("W A S D: move")
    });
    assert_eq!(window.screen(), Screen::Match);
}

#[test]
fn keys_send_emotes() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice");
    window.until_screen(Screen::Match);
    let own = window.session().slot().expect("a seat");
    let shown = |window: &HeadlessWindow| {
        let own = window.session().commands().filter(|(_, command)| command.slot == own);
        own.filter_map(|(_, command)| Emote::of(command)).collect::<Vec<_>>()
    };
    window.until("the craft is there", |window| {
        let next_tick = window.session().simulation().map(|simulation| simulation.next_tick());
        next_tick > Some(Tick(5))
    });
    window.until("the heart is shown", |window| {
        window.key(KeyCode::Digit4);
        !shown(window).is_empty()
    });
    window.until("another one after a while", |window| {
        window.key(KeyCode::Digit2);
        shown(window).last() == Some(&Emote::Tears)
    });
}

#[test]
fn the_net_graph_comes_and_goes_and_ping_and_loss_stay() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until_screen(Screen::Match);
    window.until_seen(" ms");
    window.until_seen("0.0 % loss");
    assert!(!window.sees("round trip"));
    window.key(KeyCode::F3);
    window.until("numbers", |window| {
        let texts = window.texts();
        let is_number = |text: &String, unit: &str| text.strip_suffix(unit).is_some_and(|it| it.parse::<f32>().is_ok());
        let units =
            [" ms round trip", " ms margin", " ticks lead", " ticks undone", " corrections", " % loss", " KB/s"];
        units.iter().all(|unit| texts.iter().any(|text| is_number(text, unit)))
    });
    window.key(KeyCode::F3);
    window.until("it is gone", |window| !window.sees("round trip"));
}

#[test]
fn panels_keep_clear_of_each_other_in_every_window() {
    let server = start_server();
    for (width, height) in [(800, 600), (1280, 720), (2560, 1080), (3840, 2160)] {
        // A player of its own: that of the window before still has its seat.
        let folder = Folder::new();
        let line = format!("--server {} --config-dir {} --practice --autopilot", server.url, folder.0.display());
        let size = UVec2::new(width, height);
        let mut window = open_at(&line, size);
        window.until_screen(Screen::Match);
        window.until_seen("LEADERBOARD");
        window.until("the panels have their places", |window| window.panels().len() >= 4);
        window.frames(3);
        let panels = window.panels();
        let whole = Rect::from_corners(Vec2::ZERO, size.as_vec2());
        for (place, panel) in panels.iter().enumerate() {
            assert!(whole.contains(panel.min) && whole.contains(panel.max), "{size}: {panel:?}");
            for other in &panels[place + 1..] {
                assert!(panel.intersect(*other).is_empty(), "{size}: {panel:?} and {other:?}");
            }
        }
    }
}

#[test]
fn a_desync_is_told_by_name_over_the_match() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| {
        let client = window.session().client();
        client.and_then(Client::simulation).is_some_and(|simulation| simulation.next_tick() > Tick(30))
    });
    let tick = window.session().client().and_then(Client::simulation).expect("it runs").next_tick().plus(5);
    window.session_mut().client_mut().expect("in a room").corrupt(tick, |room| {
        room.get_mut::<Scores>().expect("scores").0[3].points += 7;
    });
    window.until_seen("Your game differed from the server's");
    assert!(window.sees("(scoreboard)"), "{:?}", window.texts());
    assert_eq!(window.screen(), Screen::Match);
}
