//! The status page: collected on the tick thread, read by the HTTP thread.

mod client_times;
mod tick_durations;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::{
    api::{
        AlertStatus, CleanupStatus, ClientStatus, DesyncStatus, DrainStatus, ErrorStatus, HttpStatus, InForce,
        ListedRoom, QueueStatus, ResultStats, RoomsByPhase, SessionsByKind, Status, StoreStatus, WebSocketStatus,
    },
    game::GameHandle,
    protocol::guard::Dropped,
};

pub use tick_durations::TickDurations;

use client_times::{ClientTimes, measure_clients};

use super::{
    room_list::{RoomListData, public_rooms},
    tick_timings::{TickTimings, TickTimingsPlugin},
};
use crate::{
    cleanup::Cleanup,
    counters::Counters,
    heartbeat::Heartbeat,
    net::{
        endpoint::{BoxedEndpoint, Traffic},
        session::Sessions,
    },
    replay::Replays,
    results::{ResultStore, submit::PendingResults},
    room::{
        Player, Spectator,
        caller_days::{Busiest, CallerDays},
        directory::{Directory, LocalHello},
        drain::Drain,
        phase::RoomPhase,
    },
    schedule::{Now, TickRate, TickSet},
    threads,
    tick_load::TickLoad,
};

/// Interval between two status pages, in milliseconds.
const PAGE_INTERVAL_MS: u64 = 500;

/// Collects and publishes the status page.
pub struct StatusPlugin;

impl Plugin for StatusPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<TickDurations>()
            .init_resource::<StatusBoard>()
            .init_resource::<DataDirLost>()
            .init_resource::<ClientTimes>()
            .add_plugins(TickTimingsPlugin)
            .add_systems(Startup, note_maps)
            .add_systems(FixedUpdate, (measure_clients, publish).chain().run_if(is_page_due).in_set(TickSet::Metrics));
    }
}

/// The newest status page and the heartbeat of the tick thread, shared with the HTTP thread.
#[derive(Resource, Clone, Default)]
pub struct StatusBoard {
    page: Arc<Mutex<Arc<Page>>>,
    heartbeat: Heartbeat,
    is_stopping: Arc<AtomicBool>,
}

impl StatusBoard {
    /// The newest page.
    pub fn page(&self) -> Arc<Page> {
        self.page.lock().expect("nothing panics while holding this lock").clone()
    }

    /// The heartbeat of the tick thread.
    pub const fn heartbeat(&self) -> &Heartbeat {
        &self.heartbeat
    }

    /// Notes that the server stops: ticks end soon, and then results and replays are written.
    pub fn note_stop(&self) {
        self.is_stopping.store(true, Relaxed);
    }

    /// Whether the server stops.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Relaxed)
    }

    /// Replaces the page, and returns the old one.
    pub(super) fn replace(&self, page: Page) -> Arc<Page> {
        let mut newest = self.page.lock().expect("nothing panics while holding this lock");
        std::mem::replace(&mut newest, Arc::new(page))
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
    /// The numbers of the busiest callers of today, for alerts.
    pub busiest: Busiest,
}

/// All data that the status page is made from.
#[derive(SystemParam)]
pub(crate) struct Sources<'w, 's> {
    now: Res<'w, Now>,
    rate: Res<'w, TickRate>,
    counters: Res<'w, Counters>,
    times: Res<'w, TickDurations>,
    load: Res<'w, TickLoad>,
    clients: Res<'w, ClientTimes>,
    hello: Res<'w, LocalHello>,
    directory: Res<'w, Directory>,
    timings: Res<'w, TickTimings>,
    board: Res<'w, StatusBoard>,
    maps: Res<'w, MapNames>,
    drain: Res<'w, Drain>,
    sessions: Res<'w, Sessions>,
    callers: Res<'w, CallerDays>,
    cleanup: Res<'w, Cleanup>,
    results: Option<Res<'w, ResultStore>>,
    pending_results: Res<'w, PendingResults>,
    replays: Res<'w, Replays>,
    data_dir_lost: Res<'w, DataDirLost>,
    rooms: Query<'w, 's, RoomListData>,
    players: Query<'w, 's, &'static Player>,
    spectators: Query<'w, 's, &'static Spectator>,
    endpoints: Query<'w, 's, (Entity, &'static BoxedEndpoint)>,
}

/// Updates the list of maps for the next page.
pub(super) fn note_maps(world: &mut World) {
    let maps = world.resource::<GameHandle>().maps(world);
    world.insert_resource(MapNames(maps));
}

fn is_page_due(now: Res<Now>, rate: Res<TickRate>) -> bool {
    now.tick.is_multiple_of(u64::from(rate.ticks_in(PAGE_INTERVAL_MS)))
}

/// Makes and publishes the page. The page before the last one gives its buffers, unless somebody still reads it.
pub(crate) fn publish(sources: Sources, mut spare: Local<Option<Arc<Page>>>) {
    let mut page = spare.take().and_then(Arc::into_inner).unwrap_or_default();
    page.status = sources.status();
    page.rooms = sources.public_rooms(page.rooms);
    page.maps.clone_from(&sources.maps.0);
    page.busiest = sources.callers.busiest(sources.now.unix());
    *spare = Some(sources.board.replace(page));
}

impl Sources<'_, '_> {
    fn clients(&self) -> ClientStatus {
        ClientStatus {
            inputs_late: self.counters.inputs_late,
            inputs_replaced: self.counters.inputs_replaced,
            margin_us: self.clients.margins.page(),
            round_trip_us: self.clients.round_trips.page(),
        }
    }

