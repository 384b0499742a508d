//! Body of `GET /v1/status`: metrics of one server process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AlertStatus, CheatSignals, FeatureStatus, FleetStatus, QueueStatus};

/// Answer to `GET /v1/status`. Counters count from the server's start; values are at most 0.5 s old.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Protocol hash that clients must have too, 16 hexadecimal digits.
    #[serde(default)]
    pub protocol: String,
    /// Wall-clock time of the server's start, in seconds since 1970-01-01 UTC, by the clock as it was then.
    #[serde(default)]
    pub started_unix_s: f64,
    /// Time since the server's start, in seconds.
    pub uptime_s: f64,
    /// Whether newcomers are let in: not while the server drains or stops.
    #[serde(default)]
    pub accepting: bool,
    /// Number of ticks since the server's start.
    pub tick: u64,
    /// Tick rate, 10 to 120 ticks a second.
    pub tick_rate: u16,
    /// Durations of the last 100 ticks.
    pub tick_ms: TickMs,
    /// Delays between the scheduled and the actual start of the last 100 ticks.
    #[serde(default)]
    pub tick_start_ms: TickMs,
    /// Durations of all ticks.
    pub tick_us_all: HistogramUs,
    /// Delay between the scheduled and the actual start of ticks.
    pub tick_start_us: HistogramUs,
    /// Share of its time that the tick thread uses, 0 to 1, over about two seconds.
    #[serde(default)]
    pub tick_load: f64,
    /// Processor time of the tick thread, in microseconds.
    #[serde(default)]
    pub tick_thread_us: u64,
    /// Ticks skipped because the server was too far behind.
    pub dropped_ticks: u64,
    /// Processor time by stage of the tick, in microseconds.
    pub cpu_us_by_stage: BTreeMap<String, u64>,
    /// Processor time of all stages, in microseconds.
    pub cpu_us_total: u64,
    /// Sum of the ticks of all rooms.
    pub rooms_ticks: u64,
    /// The drain before the server stops, once it has begun.
    #[serde(default)]
    pub draining: Option<DrainStatus>,
    /// Current number of rooms.
    pub rooms: usize,
    /// Current number of rooms, by phase.
    pub rooms_by_phase: RoomsByPhase,
    /// Current number of players.
    pub players: usize,
    /// Current number of spectators.
    pub spectators: usize,
    /// Current number of sessions, reservations included.
    pub sessions: usize,
    /// The same by kind of connection.
    #[serde(default)]
    pub sessions_by_kind: SessionsByKind,
    /// Inputs and network distances of clients.
    #[serde(default)]
    pub clients: ClientStatus,
    /// The HTTP gateway.
    #[serde(default)]
    pub http: HttpStatus,
    /// Players that wait while the server is full.
    #[serde(default)]
    pub queue: QueueStatus,
    /// What an operator should look at.
    #[serde(default)]
    pub alerts: AlertStatus,
    /// Features that can be switched off.
    #[serde(default)]
    pub features: Vec<FeatureStatus>,
    /// Which settings, rules and certificate are in force.
    #[serde(default)]
    pub in_force: InForce,
    /// Deferred freeing of memory after players, matches and rooms.
    pub cleanup: CleanupStatus,
    /// Matches played to their end.
    pub matches_finished: u64,
    /// Seconds in which a player gained more points than the game's rules allow.
    #[serde(default)]
    pub score_rate_exceeded: u64,
    /// Cheat signals of all players.
    #[serde(default)]
    pub cheat_signals: CheatSignals,
    /// Results written or waiting to be written.
    pub results: ResultStats,
    /// The database of players, matches and leaderboards.
    #[serde(default)]
    pub store: StoreStatus,
    /// The fleet, on one of its nodes or gateways; `None` for a server of its own.
    #[serde(default)]
    pub fleet: Option<FleetStatus>,
    /// Recording of matches.
    pub replays: ReplayStats,
    /// Whether the data folder is gone or another one stands in its place: what is written there is lost or not locked.
    #[serde(default)]
    pub data_dir_lost: bool,
    /// Threads of the process that have panicked: their work is not done any more.
    #[serde(default)]
    pub threads_ended: Vec<String>,
    /// Sessions kicked for the messages that they sent.
    pub kicked: u64,
    /// Join requests refused because of a limit on their address.
    #[serde(default)]
    pub joins_limited: u64,
    /// Join requests refused because the tick thread was too busy.
    #[serde(default)]
    pub joins_overloaded: u64,
    /// Join requests with a room code that leads nowhere.
    #[serde(default)]
    pub codes_wrong: u64,
    /// Game messages accepted from clients.
    pub room_messages_in: u64,
    /// Game messages queued for clients.
    pub room_messages_out: u64,
    /// Game messages dropped because their room exceeded its limit.
    pub room_messages_dropped: u64,
    /// Errors by kind.
    pub errors: ErrorStatus,
    /// Desyncs and their diagnosis.
    pub desyncs: DesyncStatus,
    /// Datagrams dropped by the guard, by reason.
    pub dropped_datagrams: BTreeMap<String, u64>,
    /// Reliable messages received.
    pub messages_in: u64,
    /// Reliable messages sent.
    pub messages_out: u64,
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams sent.
    pub packets_out: u64,
    /// Bytes received, with IP and UDP headers.
    pub bytes_in: u64,
    /// Bytes sent, with IP and UDP headers.
    pub bytes_out: u64,
    /// Traffic of the WebSockets.
    #[serde(default)]
    pub websocket: WebSocketStatus,
}

