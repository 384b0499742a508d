//! The status page: collected on the tick thread, read by the HTTP thread.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::{
    api::{CleanupStatus, DesyncStatus, ErrorStatus, HttpStatus, ListedRoom, RoomsByPhase, Status, TickMs},
    game::GameHandle,
    protocol::guard::Dropped,
};

use super::{
    room_list::{RoomListData, public_rooms},
    tick_timings::{TickTimings, TickTimingsPlugin},
};
use crate::{
    cleanup::Cleanup,
    counters::Counters,
    histogram::DurationHistogram,
    net::{
        endpoint::{BoxedEndpoint, Traffic},
        session::Sessions,
    },
    replay::Replays,
    results::ResultStore,
    room::{Player, Spectator, phase::RoomPhase},
    schedule::{Now, TickRate, TickSet},
    tick_load::TickLoad,
};

/// Number of last ticks over which `tick_ms` is calculated: 10 s at 10 Hz, 3.3 s at 30 Hz, 0.8 s at 120 Hz. Percentiles
/// need a number of ticks, not a time.
const WINDOW_TICKS: usize = 100;
/// Interval between two status pages, in milliseconds.
const PAGE_INTERVAL_MS: u64 = 500;

/// Collects and publishes the status page.
pub struct StatusPlugin;

impl Plugin for StatusPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<TickDurations>()
            .init_resource::<StatusBoard>()
            .init_resource::<DataDirLost>()
            .add_plugins(TickTimingsPlugin)
            .add_systems(Startup, note_maps)
            .add_systems(FixedUpdate, publish_status.in_set(TickSet::Metrics));
    }
}

/// Durations and late starts of ticks, as measured by the runner.
#[derive(Resource, Default)]
pub struct TickDurations {
    window_ms: VecDeque<f64>,
    took: DurationHistogram,
    started_late: DurationHistogram,
}

impl TickDurations {
    /// Adds one tick.
    pub fn note(&mut self, took: Duration, started_late: Duration) {
        if self.window_ms.len() == WINDOW_TICKS {
            self.window_ms.pop_front();
        }
        self.window_ms.push_back(took.as_secs_f64() * 1000.0);
        self.took.note(took);
        self.started_late.note(started_late);
    }

