//! Life cycles of rooms in virtual time, with short timers and random commands: nothing may be left of a closed room, no
//! counter may stand still, and no alert may fire.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    cleanup::Cleanup,
    config::{AlertSettings, CleanupSettings, NetSettings, RoomSettings},
    counters::Counters,
    net::secret::ResumeSecret,
    ops::alerts::{book::Moment, reading::Vitals, watch::Watch},
    room::directory::{Directory, JoinTarget},
    schedule::Now,
};
use framehouse_shared::{
    api::Status,
    ids::{RoomCode, SLOTS_MAX, Slot},
    protocol::messages::{HostCommand, RoomOptions},
    rng::SimRng,
};
use framehouse_tiny::{MatchSeconds, TinyPlugin};

/// The most clients at a time.
const CLIENTS_MAX: usize = 40;
/// Average ticks between two actions of a client.
const ACTION_TICKS: u32 = 12;
/// Ticks after which a client leaves or vanishes at the latest.
const CLIENT_TICKS_MAX: u32 = 240;
/// Ticks after which everything has ended: time-outs, grace periods, reservations, cleanups, goodbyes.
const DRAIN_TICKS: u32 = 600;

/// Ticks a second.
const TICK_RATE: u64 = 30;
/// Checkpoints of a run of some hours.
const CHECKPOINTS: u64 = 8;

/// Outcome of a run.
#[derive(Clone, Debug)]
pub struct LifecyclesReport {
    /// Rooms that were opened and closed.
    pub rooms: u64,
    /// Clients that joined and left.
    pub clients: u64,
    /// Matches that were played to their end.
    pub matches: u64,
    /// Virtual time, in hours.
    pub hours: f64,
    /// Counters of the cleanup.
    pub cleanup: framehouse_server::cleanup::CleanupStats,
    /// Live bytes of the process at each checkpoint, with the number of rooms before it.
    pub live_bytes: Vec<(u64, u64)>,
}

/// Runs a number of rooms. After every `checkpoint` rooms all clients leave, and nothing may be left. `live_bytes` reads the
/// allocator.
///
/// # Panics
/// If something is left, a room panics, a client reports an error, an alert fires or a counter stands still.
pub fn run(seed: u64, rooms: u64, checkpoint: u64, live_bytes: impl Fn() -> u64) -> LifecyclesReport {
    run_until(seed, rooms, checkpoint, Crowd::rooms_made, live_bytes)
}

/// Like [`run`], for some hours of virtual time, with eight checkpoints.
///
/// # Panics
/// Like [`run`].
pub fn run_hours(seed: u64, hours: f64, live_bytes: impl Fn() -> u64) -> LifecyclesReport {
    let ticks = ((hours * 3600.0) as u64 * TICK_RATE).max(CHECKPOINTS);
    run_until(seed, ticks, ticks / CHECKPOINTS, Crowd::ticks, live_bytes)
}

fn run_until(
    seed: u64,
    end: u64,
    checkpoint: u64,
    progress: fn(&Crowd) -> u64,
    live_bytes: impl Fn() -> u64,
) -> LifecyclesReport {
    let mut crowd = Crowd::new(seed);
    let mut readings = Vec::new();
    while progress(&crowd) < end {
        let next = progress(&crowd) + checkpoint;
        while progress(&crowd) < next {
            crowd.step();
        }
        crowd.drain();
        crowd.check_counters();
        readings.push((crowd.rooms_made(), live_bytes()));
    }
    let hours = crowd.ticks() as f64 / TICK_RATE as f64 / 3600.0;
    let world = crowd.world.server.world();
    LifecyclesReport {
        rooms: crowd.rooms_made(),
        clients: crowd.clients,
        matches: world.resource::<Counters>().matches_finished,
        hours,
        cleanup: world.resource::<Cleanup>().stats(),
        live_bytes: readings,
    }
}