/// Traffic of WebSockets with a session, without the headers of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebSocketStatus {
    /// Messages received.
    pub messages_in: u64,
    /// Messages queued, frames included.
    pub messages_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes queued.
    pub bytes_out: u64,
    /// Frames left out because their client read too slowly.
    pub frames_skipped: u64,
}

/// Mean and quantiles over the last 100 ticks, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names of quantiles say it")]
pub struct TickMs {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// Histogram of durations since the server's start, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names of quantiles say it")]
pub struct HistogramUs {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
    /// Sum of all values.
    #[serde(default)]
    pub sum: u64,
    /// Upper bound of each non-empty bucket and the number of values in it, in ascending order. Subtract two readings
    /// for the histogram of the time between them.
    pub buckets: Vec<(u64, u64)>,
}

/// The drain before a server stops: matches that run go on, and newcomers are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrainStatus {
    /// Seconds until matches that still run are ended without a result; `None` if the server waits for all of them.
    pub seconds_left: Option<f64>,
}

/// What is in force since when. Times are in seconds since 1970-01-01 UTC; 0 for the server's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InForce {
    /// When settings were changed last.
    pub settings_unix_s: u64,
    /// When rules and maps were changed last. A match keeps those with which it began.
    pub rules_unix_s: u64,
    /// When the TLS certificate was changed last.
    pub certificate_unix_s: u64,
    /// Changed settings that hold only after a restart.
    pub after_restart: Vec<String>,
    /// Why the last reload was refused; `None` after one that was not.
    pub refused: Option<String>,
}

/// Number of sessions by kind of connection, reservations included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names are those of the connections")]
pub struct SessionsByKind {
    pub udp: usize,
    pub websocket: usize,
}

/// Number of rooms by phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names are those of the phases")]
pub struct RoomsByPhase {
    pub lobby: usize,
    pub loading: usize,
    pub countdown: usize,
    pub playing: usize,
    pub results: usize,
}

/// Inputs and network distances of clients. Each connected member of a running match is measured twice a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientStatus {
    /// Inputs that came after their tick had closed.
    pub inputs_late: u64,
    /// Ticks of players whose missing input was replaced.
    pub inputs_replaced: u64,
    /// Time from the arrival of a player's newest input to the close of its tick; 0 if the input was late.
    pub margin_us: HistogramUs,
    /// Round trips: from the close of a tick until a client says that it has the frame, less the longest wait for the
    /// client's next datagram (a tick, in economy mode two). So a round trip may be up to that much too short.
    pub round_trip_us: HistogramUs,
}

/// Metrics of the HTTP gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HttpStatus {
    /// Current number of connections.
    pub connections: u64,
    /// Connections closed at once, because their address or its network had too many or made too many.
    pub connections_refused: u64,
    /// Connections without a whole PROXY header or TLS handshake.
    pub handshakes_failed: u64,
    /// Requests refused because their address or its network made too many, or because the server had too many.
    pub requests_refused: u64,
    /// Requests refused because of their `Host`, `Origin` or `Content-Type`.
    pub requests_foreign: u64,
    /// Current number of WebSockets, also those without a session.
    #[serde(default)]
    pub sockets: u64,
    /// WebSockets refused because their address or its network had too many, or because the server had.
    #[serde(default)]
    pub sockets_refused: u64,
}