    fn tick_ms(&self) -> TickMs {
        let mut sorted: Vec<f64> = self.window_ms.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len() as f64 - 1.0) * part).round() as usize).copied().unwrap_or(0.0);
        let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        TickMs { mean, p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// The newest status page, shared with the HTTP thread.
#[derive(Resource, Clone, Default)]
pub struct StatusBoard(Arc<Mutex<Arc<Page>>>);

impl StatusBoard {
    /// The newest page.
    pub fn page(&self) -> Arc<Page> {
        self.0.lock().expect("nothing panics while holding this lock").clone()
    }
}

/// Whether the data folder is gone, or another one is in its place.
#[derive(Resource, Default)]
pub struct DataDirLost(pub Arc<AtomicBool>);

/// The maps of the game, updated when rules are loaded.
#[derive(Resource)]
struct MapNames(Vec<String>);

/// One version of the status page: the content of `/v1/status`, `/v1/rooms` and `/v1/maps`.
#[derive(Debug, Default)]
pub struct Page {
    /// `/v1/status`.
    pub status: Status,
    /// `/v1/rooms`: public rooms only.
    pub rooms: Vec<ListedRoom>,
    /// `/v1/maps`: maps that a host can choose.
    pub maps: Vec<String>,
}

/// All data that the status page is made from.
#[derive(SystemParam)]
struct Sources<'w, 's> {
    now: Res<'w, Now>,
    rate: Res<'w, TickRate>,
    counters: Res<'w, Counters>,
    times: Res<'w, TickDurations>,
    load: Res<'w, TickLoad>,
    timings: Res<'w, TickTimings>,
    board: Res<'w, StatusBoard>,
    maps: Res<'w, MapNames>,
    sessions: Res<'w, Sessions>,
    cleanup: Res<'w, Cleanup>,
    results: Option<Res<'w, ResultStore>>,
    replays: Res<'w, Replays>,
    data_dir_lost: Res<'w, DataDirLost>,
    rooms: Query<'w, 's, RoomListData>,
    players: Query<'w, 's, &'static Player>,
    spectators: Query<'w, 's, &'static Spectator>,
    endpoints: Query<'w, 's, &'static BoxedEndpoint>,
}

/// Updates the list of maps for the next page.
pub(super) fn note_maps(world: &mut World) {
    let maps = world.resource::<GameHandle>().maps(world);
    world.insert_resource(MapNames(maps));
}

/// Publishes a page when it is due. The page before the last one gives its buffers, unless somebody still reads it.
fn publish_status(sources: Sources, mut spare: Local<Option<Arc<Page>>>) {
    if !sources.now.tick.is_multiple_of(u64::from(sources.rate.ticks_in(PAGE_INTERVAL_MS))) {
        return;
    }
    let mut page = spare.take().and_then(Arc::into_inner).unwrap_or_default();
    page.status = sources.status();
    page.rooms = sources.public_rooms(page.rooms);
    page.maps.clone_from(&sources.maps.0);
    let mut newest = sources.board.0.lock().expect("nothing panics while holding this lock");
    *spare = Some(std::mem::replace(&mut newest, Arc::new(page)));
}

impl Sources<'_, '_> {
    fn public_rooms(&self, old: Vec<ListedRoom>) -> Vec<ListedRoom> {
        public_rooms(old, &self.rooms, &self.players, &self.spectators)
    }

    fn status(&self) -> Status {
        let traffic = total_traffic(&self.endpoints);
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: self.now.elapsed.as_secs_f64(),
            tick: self.now.tick,
            tick_rate: self.rate.0,
            tick_ms: self.times.tick_ms(),
            tick_us_all: self.times.took.page(),
            tick_start_us: self.times.started_late.page(),
            tick_load: self.load.share(),
            dropped_ticks: self.counters.dropped_ticks,
            cpu_us_by_stage: self.timings.by_stage().collect(),
            cpu_us_total: self.timings.total_us(),
            rooms_ticks: self.timings.room_ticks(),
            rooms: self.rooms.iter().count(),
            rooms_by_phase: count_phases(&self.rooms),
            players: self.players.iter().count(),
            spectators: self.spectators.iter().count(),
            sessions: self.sessions.count(),
            // The gateway counts on its own thread and fills this in.
            http: HttpStatus::default(),
            cleanup: CleanupStatus { stats: self.cleanup.stats(), us_per_tick: self.cleanup.time_spent().page() },
            matches_finished: self.counters.matches_finished,
            score_rate_exceeded: self.counters.score_rate_exceeded,
            results: self.results.as_ref().map(|store| store.stats()).unwrap_or_default(),
            replays: self.replays.stats(),
            data_dir_lost: self.data_dir_lost.0.load(Relaxed),
            kicked: self.counters.kicked,
            joins_limited: self.counters.joins_limited,
            joins_overloaded: self.counters.joins_overloaded,
            codes_wrong: self.counters.codes_wrong,
            room_messages_in: self.counters.room_messages_in,
            room_messages_out: self.counters.room_messages_out,
            room_messages_dropped: self.counters.room_messages_dropped,
            errors: ErrorStatus {
                network: traffic.dropped.total(),
                desync: self.counters.desyncs,
                invalid_input: self.counters.invalid_messages,
                rooms_faulted: self.counters.rooms_faulted,
            },
            desyncs: DesyncStatus {
                detected: self.counters.desyncs,
                named: self.counters.desyncs_named,
                sent_away: self.counters.desyncs_sent_away,
            },
            dropped_datagrams: Dropped::ALL
                .iter()
                .map(|why| (why.name().to_owned(), traffic.dropped.of(*why)))
                .collect(),
            messages_in: traffic.messages_in,
            messages_out: traffic.messages_out,
            packets_in: traffic.packets_in,
            packets_out: traffic.packets_out,
            bytes_in: traffic.bytes_in,
            bytes_out: traffic.bytes_out,
        }
    }
}

fn count_phases(rooms: &Query<RoomListData>) -> RoomsByPhase {
    let mut count = RoomsByPhase::default();
    for (_, phase, ..) in rooms {
        *match phase {
            RoomPhase::Lobby { .. } => &mut count.lobby,
            RoomPhase::Loading { .. } => &mut count.loading,
            RoomPhase::Countdown { .. } => &mut count.countdown,
            RoomPhase::Playing { .. } => &mut count.playing,
            RoomPhase::Results { .. } => &mut count.results,
        } += 1;
    }
    count
}

fn total_traffic(endpoints: &Query<&BoxedEndpoint>) -> Traffic {
    let mut total = Traffic::default();
    for endpoint in endpoints {
        let Traffic { packets_in, packets_out, bytes_in, bytes_out, messages_in, messages_out, dropped } =
            *endpoint.traffic();
        total.packets_in += packets_in;
        total.packets_out += packets_out;
        total.bytes_in += bytes_in;
        total.bytes_out += bytes_out;
        total.messages_in += messages_in;
        total.messages_out += messages_out;
        total.dropped.add(&dropped);
    }
    total
}
