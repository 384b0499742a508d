//! Swarm test: seeded runs with random networks, clients and mishaps. A run panics if an invariant of the server, or of a
//! client without a mishap, does not hold.

use std::{collections::BTreeSet, time::Duration};

use bevy::prelude::Entity;
use framehouse_client::complain;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    config::{CleanupSettings, RoomSettings},
    counters::Counters,
    net::endpoint::BoxedEndpoint,
    room::{Player, by_slot, directory::JoinTarget, phase::RoomPhase},
};
use framehouse_shared::{
    ids::{RoomCode, Slot},
    net_sim::NetSimConfig,
    protocol::{
        guard::Dropped,
        messages::{HostCommand, Phase},
    },
    rng::SimRng,
};
use framehouse_tiny::{Presses, TinyPlugin};

/// The most clients at a time.
const CLIENTS_MAX: usize = 10;
/// Ticks without mishaps after which every remaining client must have recovered: ten seconds of time-outs and some more.
const SETTLE_TICKS: u32 = 630;
/// Ticks after which nothing may be left of any client: time-outs, reservations and goodbyes.
const EMPTY_TICKS: u32 = 750;
/// The most ticks that an innocent client's confirmed tick may be behind its room after [`SETTLE_TICKS`].
const LAG_TICKS_MAX: u32 = 90;
/// The most corruptions of the server's state in one run.
const DESYNCS_MAX: u32 = 3;

/// Counters of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwarmReport {
    /// Clients in all.
    pub clients: usize,
    /// Matches that were played to their end.
    pub matches: u64,
    /// Frames that clients confirmed.
    pub ticks_confirmed: u64,
    /// Datagrams that the attacker made up or sent again.
    pub spoofed: u64,
    /// Datagrams that endpoints dropped.
    pub dropped: u64,
    /// States that were corrupted on purpose.
    pub desyncs_made: u32,
    /// Desyncs caused by that.
    pub desyncs_seen: u64,
    /// Clients without any mishap, which must have had no fault at any time.
    pub innocent: usize,
}

/// Runs one seed for a number of ticks with mishaps, then checks that all clients recover and that everything ends.
///
/// # Panics
/// If an invariant does not hold.
pub fn run(seed: u64, ticks: u32) -> SwarmReport {
    let mut swarm = Swarm::new(seed);
    for _ in 0..ticks {
        swarm.come();
        swarm.disturb();
        swarm.play_tricks();
        swarm.talk();
        swarm.step();
    }
    swarm.wake_everybody();
    (0..SETTLE_TICKS).for_each(|_| swarm.step());
    swarm.the_innocent_are_well();
    swarm.everybody_goes();
    (0..EMPTY_TICKS).for_each(|_| swarm.step());
    swarm.nothing_is_left();
    swarm.report()
}

/// A mishap of a client for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    Cut,
    Asleep,
}

struct Fate {
    /// Whether the swarm still uses it.
    is_here: bool,
    /// Whether it had no mishap that could end its connection.
    is_innocent: bool,
    /// Whether its room's state was corrupted.
    may_desync: bool,
    mishap: Option<(Mishap, u32)>,
}

struct Swarm {
    world: World,
    rng: SimRng,
    fates: Vec<Fate>,
    /// Average ticks between two mishaps.
    mishap_ticks: u32,
    /// Corruptions that may still happen.
    desyncs_left: u32,
    tick: u32,
    report: SwarmReport,
}

impl Swarm {
    fn new(seed: u64) -> Self {
        let mut rng = SimRng::new(!seed);
        let rooms = RoomSettings {
            countdown_s: 1.0,
            results_s: 1.0,
            hard_tolerance_ticks: rng.below(3),
            strict_timeout_s: if rng.one_in(4) { 1.0 } else { 0.0 },
            grace_s: f64::from(rng.below(6)),
            ..Default::default()
        };
        let mut world = World::with_rooms(TinyPlugin, seed, rooms);
        let cleanup = CleanupSettings { cleanup_delay_s: 0.5, force_cleanup_delay_s: 3.0, ..Default::default() };
        world.server.world_mut().insert_resource(cleanup);
        // Calm runs, in which many clients see several matches, and wild ones, in which few stay.
        let mishap_ticks = 15 << rng.below(5);
        let desyncs_left = if rng.one_in(3) { DESYNCS_MAX } else { 0 };
        let report = SwarmReport::default();
        Self { world, rng, fates: Vec::new(), mishap_ticks, desyncs_left, tick: 0, report }
    }

