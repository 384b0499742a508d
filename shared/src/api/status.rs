//! `GET /v1/status`: numbers about one server process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Answer to `GET /v1/status`. Counters count since the server's start; the page is at most half a second old.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The server's version.
    pub version: String,
    /// Seconds since the server's start.
    pub uptime_s: f64,
    /// Ticks since the server's start.
    pub tick: u64,
    /// Ticks a second, 10 to 120.
    pub tick_rate: u16,
    /// Duration of the last 100 ticks.
    pub tick_ms: TickMs,
    /// Duration of all ticks.
    pub tick_us_all: HistogramUs,
    /// How late ticks began.
    pub tick_start_us: HistogramUs,
    /// Ticks given up because the server was too far behind.
    pub dropped_ticks: u64,
    /// Processor time by stage of the tick, in microseconds.
    pub cpu_us_by_stage: BTreeMap<String, u64>,
    /// Processor time of all stages, in microseconds.
    pub cpu_us_total: u64,
    /// Ticks of all rooms.
    pub rooms_ticks: u64,
    /// Rooms now.
    pub rooms: usize,
    /// Rooms now, by phase.
    pub rooms_by_phase: RoomsByPhase,
    /// Players now.
    pub players: usize,
    /// Spectators now.
    pub spectators: usize,
    /// Sessions now, reservations included.
    pub sessions: usize,
    /// Freeing of what is over.
    pub cleanup: CleanupStatus,
    /// Matches that came to their end.
    pub matches_finished: u64,
    /// Seconds in which a player gained more points than the game's rules allow.
    #[serde(default)]
    pub score_rate_exceeded: u64,
    /// Results on their way to the disk.
    pub results: ResultStats,
    /// Recording of matches.
    pub replays: ReplayStats,
    /// Sessions kicked for what they sent.
    pub kicked: u64,
    /// Game messages taken from clients.
    pub room_messages_in: u64,
    /// Game messages queued for clients.
    pub room_messages_out: u64,
    /// Game messages dropped because their room had too many.
    pub room_messages_dropped: u64,
    /// Errors by kind.
    pub errors: ErrorStatus,
    /// Desyncs and what came of them.
    pub desyncs: DesyncStatus,
    /// Datagrams dropped before a library saw them, by reason.
    pub dropped_datagrams: BTreeMap<String, u64>,
    /// Reliable messages received.
    pub messages_in: u64,
    /// Reliable messages sent.
    pub messages_out: u64,
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams sent.
    pub packets_out: u64,
    /// Bytes received, headers of IP and UDP not counted.
    pub bytes_in: u64,
    /// Bytes sent, headers of IP and UDP not counted.
    pub bytes_out: u64,
}

/// Duration of the last 100 ticks, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of quantiles say it")]
pub struct TickMs {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// Histogram of durations since the server's start, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of quantiles say it")]
pub struct HistogramUs {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
    /// Largest value of each bucket that is not empty, and the number of values in it, in order. The difference of two
    /// readings is the histogram of the time between them.
    pub buckets: Vec<(u64, u64)>,
}

/// Rooms by phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the phases")]
pub struct RoomsByPhase {
    pub lobby: usize,
    pub loading: usize,
    pub countdown: usize,
    pub playing: usize,
    pub results: usize,
}

/// Freeing of what is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupStatus {
    /// Counters.
    #[serde(flatten)]
    pub stats: CleanupStats,
    /// Time spent a tick, of ticks in which something was freed.
    pub us_per_tick: HistogramUs,
}

/// Counters of the cleanup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupStats {
    /// Rooms and players with something scheduled.
    pub active_cleanup_tasks: usize,
    /// Scheduled things: frames, score frames, inputs, lines waiting to be freed.
    pub pending_packets: u64,
    /// Rooms with something scheduled.
    pub rooms_with_pending_cleanup: usize,
    /// Tasks done.
    pub done: u64,
    /// Tasks of these that were forced.
    pub forced: u64,
    /// Times that a task failed.
    pub failed: u64,
    /// Tasks given up after the last retry.
    pub abandoned: u64,
    /// Tasks that a new match made superfluous.
    pub cancelled: u64,
    /// Things found that nobody owned.
    pub orphans: u64,
}

/// Results on their way to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultStats {
    /// Results that lie on the disk, since the start.
    pub saved: u64,
    /// Results on their way there.
    pub waiting: u64,
    /// Results thrown away because too many waited, since the start.
    pub lost: u64,
    /// Whether the last write failed.
    pub failing: bool,
}

/// Recording of matches, since the server's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayStats {
    /// Replays that lie on the disk, whole.
    pub written: u64,
    /// Bytes of them.
    pub written_bytes: u64,
    /// Matches whose recording was given up because the disk did not keep up.
    pub given_up: u64,
    /// Matches whose recording ended with an error of the disk.
    pub failed: u64,
    /// Replays removed for their age or for the space they took.
    pub removed: u64,
    /// Reports of desyncs that lie on the disk.
    pub reports: u64,
    /// Reports that could not be written, were there already, or were too many for one match or for the thread.
    pub reports_lost: u64,
    /// Jobs waiting for the thread.
    pub waiting: usize,
}

/// Errors by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorStatus {
    /// Datagrams dropped, whatever the reason.
    pub network: u64,
    /// Clients whose state differed from the server's.
    pub desync: u64,
    /// Messages that passed the guard and made no sense.
    pub invalid_input: u64,
    /// Rooms closed because something panicked in them.
    pub rooms_faulted: u64,
}

/// Desyncs and what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesyncStatus {
    /// Clients whose state differed from the server's.
    pub detected: u64,
    /// Desyncs of which the first bad tick and component were found.
    pub named: u64,
    /// Players sent away because it happened again and again.
    pub sent_away: u64,
}