struct Crowd {
    world: World,
    rng: SimRng,
    /// Ticks since each client joined.
    ages: Vec<u32>,
    /// Secrets of players who may have lost their connection.
    secrets: Vec<ResumeSecret>,
    clients: u64,
    /// An operator's eye on the server.
    watch: Watch,
    /// Counters of the last checkpoint.
    counted: Vec<(&'static str, u64)>,
}

/// Counters that grow on a busy server.
fn growing(status: &Status) -> Vec<(&'static str, u64)> {
    vec![
        ("tick", status.tick),
        ("rooms_ticks", status.rooms_ticks),
        ("matches_finished", status.matches_finished),
        ("room_messages_in", status.room_messages_in),
        ("room_messages_out", status.room_messages_out),
        ("messages_in", status.messages_in),
        ("messages_out", status.messages_out),
        ("packets_in", status.packets_in),
        ("packets_out", status.packets_out),
        ("bytes_in", status.bytes_in),
        ("bytes_out", status.bytes_out),
        ("cleanup.done", status.cleanup.stats.done),
    ]
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let rooms = RoomSettings {
            lobby_s: 0.2,
            loading_s: 0.5,
            countdown_s: 0.5,
            results_s: 0.2,
            grace_s: 1.0,
            idle_timeout_s: 10.0,
            spectators_max: 2,
            history_s: 1.0,
            ..default()
        };
        let net = NetSettings { connection_timeout_s: 2, handshake_timeout_s: 1.0, ..default() };
        let mut world = World::with_settings(TinyPlugin, seed, rooms, net).with_thin_clients().with_steps_per_tick(1);
        let cleanup =
            CleanupSettings { cleanup_delay_s: 0.5, force_cleanup_delay_s: 2.0, sweep_interval_s: 5.0, ..default() };
        world.server.world_mut().insert_resource(cleanup);
        world.server.world_mut().insert_resource(MatchSeconds(2.5));
        Self {
            world,
            rng: SimRng::new(seed),
            ages: Vec::new(),
            secrets: Vec::new(),
            clients: 0,
            // A client here acts once a tick: its round trips are ticks, whatever the network.
            watch: Watch::new(AlertSettings { round_trip_median_max_ms: 500.0, ..default() }),
            counted: growing(&Status::default()),
        }
    }

    fn ticks(&self) -> u64 {
        self.world.server.world().resource::<Now>().tick
    }

    /// Runs a tick, and once a second what an operator's server does: it judges the rules of alerts.
    fn step_world(&mut self) {
        self.world.step_ticks(1);
        if self.ticks().is_multiple_of(TICK_RATE) {
            let page = self.world.server.status_board().page();
            let elapsed = Duration::from_secs_f64(page.status.uptime_s);
            let now = Moment { elapsed, unix_s: elapsed.as_secs() };
            assert_eq!(self.watch.judge(&page, &Vitals::default(), now), [], "an alert without a cause");
        }
    }

    /// Checks that every counter has grown since the last checkpoint.
    fn check_counters(&mut self) {
        let now = growing(&self.world.server.status_board().page().status);
        for ((name, count), (_, before)) in now.iter().zip(&self.counted) {
            assert!(count > before, "the counter {name} stands still at {count}");
        }
        self.counted = now;
    }

    fn rooms_made(&self) -> u64 {
        self.world.server.world().resource::<Directory>().rooms_made()
    }

    fn step(&mut self) {
        if self.ages.len() < CLIENTS_MAX && self.rng.one_in(2) {
            let target = self.draw_target();
            self.come(target);
        }
        for client in 0..self.ages.len() {
            self.ages[client] += 1;
            if self.rng.one_in(ACTION_TICKS) || self.ages[client] > CLIENT_TICKS_MAX {
                self.act(client);
            }
        }
        self.step_world();
        self.forget_the_gone();
    }