    fn step(&mut self) {
        self.tick += 1;
        for index in 0..self.fates.len() {
            if let Some((mishap, _)) = self.fates[index].mishap.filter(|(_, until)| *until <= self.tick) {
                self.end_mishap(index, mishap);
            }
        }
        self.world.step_ticks(1);
        check::no_room_faulted(&self.world.server);
        self.only_the_guilty_suffer();
    }

    /// A client joins in one of all possible ways, over its own link.
    fn come(&mut self) {
        if self.here().len() < CLIENTS_MAX && self.rng.one_in(30) {
            let target = self.draw_target();
            let link = self.draw_link();
            self.world.set_link(link);
            // Spectators have to leave with the last player.
            let stays = !matches!(target, JoinTarget::Watch(_));
            let joined = self.world.join(target);
            self.note_joined(joined.is_ok(), stays);
        }
    }

    fn note_joined(&mut self, has_joined: bool, is_innocent: bool) {
        if has_joined {
            self.fates.push(Fate { is_here: true, is_innocent, may_desync: false, mishap: None });
        }
    }

    fn draw_target(&mut self) -> JoinTarget {
        let rooms = self.world.rooms();
        match self.rng.below(5) {
            0 => JoinTarget::Create {
                size: 1 + self.rng.below(5) as u8,
                private: self.rng.one_in(2),
                practice: self.rng.one_in(2),
                economy: Some(self.rng.one_in(2)),
            },
            1 if !rooms.is_empty() => JoinTarget::Code(rooms[self.rng.below(rooms.len() as u32) as usize].0),
            2 => JoinTarget::Code(RoomCode::from_number(self.rng.bits())),
            3 if !rooms.is_empty() => JoinTarget::Watch(rooms[self.rng.below(rooms.len() as u32) as usize].0),
            _ => JoinTarget::Quick,
        }
    }

    /// A random link, from perfect to bad, but never so bad that a client cannot connect.
    fn draw_link(&mut self) -> NetSimConfig {
        let rng = &mut self.rng;
        let mut sometimes = |max| if rng.one_in(2) { rng.between(0.0, max) } else { 0.0 };
        NetSimConfig {
            delay_ms: sometimes(150.0),
            jitter_ms: sometimes(40.0),
            spread_ms: sometimes(200.0),
            loss: sometimes(0.15),
            burst: 1.0 + sometimes(3.0),
            reorder: sometimes(0.2),
            duplicate: sometimes(0.2),
            bunch_ms: 0.0,
        }
    }

    /// Draws a mishap for a random client.
    fn disturb(&mut self) {
        let Some(index) = self.draw_client(self.mishap_ticks) else { return };
        let until = self.tick + 1 + self.rng.below(1 << (1 + self.tick % 9));
        match self.rng.below(12) {
            0 => self.world.clients[index].client.leave(),
            1 => self.vanish(index),
            2 => self.begin_mishap(index, Mishap::Cut, until),
            3 => self.begin_mishap(index, Mishap::Asleep, until),
            4 => self.jump_clock(index),
            5 => self.reconnect(index),
            6 => self.world.clients[index].client.set_ready(self.tick.is_multiple_of(2)),
            7 => self.world.clients[index].client.give_up(),
            8 => self.world.clients[index].client.order(HostCommand::Start),
            9 => self.world.clients[index].client.order(HostCommand::Abort),
            10 => self.world.clients[index].client.vote(!self.tick.is_multiple_of(3)),
            _ => self.change_a_state(),
        }
    }

    fn begin_mishap(&mut self, index: usize, mishap: Mishap, until: u32) {
        let fate = &mut self.fates[index];
        if fate.mishap.is_some() {
            return;
        }
        fate.mishap = Some((mishap, until));
        fate.is_innocent = false;
        match mishap {
            Mishap::Cut => self.world.network.set_cut(self.world.clients[index].address, true),
            Mishap::Asleep => self.world.clients[index].is_asleep = true,
        }
    }

    fn end_mishap(&mut self, index: usize, mishap: Mishap) {
        self.fates[index].mishap = None;
        match mishap {
            Mishap::Cut => self.world.network.set_cut(self.world.clients[index].address, false),
            Mishap::Asleep => self.world.clients[index].is_asleep = false,
        }
    }

    /// The process is killed: no goodbye.
    fn vanish(&mut self, index: usize) {
        self.fates[index] = Fate { is_here: false, is_innocent: false, may_desync: true, mishap: None };
        self.world.clients[index].is_asleep = true;
    }

