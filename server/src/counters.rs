//! Numbers that anybody may raise and the status page shows.

use bevy::prelude::*;

/// Things that are only ever counted.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Messages that passed the guard and made no sense.
    pub invalid_messages: u64,
    /// Clients whose state differed from ours.
    pub desyncs: u64,
    /// Those of which the first bad tick and component were found.
    pub desyncs_named: u64,
    /// Players who were sent away because it happened again and again.
    pub desyncs_sent_away: u64,
    /// Matches that came to their end.
    pub matches_finished: u64,
    /// Seconds in which a player gained more points than the game's rules allow.
    pub score_rate_exceeded: u64,
    /// Rooms that were closed because something panicked in them.
    pub rooms_faulted: u64,
    /// Sessions that were kicked for what they sent.
    pub kicked: u64,
    /// Game messages that were taken from clients.
    pub room_messages_in: u64,
    /// Game messages that were dropped because their room had too many.
    pub room_messages_dropped: u64,
    /// Game messages that were queued for clients.
    pub room_messages_out: u64,
    /// Ticks that were given up because the server was too far behind.
    pub dropped_ticks: u64,
}
