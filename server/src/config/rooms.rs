//! `[rooms]`: sizes, phases and limits of rooms.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;
use crate::schedule::TickRate;

/// Settings of rooms.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomSettings {
    /// Seats of a room opened by quick match, 2 to 16.
    pub size: u8,
    /// Whether new rooms are in economy mode, unless the request says otherwise: inputs and frames are sent in every
    /// second tick.
    pub economy: bool,
    /// Largest number of open rooms, 1 to 100,000.
    pub rooms_max: u32,
    /// Share of the tick thread's time, 0.1 to 1, above which nobody new may join, so that running matches are not
    /// disturbed. Players of the last seconds count as if they played already. Players who come back may join. 1 means no
    /// limit.
    pub load_max: f64,
    /// Seconds that players have to load a match, 0.5 to 120. A player that takes longer joins the match late.
    pub loading_s: f64,
    /// Seconds from the end of loading to the first tick of the match, 0.5 to 60.
    pub countdown_s: f64,
    /// Shortest stay in the lobby between two matches, in seconds, 0 to 60.
    pub lobby_s: f64,
    /// Seconds that results are shown, 0.1 to 600.
    pub results_s: f64,
    /// Seconds between two leaderboards, 0.1 to 60.
    pub leaderboard_broadcast_interval_s: f64,
    /// Maximum number of points in a player's score curve, 2 to 1000. When it is full, every second point is dropped.
    pub score_buffer_maxlen: u32,
    /// Seconds that the seat of a disconnected player is kept, 0 to 600.
    pub grace_s: f64,
    /// Seconds of silence after which a player is shown as away, 0.5 to 60.
    pub away_after_s: f64,
    /// Largest number of spectators in a room, 0 to 200.
    pub spectators_max: u8,
    /// Seconds in which no member of a room does anything after which its match ends and it is closed, 10 to 86400.
    pub idle_timeout_s: f64,
    /// Seconds for which most players have to be ready until the match starts without the others, 0.5 to 600.
    pub ready_countdown_s: f64,
    /// Seconds that a host may do nothing in the lobby while others are ready, 5 to 3600. Then one of those is the host.
    pub host_idle_s: f64,
    /// Seconds that players have to agree when the host wants to end a running match, 5 to 600. If they do not, the host
    /// has to wait as long before it asks again.
    pub abort_vote_s: f64,
    /// Seconds of a match whose frames are kept uncompressed, 1 to 100. Older frames are compressed.
    pub history_s: f64,
    /// Ticks that a room waits for a missing input before it substitutes one, 0 to 2 (2 ticks are 200 ms at 10 Hz, 67
    /// ms at 30 Hz, 17 ms at 120 Hz).
    pub hard_tolerance_ticks: u32,
    /// Seconds that a room waits for the inputs of all players, 0 to 600; 0 disables waiting. For turn-like games.
    pub strict_timeout_s: f64,
    /// Points that a player gains between two samples of its score (200 ms) from which the gain is logged, at debug; 1 to
    /// 1,000,000,000.
    pub log_gain_points: u32,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            size: 4,
            economy: false,
            rooms_max: 2000,
            load_max: 0.85,
            loading_s: 10.0,
            countdown_s: 3.0,
            lobby_s: 3.0,
            results_s: 10.0,
            leaderboard_broadcast_interval_s: 2.0,
            score_buffer_maxlen: 50,
            grace_s: 30.0,
            away_after_s: 2.0,
            spectators_max: 8,
            idle_timeout_s: 600.0,
            ready_countdown_s: 20.0,
            host_idle_s: 60.0,
            abort_vote_s: 20.0,
            history_s: 10.0,
            hard_tolerance_ticks: 0,
            strict_timeout_s: 0.0,
            log_gain_points: 20,
        }
    }
}

impl RoomSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("size", 2.0, 16.0),
        ("rooms_max", 1.0, 100_000.0),
        ("load_max", 0.1, 1.0),
        ("loading_s", 0.5, 120.0),
        ("lobby_s", 0.0, 60.0),
        ("countdown_s", 0.5, 60.0),
        ("results_s", 0.1, 600.0),
        ("leaderboard_broadcast_interval_s", 0.1, 60.0),
        ("score_buffer_maxlen", 2.0, 1000.0),
        ("grace_s", 0.0, 600.0),
        ("away_after_s", 0.5, 60.0),
        ("spectators_max", 0.0, 200.0),
        ("idle_timeout_s", 10.0, 86_400.0),
        ("ready_countdown_s", 0.5, 600.0),
        ("host_idle_s", 5.0, 3600.0),
        ("abort_vote_s", 5.0, 600.0),
        ("history_s", 1.0, 100.0),
        ("hard_tolerance_ticks", 0.0, 2.0),
        ("strict_timeout_s", 0.0, 600.0),
        ("log_gain_points", 1.0, 1e9),
    ];

    /// Number of a match's newest frames that are kept uncompressed.
    pub fn history_frames(&self, rate: TickRate) -> u32 {
        rate.of_simulation().ticks_min_1(self.history_s)
    }

    /// Longest time a room waits for missing inputs, in ticks.
    pub fn wait_ticks_max(&self, rate: TickRate) -> u32 {
        let strict = if self.strict_timeout_s > 0.0 { rate.ticks_in_seconds(self.strict_timeout_s) } else { 0 };
        strict.max(self.hard_tolerance_ticks)
    }
}