/// Metrics of the deferred cleanup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CleanupStatus {
    /// Counters.
    #[serde(flatten)]
    pub stats: CleanupStats,
    /// Completed tasks by owner and kind of data: `user_score`, `match_state` and so on.
    #[serde(default)]
    pub done_by_kind: BTreeMap<String, u64>,
    /// Time spent on cleanup in each tick that freed something.
    pub us_per_tick: HistogramUs,
}

/// Counters of the cleanup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CleanupStats {
    /// Rooms and players with scheduled tasks.
    pub active_cleanup_tasks: usize,
    /// Scheduled items: frames, score frames, inputs and lines that wait to be freed.
    pub pending_packets: u64,
    /// Rooms with scheduled tasks.
    pub rooms_with_pending_cleanup: usize,
    /// Completed tasks.
    pub done: u64,
    /// Completed tasks that were forced because they were overdue.
    pub forced: u64,
    /// Failed attempts to run a task.
    pub failed: u64,
    /// Tasks abandoned after the last retry.
    pub abandoned: u64,
    /// Tasks cancelled because a new match made them void.
    pub cancelled: u64,
    /// Objects without an owner that the sweep found.
    pub orphans: u64,
}

/// Metrics of writing results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultStats {
    /// Results written to disk since the start.
    pub saved: u64,
    /// Results waiting to be written.
    pub waiting: u64,
    /// Time for which the oldest of them has been waiting, in milliseconds.
    #[serde(default)]
    pub oldest_ms: u64,
    /// Results dropped since the start because the queue was full.
    pub lost: u64,
    /// Whether the last write failed.
    pub failing: bool,
    /// Panics while writing. The results are written again.
    #[serde(default)]
    pub panics: u64,
}

/// Metrics of the database of players, matches and leaderboards, since the server's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreStatus {
    /// Matches stored, or put into the stream of a fleet.
    pub stored: u64,
    /// Lines of the results files skipped because they are not results.
    pub skipped: u64,
    /// Size of the results that wait in the results files, in bytes.
    pub waiting_bytes: u64,
    /// Time since the end of the oldest match that waits, in seconds; 0 if none does.
    pub oldest_waiting_s: u64,
    /// Whether the last attempt to store failed.
    pub failing: bool,
    /// Matches proven by their replays.
    #[serde(default)]
    pub proven: u64,
    /// Matches whose replays give another result. They count on no leaderboard.
    #[serde(default)]
    pub refused: u64,
    /// Matches without a replay that this server could run.
    #[serde(default)]
    pub unproven: u64,
    /// Chat lines and game messages archived.
    #[serde(default)]
    pub messages: u64,
    /// Chat lines and game messages that are not archived, because too many waited.
    #[serde(default)]
    pub messages_lost: u64,
    /// Pages of leaderboards that were in memory.
    pub board_hits: u64,
    /// Pages of leaderboards that were read from the database.
    pub board_misses: u64,
}

/// Metrics of recording matches, since the server's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayStats {
    /// Complete replays written to disk.
    pub written: u64,
    /// Size of the complete replays, in bytes.
    pub written_bytes: u64,
    /// Recordings abandoned because the disk was too slow.
    pub given_up: u64,
    /// Recordings ended by a disk error.
    pub failed: u64,
    /// Replays removed because of their age or because of the space limit.
    pub removed: u64,
    /// Desync reports written to disk.
    pub reports: u64,
    /// Desync reports dropped: not writable, already there, or over the limit of the match or of the queue.
    pub reports_lost: u64,
    /// Jobs waiting for the writer thread.
    pub waiting: usize,
    /// Jobs done by the writer thread.
    #[serde(default)]
    pub done: u64,
    /// Whether the last write failed, or the folder cannot be used.
    #[serde(default)]
    pub failing: bool,
    /// Panics while reading or writing. Each has cost one replay.
    #[serde(default)]
    pub panics: u64,
}

/// Number of errors by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorStatus {
    /// Datagrams dropped, for any reason.
    pub network: u64,
    /// Clients whose state differed from the server's.
    pub desync: u64,
    /// Messages that passed the guard but were invalid.
    pub invalid_input: u64,
    /// Rooms closed because of a panic.
    pub rooms_faulted: u64,
}

/// Metrics of desyncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DesyncStatus {
    /// Clients whose state differed from the server's.
    pub detected: u64,
    /// Desyncs whose first differing tick and component were found.
    pub named: u64,
    /// Players disconnected because of repeated desyncs.
    pub sent_away: u64,
}