    fn jump_clock(&mut self, index: usize) {
        self.fates[index].is_innocent = false;
        self.world.clients[index].clock_ahead += Duration::from_millis(u64::from(self.rng.below(20_000)));
    }

    /// A player reconnects with a new session, into the same room if possible, while datagrams of the old session are still
    /// in flight; half of the time from the same address, which the server still has for the old session.
    fn reconnect(&mut self, index: usize) {
        let (room, address) = (self.world.clients[index].room, self.world.clients[index].address);
        self.vanish(index);
        let target = match self.rng.below(4) {
            0 => JoinTarget::Quick,
            1 => JoinTarget::Code(room),
            _ => JoinTarget::Resume(self.world.clients[index].resume),
        };
        if self.rng.one_in(2) {
            let joined = self.world.join_at(target, address);
            // The old session may still have the address when the new one's token expires.
            self.note_joined(joined.is_ok(), false);
        } else {
            let joined = self.world.join(target);
            self.note_joined(joined.is_ok(), true);
        }
    }

    /// Corrupts the server's own state of a room, so that its members' states differ from now on.
    fn change_a_state(&mut self) {
        let rooms = self.world.rooms();
        let ecs = self.world.server.world_mut();
        let playing =
            rooms.into_iter().find(|(_, room)| matches!(ecs.get::<RoomPhase>(*room), Some(RoomPhase::Playing { .. })));
        let Some((code, room)) = playing.filter(|_| self.desyncs_left > 0) else { return };
        let luck = u64::from(self.rng.bits()) | 1;
        if let Some(mut presses) = ecs.get_mut::<Presses>(room) {
            presses.luck ^= luck;
            self.desyncs_left -= 1;
            self.report.desyncs_made += 1;
            for (client, fate) in self.world.clients.iter().zip(&mut self.fates) {
                if client.room == code {
                    fate.may_desync = true;
                    // After three desyncs the server ends a client's session.
                    fate.is_innocent = false;
                }
            }
        }
    }

    /// An attacker on the path sends datagrams to either end of a client's link.
    fn play_tricks(&mut self) {
        let Some(index) = self.draw_client(4) else { return };
        for _ in 0..=self.rng.below(12) {
            let (whose, datagram) = self.draw_datagram();
            self.report.spoofed += 1;
            let address = self.world.clients[index].address;
            // netcode binds a token to the first address that sends it, so an attacker who overhears it and is faster can
            // use it.
            let is_token = datagram.len() == 1078;
            if is_token && whose != index && self.world.clients[whose].client.phase().is_none() {
                self.fates[whose].is_innocent = false;
            }
            if self.rng.one_in(3) {
                self.world.network.spoof_to(address, &datagram);
            } else {
                self.world.network.spoof(address, &datagram);
            }
        }
    }

    /// A client, and one of its datagrams, unchanged or changed, or random bytes with a valid first byte.
    fn draw_datagram(&mut self) -> (usize, Vec<u8>) {
        let whose = self.rng.below(self.world.clients.len() as u32) as usize;
        let overheard = self.world.network.overheard(self.world.clients[whose].address);
        if self.rng.one_in(2) && !overheard.is_empty() {
            let mut datagram = overheard[self.rng.below(overheard.len() as u32) as usize].clone();
            if self.rng.one_in(2) {
                let index = self.rng.below(datagram.len() as u32) as usize;
                datagram[index] ^= 1 << self.rng.below(8);
            }
            return (whose, datagram);
        }
        let length = match self.rng.below(4) {
            0 => 1078,
            1 => 18 + self.rng.below(20),
            2 => 326,
            _ => self.rng.below(1500),
        };
        let mut datagram: Vec<u8> = (0..length).map(|_| self.rng.bits() as u8).collect();
        if let Some(first) = datagram.first_mut() {
            *first = (self.rng.below(10) << 4 | self.rng.below(8)) as u8;
        }
        (whose, datagram)
    }

    fn talk(&mut self) {
        if let Some(index) = self.draw_client(10) {
            let bytes = vec![self.tick as u8; 1 + self.rng.below(256) as usize];
            self.world.clients[index].client.send_game_message(&bytes);
        }
        if let Some(index) = self.draw_client(20) {
            self.world.clients[index].client.set_ready(true);
        }
    }

    /// A random connected client, once in a number of calls.
    fn draw_client(&mut self, one_in: u32) -> Option<usize> {
        let here = self.here();
        (self.rng.one_in(one_in) && !here.is_empty()).then(|| here[self.rng.below(here.len() as u32) as usize])
    }

