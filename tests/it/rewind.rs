//! Rewind: spectators, and players who gave up, go back in a running match and return to the present.

use std::time::Duration;

use framehouse_arena::ArenaPlugin;
use framehouse_client::{client::Notice, net::Connection, timeline::Timeline};
use framehouse_harness::world::{LOOPBACK, World};
use framehouse_server::{
    config::RoomSettings,
    net::endpoint::ClientKind,
    room::{
        directory::{JoinRequest, JoinTarget, LocalHello},
        history::FrameHistory,
    },
};
use framehouse_shared::{
    protocol::messages::{
        ClientMessage, HistoryContent, HistoryPart, PlayerState, RoomEvent, SNAPSHOT_CHUNK_BYTES, ServerMessage,
    },
    room_state::RoomStates,
    state_hash::StateHashes,
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;

/// Seconds of uncompressed frames in the history: few, so that most of the match is in compressed blocks.
const HISTORY_SECONDS: f64 = 2.0;
const TICK_SECONDS: f64 = 1.0 / 30.0;

/// A match of three players in a room of four seats, with its state hash after each tick.
struct Match {
    world: World,
    truth: Vec<StateHashes>,
}

impl Match {
    fn begin(link: &str) -> Self {
        Self::begin_in_mode(false, link)
    }

    /// A match in economy mode or not.
    fn begin_in_mode(economy: bool, link: &str) -> Self {
        let rooms = RoomSettings {
            history_s: HISTORY_SECONDS,
            results_s: 1.0,
            countdown_s: 1.0,
            economy,
            ..Default::default()
        };
        let world = World::with_rooms(ArenaPlugin, 61, rooms).with_link(link);
        let mut running = Self { world, truth: Vec::new() };
        let target = JoinTarget::Create { size: 4, private: false, practice: false, economy: None };
        running.world.join(target).expect("an empty server has room");
        let code = running.world.room_code();
        for _ in 1..3 {
            running.world.join(JoinTarget::Code(code)).expect("a free seat");
        }
        running.world.all_ready();
        let is_loaded = |world: &World| world.clients.iter().all(|client| client.client.simulation().is_some());
        let begins = (0..900).any(|_| {
            running.step();
            is_loaded(&running.world) && !running.truth.is_empty()
        });
        assert!(begins, "the match did not begin within thirty seconds");
        running
    }

    fn step(&mut self) {
        self.world.step_ticks(1);
        let room = self.world.rooms()[0].1;
        let Some(history) = self.world.server.world().get::<FrameHistory>(room) else { return };
        if history.end().0 as usize > self.truth.len() {
            let world = self.world.server.world();
            self.truth.push(world.resource::<RoomStates>().hashes(world.entity(room)));
        }
    }

    fn step_ticks(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.step());
    }

    fn watch(&mut self) -> usize {
        let code = self.world.room_code();
        let spectator = self.world.join(JoinTarget::Watch(code)).expect("a place to watch from");
        let comes = (0..300).any(|_| {
            self.step();
            self.world.clients[spectator].client.simulation().is_some()
        });
        assert!(comes, "the spectator did not get the match within ten seconds");
        spectator
    }

    /// Runs one tick. A client that shows the past plays it at this speed.
    fn step_rewound(&mut self, client: usize, speed: f64) {
        self.step();
        self.world.clients[client].client.advance_rewound(speed * TICK_SECONDS);
        let shown = self.world.clients[client].client.rewound();
        if let Some(timeline) = shown.filter(|timeline| timeline.simulation().next_tick() > Tick(0)) {
            let tick = timeline.simulation().next_tick().0 - 1;
            assert_eq!(timeline.simulation().hashes(), self.truth[tick as usize], "the state after tick {tick}");
        }
    }

    /// Goes back to the first tick, plays at this speed up to the present, and returns for each shown state the number
    /// of ticks that had been run.
    fn rewind_and_catch_up(&mut self, client: usize, speed: f64) -> Vec<u32> {
        self.world.clients[client].client.rewind_to(0.0);
        let mut shown = Vec::new();
        for _ in 0..3000 {
            self.step_rewound(client, speed);
            let timeline = self.world.clients[client].client.rewound();
            shown.extend(timeline.map(|timeline| timeline.simulation().next_tick().0));
            if self.world.clients[client].client.rewind_position().is_none() {
                return shown;
            }
        }
        panic!("the present was not reached: {:?}", self.world.clients[client].client.rewind_position());
    }

    fn is_well(&self) {
        assert_eq!((self.world.desyncs(), self.world.errors()), (0, Vec::<String>::new()));
    }
}

