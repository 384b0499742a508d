//! Counters for the status page.

use bevy::prelude::*;
use framehouse_shared::api::CheatSignals;

/// Event counts since the server started. Any module may increment them.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Inputs that came after their tick had closed.
    pub inputs_late: u64,
    /// Ticks of players whose missing input was replaced.
    pub inputs_replaced: u64,
    /// Messages that passed the guard but were invalid.
    pub invalid_messages: u64,
    /// Desyncs: clients whose state differed from the server's.
    pub desyncs: u64,
    /// Desyncs whose first bad tick and component were found.
    pub desyncs_named: u64,
    /// Players removed after repeated desyncs.
    pub desyncs_sent_away: u64,
    /// Matches that ended with a result.
    pub matches_finished: u64,
    /// Seconds in which a player gained more points than the game's rules allow.
    pub score_rate_exceeded: u64,
    /// Cheat signals of all players.
    pub cheat_signals: CheatSignals,
    /// Rooms closed because of a panic in them.
    pub rooms_faulted: u64,
    /// Sessions kicked for invalid messages, floods or repeated desyncs.
    pub kicked: u64,
    /// Join requests refused because of a limit on their address.
    pub joins_limited: u64,
    /// Join requests refused because the tick thread was too busy.
    pub joins_overloaded: u64,
    /// Join requests with a room code that leads nowhere.
    pub codes_wrong: u64,
    /// Game messages accepted from clients.
    pub room_messages_in: u64,
    /// Game messages dropped because their room was over its budget.
    pub room_messages_dropped: u64,
    /// Game messages queued for clients.
    pub room_messages_out: u64,
    /// Ticks dropped because the server was too far behind.
    pub dropped_ticks: u64,
}