    fn here(&self) -> Vec<usize> {
        (0..self.fates.len())
            .filter(|index| self.fates[*index].is_here && self.world.clients[*index].client.ended().is_none())
            .collect()
    }

    fn only_the_guilty_suffer(&self) {
        for (index, (client, fate)) in self.world.clients.iter().zip(&self.fates).enumerate() {
            let stats = client.client.stats();
            assert!(fate.may_desync || stats.desyncs == 0, "client {index} differs from the server");
            assert_eq!(stats.errors.messages(), <&[String]>::default(), "client {index} had errors");
            assert_eq!(client.client.drops().of(Dropped::Panic), 0, "a library panicked at client {index}");
            let has_lost = client.client.ended().filter(|_| fate.is_innocent && !client.client.is_leaving());
            assert_eq!(has_lost, None, "client {index} lost its session and nothing had happened to it");
        }
        let counters = self.world.server.world().resource::<Counters>();
        assert!(self.report.desyncs_made > 0 || counters.desyncs == 0, "the server sees a desync nobody made");
    }

    fn wake_everybody(&mut self) {
        for index in 0..self.fates.len() {
            if let Some((mishap, _)) = self.fates[index].mishap {
                self.end_mishap(index, mishap);
            }
        }
    }

    /// Checks that every client with a session is in a room and follows it.
    fn the_innocent_are_well(&mut self) {
        let here = self.here();
        let rooms = self.world.rooms();
        for index in here {
            let client = &self.world.clients[index];
            assert!(client.client.phase().is_some(), "client {index} is in no room");
            let Some((_, room)) = rooms.iter().find(|(code, _)| *code == client.room) else {
                panic!("the room of client {index} is gone");
            };
            let lag = self.world.confirmed_lag_of(index, *room);
            let plays = matches!(client.client.phase(), Some(Phase::Playing { .. }));
            assert!(!plays || lag <= LAG_TICKS_MAX, "client {index} is {lag} ticks behind its room");
            let seen = client.client.members().into_iter().flatten().flatten();
            let seen: Vec<(Slot, String)> = seen.map(|member| (member.slot, member.name.clone())).collect();
            assert_eq!(seen, members(self.world.server.world(), *room), "client {index} sees other people in its room");
        }
    }

    fn everybody_goes(&mut self) {
        for index in self.here() {
            match self.rng.below(3) {
                0 => self.vanish(index),
                _ => self.world.clients[index].client.leave(),
            }
        }
    }

    fn nothing_is_left(&mut self) {
        assert_eq!(self.here(), Vec::<usize>::new(), "somebody could not leave");
        check::nothing_is_left(&mut self.world.server);
        let ecs = self.world.server.world_mut();
        for endpoint in ecs.query::<&BoxedEndpoint>().iter(ecs) {
            assert_eq!(endpoint.clients(), 0, "connections are left");
            assert_eq!(endpoint.traffic().dropped.of(Dropped::Panic), 0, "a library panicked in an endpoint");
        }
    }

    fn report(mut self) -> SwarmReport {
        let ecs = self.world.server.world_mut();
        let dropped = ecs.query::<&BoxedEndpoint>().iter(ecs).map(|endpoint| endpoint.traffic().dropped.total()).sum();
        let confirmed = |client: &framehouse_harness::world::TestClient| client.client.stats().ticks_confirmed;
        SwarmReport {
            clients: self.world.clients.len(),
            matches: ecs.resource::<Counters>().matches_finished,
            ticks_confirmed: self.world.clients.iter().map(confirmed).sum(),
            dropped,
            desyncs_seen: self.world.desyncs(),
            innocent: self.fates.iter().filter(|fate| fate.is_innocent).count(),
            ..self.report
        }
    }
}

/// The members of a room on the server, by seat.
fn members(world: &bevy::prelude::World, room: Entity) -> Vec<(Slot, String)> {
    let players = by_slot(world, room).into_iter().filter_map(|player| world.get::<Player>(player));
    players.map(|player| (player.slot(), player.name().to_owned())).collect()
}

/// Runs many seeds and returns those that fail.
pub fn failing(seeds: impl Iterator<Item = u64>, ticks: u32, mut done: impl FnMut(u64, &SwarmReport)) -> BTreeSet<u64> {
    seeds
        .filter(|seed| match std::panic::catch_unwind(|| run(*seed, ticks)) {
            Ok(report) => {
                done(*seed, &report);
                false
            }
            Err(_) => {
                complain!("swarm: seed {seed} fails (the sentence is above)");
                true
            }
        })
        .collect()
}