/// Whether the past was shown from its beginning, in steps of at most `step_max` ticks.
fn is_whole(shown: &[u32], step_max: u32) -> bool {
    shown.is_sorted() && shown[0] <= step_max && shown.windows(2).all(|pair| pair[1] - pair[0] <= step_max)
}

#[test]
fn a_late_spectator_sees_the_match_from_its_first_tick_and_is_live_again() {
    for economy in [false, true] {
        a_late_spectator_looks_back(economy);
    }
}

fn a_late_spectator_looks_back(economy: bool) {
    let mut running = Match::begin_in_mode(economy, "delay=20");
    running.step_ticks(500);
    let spectator = running.watch();
    let room = running.world.rooms()[0].1;
    let first = running.world.server.world().get::<FrameHistory>(room).expect("a match").first();
    assert!(first > Tick(300), "most of the match is compressed: {first}");
    let shown = running.rewind_and_catch_up(spectator, 4.0);
    assert!(is_whole(&shown, 5), "{shown:?}");
    assert!(shown.last().is_some_and(|last| *last > 550), "{:?}", shown.last());
    running.step_ticks(60);
    let client = &running.world.clients[spectator].client;
    assert!(client.rewound().is_none() && client.simulation().is_some());
    assert!(running.world.confirmed_lag()[spectator] < 8, "{:?}", running.world.confirmed_lag());
    running.is_well();
}

#[test]
fn any_moment_of_the_past_is_shown_and_a_second_look_needs_nothing_from_the_server() {
    let mut running = Match::begin("delay=1");
    running.step_ticks(700);
    let spectator = running.watch();
    for moment in [600.0, 3.0, 421.5, 90.0] {
        running.world.clients[spectator].client.rewind_to(moment);
        (0..90).for_each(|_| running.step_rewound(spectator, 0.0));
        let client = &running.world.clients[spectator].client;
        assert_eq!(client.rewind_position(), Some(moment));
        let next = client.rewound().map(|timeline| timeline.simulation().next_tick());
        assert_eq!(next, Some(Tick(moment as u32 + 1)));
    }
    running.world.clients[spectator].client.return_to_live();
    assert!(running.world.clients[spectator].client.rewound().is_none());
    running.world.clients[spectator].client.rewind_to(5.0);
    running.world.clients[spectator].client.advance_rewound(0.0);
    assert!(running.world.clients[spectator].client.rewound().is_some(), "it is shown at once");
    assert_eq!(running.world.clients[spectator].client.rewound().and_then(Timeline::broken), None);
    running.is_well();
}

#[test]
fn names_of_players_who_left_are_known_in_the_past() {
    let mut running = Match::begin("delay=1");
    running.step_ticks(200);
    let gone = running.world.clients[2].client.slot().expect("a seat");
    running.world.clients[2].client.leave();
    running.step_ticks(200);
    let spectator = running.watch();
    assert_eq!(running.world.clients[spectator].client.name_of(gone), None);
    running.world.clients[spectator].client.rewind_to(30.0);
    (0..60).for_each(|_| running.step_rewound(spectator, 0.0));
    let timeline = running.world.clients[spectator].client.rewound().expect("the past is shown");
    assert_eq!(timeline.name_of(gone), Some("player 2"));
}

