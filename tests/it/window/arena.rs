//! The arena in the window: what is drawn never changes what is simulated.

use std::{collections::BTreeMap, time::Instant};

use bevy::prelude::*;
use framehouse_client::{
    client::Client,
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
    window::{game::Game, screens::Screen},
};
use framehouse_shared::{arena::ArenaPlugin, rng::SimRng, tick::Tick};
use framehouse_tests::live::LiveServer;

use super::{Folder, MATCH_TICKS, desk, start_server};

/// A player of the same match without a window.
struct Headless {
    client: Client,
    rng: SimRng,
    start: Instant,
}

impl Headless {
    fn join(server: &LiveServer, game: &Game, room: RoomRequest) -> Self {
        let hello = Some(game.config().hello.clone());
        let request = SessionRequest { name: "Headless".to_owned(), room, resume: None, hello };
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

/// Notes the hash of every confirmed state that is still known.
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
    let mut window = desk(&server, &folder, "--create --autopilot");
    window.until_screen(Screen::Lobby);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    let mut headless = Headless::join(&server, &Game::new(ArenaPlugin), RoomRequest::Code(code));
    headless.client.set_ready(true);
    let (mut drawn, mut plain) = (BTreeMap::new(), BTreeMap::new());
    window.until("the match is over", |window| {
        // As somebody does who looks and listens: the net graph, the mouse over the arena, every key of the game.
        if window.screen() == Screen::Match {
            window.key(KeyCode::F3);
            window.click_at(Vec2::new(500.0, 300.0));
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