    fn sessions_by_kind(&self) -> SessionsByKind {
        let mut count = SessionsByKind::default();
        for (entity, endpoint) in &self.endpoints {
            let of_kind = if endpoint.serves_thin() { &mut count.websocket } else { &mut count.udp };
            *of_kind += self.sessions.on_endpoint(entity);
        }
        count
    }

    fn results(&self) -> ResultStats {
        let stats = self.results.as_ref().map(|store| store.stats()).unwrap_or_default();
        let waits = self.pending_results.oldest().map(|since| self.now.elapsed.saturating_sub(since));
        ResultStats { oldest_ms: waits.unwrap_or_default().as_millis() as u64, ..stats }
    }

    fn public_rooms(&self, old: Vec<ListedRoom>) -> Vec<ListedRoom> {
        public_rooms(old, &self.rooms, &self.players, &self.spectators)
    }

    fn status(&self) -> Status {
        let traffic = udp_traffic(&self.endpoints);
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: format!("{:016x}", self.hello.0.protocol),
            started_unix_s: self.now.transport_base.as_secs_f64(),
            uptime_s: self.now.elapsed.as_secs_f64(),
            accepting: self.directory.is_accepting(),
            tick: self.now.tick,
            tick_rate: self.rate.0,
            tick_ms: self.times.took.window(),
            tick_start_ms: self.times.started_late.window(),
            tick_us_all: self.times.took.all(),
            tick_start_us: self.times.started_late.all(),
            tick_load: self.load.share(),
            tick_thread_us: self.load.cpu_time().as_micros() as u64,
            dropped_ticks: self.counters.dropped_ticks,
            cpu_us_by_stage: self.timings.by_stage().collect(),
            cpu_us_total: self.timings.total_us(),
            rooms_ticks: self.timings.room_ticks(),
            draining: self.drain.has_begun().then(|| DrainStatus {
                seconds_left: self.drain.left(self.now.elapsed).map(|left| left.as_secs_f64()),
            }),
            rooms: self.rooms.iter().count(),
            rooms_by_phase: count_phases(&self.rooms),
            players: self.players.iter().count(),
            spectators: self.spectators.iter().count(),
            sessions: self.sessions.count(),
            sessions_by_kind: self.sessions_by_kind(),
            clients: self.clients(),
            // The gateway counts on its own thread and fills this in.
            http: HttpStatus::default(),
            queue: QueueStatus::default(),
            // The backend fills these in.
            alerts: AlertStatus::default(),
            features: Vec::new(),
            in_force: InForce::default(),
            cleanup: CleanupStatus {
                stats: self.cleanup.stats(),
                done_by_kind: self.cleanup.done_by_kind().map(|(kind, count)| (kind.to_owned(), count)).collect(),
                us_per_tick: self.cleanup.time_spent().page(),
            },
            matches_finished: self.counters.matches_finished,
            score_rate_exceeded: self.counters.score_rate_exceeded,
            cheat_signals: self.counters.cheat_signals,
            // The backend asks the store.
            store: StoreStatus::default(),
            // The backend of a fleet fills this in.
            fleet: None,
            results: self.results(),
            replays: self.replays.stats(),
            data_dir_lost: self.data_dir_lost.0.load(Relaxed),
            threads_ended: threads::ended().into_iter().map(str::to_owned).collect(),
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
            websocket: websocket_traffic(&self.endpoints),
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

/// Sum over the UDP endpoints.
fn udp_traffic(endpoints: &Query<(Entity, &BoxedEndpoint)>) -> Traffic {
    let mut total = Traffic::default();
    for (_, endpoint) in endpoints.iter().filter(|(_, endpoint)| !endpoint.serves_thin()) {
        let traffic = endpoint.traffic();
        total.packets_in += traffic.packets_in;
        total.packets_out += traffic.packets_out;
        total.bytes_in += traffic.bytes_in;
        total.bytes_out += traffic.bytes_out;
        total.messages_in += traffic.messages_in;
        total.messages_out += traffic.messages_out;
        total.dropped.add(&traffic.dropped);
    }
    total
}

fn websocket_traffic(endpoints: &Query<(Entity, &BoxedEndpoint)>) -> WebSocketStatus {
    let mut total = WebSocketStatus::default();
    for (_, endpoint) in endpoints.iter().filter(|(_, endpoint)| endpoint.serves_thin()) {
        let traffic = endpoint.traffic();
        total.messages_in += traffic.messages_in;
        total.messages_out += traffic.messages_out;
        total.bytes_in += traffic.bytes_in;
        total.bytes_out += traffic.bytes_out;
        total.frames_skipped += traffic.frames_skipped;
    }
    total
}