#[test]
fn a_player_may_go_back_after_giving_up_and_not_before() {
    let mut running = Match::begin("delay=20");
    running.step_ticks(200);
    assert!(!running.world.clients[1].client.can_rewind());
    running.world.clients[1].client.rewind_to(0.0);
    assert_eq!(running.world.clients[1].client.rewind_position(), None);
    running.world.clients[1].client.give_up();
    running.step_ticks(10);
    assert_eq!(running.world.clients[1].client.state(), Some(PlayerState::Aborted));
    let shown = running.rewind_and_catch_up(1, 8.0);
    assert!(is_whole(&shown, 9), "{shown:?}");
    running.step_ticks(30);
    running.is_well();
}

#[test]
fn a_bad_link_delays_the_past_and_breaks_nothing() {
    let mut running = Match::begin("spread=150,loss=0.1,dup=0.02");
    running.step_ticks(400);
    let spectator = running.watch();
    let shown = running.rewind_and_catch_up(spectator, 4.0);
    assert!(is_whole(&shown, 5), "{shown:?}");
    running.step_ticks(60);
    running.is_well();
}

#[test]
fn whoever_is_in_the_past_when_the_match_ends_sees_its_results() {
    let mut world = World::new(TinyPlugin, 9).with_players(2);
    world.step_to_playing();
    world.step_ticks(600);
    let code = world.room_code();
    let spectator = world.join(JoinTarget::Watch(code)).expect("a place to watch from");
    assert!(world.step_until(60, |world| world.clients[spectator].client.simulation().is_some()));
    world.clients[spectator].client.rewind_to(10.0);
    let is_over = |world: &World| world.clients[spectator].client.results().is_some();
    assert!(world.step_until(600, is_over));
    let client = &world.clients[spectator].client;
    assert_eq!((client.rewind_position(), client.can_rewind()), (None, false));
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn nobody_gets_a_frame_later_because_somebody_looks_back() {
    // The ticks that the players have confirmed after each tick.
    let course = |looks_back: bool| {
        let mut running = Match::begin("delay=20");
        running.step_ticks(400);
        let spectator = running.watch();
        let confirmed = |world: &World, client: usize| {
            world.clients[client].client.prediction().map(|prediction| prediction.next_confirmed())
        };
        let mut after = Vec::new();
        for _ in 0..90 {
            if looks_back {
                running.world.clients[spectator].client.rewind_to(0.0);
                running.step_rewound(spectator, 8.0);
            } else {
                running.step();
            }
            after.push((0..=spectator).map(|client| confirmed(&running.world, client)).collect::<Vec<_>>());
        }
        after
    };
    let alone = course(false);
    assert_eq!(course(true), alone, "and the spectator's own live match goes on as well");
    assert!(alone.windows(2).all(|pair| pair[0][0] < pair[1][0]), "a player confirms in every tick");
}

#[test]
fn events_reach_who_looks_back_while_the_past_comes() {
    let mut running = Match::begin("delay=20");
    running.step_ticks(600);
    let spectator = running.watch();
    running.world.clients[spectator].client.rewind_to(0.0);
    running.step_ticks(8);
    running.world.clients[spectator].client.drain_notices();
    running.world.clients[0].client.chat("hello");
    let mut ticks = 0;
    let is_chat = |notice: Notice| matches!(notice, Notice::Room(RoomEvent::Chat { .. }));
    while !running.world.clients[spectator].client.drain_notices().any(is_chat) {
        running.step();
        ticks += 1;
        assert!(ticks < 30, "not within a second");
    }
}

/// A hand-driven session, for requests that `Client` never makes.
struct Asker {
    connection: Connection,
    refusals: Vec<String>,
    chunks: Vec<(HistoryContent, usize)>,
    is_over: bool,
}

impl Asker {
    fn join(running: &mut Match, target: JoinTarget) -> Self {
        let world = &mut running.world;
        let (name, caller, kind) = ("asker".into(), LOOPBACK, ClientKind::Simulating);
        let request = JoinRequest { name, target, secret: None, rating: None, hello: None, caller, kind };
        let grant = world.server.join(&request).expect("a place");
        let end = world.network.connect(grant.server, Default::default(), 77);
        let mut connection = Connection::new(&grant.token, Box::new(end), world.now()).expect("a token");
        let hello = world.server.world().resource::<LocalHello>().0.clone();
        connection.queue_control(&ClientMessage::Hello(hello));
        let mut asker = Self { connection, refusals: Vec::new(), chunks: Vec::new(), is_over: false };
        (0..30).for_each(|_| asker.step(running, &[]));
        asker
    }

    fn step(&mut self, running: &mut Match, say: &[ClientMessage]) {
        running.step();
        let now: Duration = running.world.now();
        self.connection.receive(now);
        while let Some(message) = self.connection.next_control() {
            match message {
                ServerMessage::Refused { reason } => self.refusals.push(reason),
                ServerMessage::HistoryChunk { content, bytes, .. } => self.chunks.push((content, bytes.len())),
                ServerMessage::Goodbye(_) => self.is_over = true,
                _ => {}
            }
        }
        say.iter().for_each(|message| self.connection.queue_control(message));
        self.connection.send(now);
    }
}

const fn want(match_no: u32, part: HistoryPart) -> ClientMessage {
    ClientMessage::WantHistory { match_no, part }
}

#[test]
fn a_player_in_the_match_is_refused_with_a_reason() {
    let mut running = Match::begin("delay=1");
    running.step_ticks(200);
    let mut asker = Asker::join(&mut running, JoinTarget::Quick);
    asker.step(&mut running, &[want(1, HistoryPart::Opening), want(1, HistoryPart::From(Tick(0)))]);
    (0..30).for_each(|_| asker.step(&mut running, &[]));
    assert_eq!(asker.refusals, ["only spectators and players who gave up can go back in a match"; 2]);
    assert!(asker.chunks.is_empty());
}

#[test]
fn requests_for_what_is_not_there_are_ignored() {
    let mut running = Match::begin("delay=1");
    running.step_ticks(100);
    let code = running.world.room_code();
    let mut asker = Asker::join(&mut running, JoinTarget::Watch(code));
    let nothing =
        [want(0, HistoryPart::Opening), want(2, HistoryPart::Opening), want(1, HistoryPart::From(Tick(9999)))];
    asker.step(&mut running, &nothing);
    (0..30).for_each(|_| asker.step(&mut running, &[]));
    assert_eq!((asker.chunks.len(), asker.refusals.len(), asker.is_over), (0, 0, false));
    asker.step(&mut running, &[want(1, HistoryPart::From(Tick(7)))]);
    (0..30).for_each(|_| asker.step(&mut running, &[]));
    assert!(!asker.chunks.is_empty());
}

#[test]
fn a_flood_of_requests_gets_no_more_than_one_spectators_share() {
    let mut running = Match::begin("delay=1");
    running.step_ticks(700);
    let code = running.world.room_code();
    let mut asker = Asker::join(&mut running, JoinTarget::Watch(code));
    let requests = [HistoryPart::From(Tick(0)), HistoryPart::Opening].map(|part| want(1, part));
    let seconds = 10;
    // Fifteen a second: more would be a flood of control messages of any kind.
    for turn in 0..15 * seconds {
        asker.step(&mut running, &requests[turn % 2..=turn % 2]);
        asker.step(&mut running, &[]);
    }
    let bytes: usize = asker.chunks.iter().map(|(_, bytes)| bytes).sum();
    let most = (seconds + 1) * 32 * 1024;
    assert!((SNAPSHOT_CHUNK_BYTES..most).contains(&bytes), "{bytes} bytes in {seconds} s");
    assert!(!asker.is_over && asker.refusals.is_empty());
    assert!(running.world.clients.iter().all(|client| client.client.stats().replaced_inputs == 0));
    running.is_well();
}