    fn come(&mut self, target: JoinTarget) {
        if let Ok(client) = self.world.join(target) {
            self.clients += 1;
            self.ages.push(0);
            self.secrets.push(self.world.clients[client].resume);
        }
    }

    fn draw_target(&mut self) -> JoinTarget {
        let rooms = self.world.rooms();
        let code = (!rooms.is_empty()).then(|| rooms[self.rng.below(rooms.len() as u32) as usize].0);
        match (self.rng.below(10), code) {
            (0, _) => JoinTarget::Code(RoomCode::from_number(self.rng.bits())),
            (1, Some(code)) => JoinTarget::Watch(code),
            (2..=4, Some(code)) => JoinTarget::Code(code),
            (5, _) if !self.secrets.is_empty() => {
                JoinTarget::Resume(self.secrets[self.rng.below(self.secrets.len() as u32) as usize])
            }
            (6, _) => JoinTarget::Resume(ResumeSecret::random()),
            (7, _) => JoinTarget::Quick,
            _ => JoinTarget::Create {
                size: 1 + self.rng.below(3) as u8,
                private: self.rng.one_in(2),
                practice: self.rng.one_in(4),
                economy: Some(self.rng.one_in(2)),
            },
        }
    }

    fn act(&mut self, client: usize) {
        let slot = Slot::new(self.rng.below(SLOTS_MAX as u32 / 4) as u8).expect("in range");
        let seats = 1 + self.rng.below(4) as u8;
        let is_old = self.ages[client] > CLIENT_TICKS_MAX;
        let address = self.world.clients[client].address;
        let actor = &mut self.world.clients[client];
        match self.rng.below(if is_old { 3 } else { 16 }) {
            0 => actor.client.leave(),
            // The process is killed or the link is cut: there is no goodbye.
            1 => actor.is_asleep = true,
            2 => self.world.network.set_cut(address, true),
            3 => actor.client.give_up(),
            4 => actor.client.order(HostCommand::Start),
            5 if actor.client.is_asked() => actor.client.vote(true),
            5 => actor.client.order(HostCommand::Abort),
            6 => actor.client.order(HostCommand::Kick(slot)),
            7 => actor.client.order(HostCommand::HandOver(slot)),
            8 => actor.client.order(HostCommand::Configure(RoomOptions {
                seats,
                private: false,
                economy: false,
                map: None,
            })),
            9 => actor.client.order(HostCommand::Close),
            10 => actor.client.chat("hello"),
            11 => actor.client.send_game_message(b"hello"),
            12 => actor.client.set_ready(false),
            _ => actor.client.set_ready(true),
        }
    }

    /// Removes clients whose session is over, and those that have been asleep or cut off for longer than the grace period.
    fn forget_the_gone(&mut self) {
        for client in (0..self.ages.len()).rev() {
            let gone = self.world.clients[client].client.ended().is_some();
            if gone || self.ages[client] > CLIENT_TICKS_MAX + 120 {
                assert_eq!(self.world.clients[client].client.stats().errors.messages(), <&[String]>::default());
                self.world.forget_client(client);
                self.ages.swap_remove(client);
            }
        }
        let oldest = self.secrets.len().saturating_sub(CLIENTS_MAX);
        self.secrets.drain(..oldest);
    }

    /// All clients leave, and nothing may be left.
    fn drain(&mut self) {
        for client in 0..self.ages.len() {
            self.world.clients[client].client.leave();
        }
        for _ in 0..DRAIN_TICKS {
            self.ages.iter_mut().for_each(|age| *age += 1);
            self.step_world();
            self.forget_the_gone();
        }
        assert!(self.ages.is_empty(), "somebody could not leave");
        self.secrets.clear();
        check::no_room_faulted(&self.world.server);
        check::nothing_is_left(&mut self.world.server);
    }
}

/// The duration of a run, and its rooms per second.
pub fn rate(report: &LifecyclesReport, took: Duration) -> f64 {
    report.rooms as f64 / took.as_secs_f64()
}
