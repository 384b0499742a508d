//! Read access to a client, for windows, bots and tests.

use std::{collections::vec_deque::Drain, time::Duration};

use framehouse_shared::{
    ids::{PlayerId, RoomCode, SLOTS_MAX, Slot, SlotMask},
    input::Command,
    protocol::{
        guard::DropCounts,
        messages::{AbortVote, Member, Phase, PlayerState, RoomOptions},
    },
    simulation::Simulation,
    tick::Tick,
};

use super::{Client, Draining, Leaderboard, MatchResults, Notice, RoomView};
use crate::{
    clock::Clock,
    net::{End, Status, Traffic},
    prediction::Prediction,
    stats::ClientStats,
};

impl Client {
    /// The reason of the session's end, if it is over: a sentence for the player.
    pub fn ended(&self) -> Option<&str> {
        self.end().map(|end| end.reason.as_str())
    }

    /// The end of the session, if it is over: intended, or a lost connection.
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether the player asked to leave.
    pub const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether netcode's handshake is done.
    pub fn is_connected(&self) -> bool {
        self.connection.status() == Status::Connected
    }

    /// The phase of the room; nothing before the welcome.
    pub fn phase(&self) -> Option<&Phase> {
        self.room.as_ref().map(|room| &room.phase)
    }

    /// The room's code.
    pub fn code(&self) -> Option<RoomCode> {
        self.room.as_ref().map(|room| room.code)
    }

    /// The options that the room's host has chosen.
    pub fn options(&self) -> Option<&RoomOptions> {
        self.room.as_ref().map(|room| &room.options)
    }

    /// The host's seat.
    pub fn host(&self) -> Option<Slot> {
        self.room.as_ref().and_then(|room| room.host)
    }

    /// When the match starts because most players are ready, in the time of [`update`](Client::update).
    pub fn starts_at(&self) -> Option<Duration> {
        self.room.as_ref().and_then(|room| room.starts_at)
    }

    /// The open vote on ending the match without a result, and when it ends, in the time of
    /// [`update`](Client::update).
    pub fn abort_vote(&self) -> Option<(AbortVote, Duration)> {
        self.room.as_ref().and_then(|room| room.vote)
    }

    /// Whether the player is asked to agree to end the match without a result, and has not answered.
    pub fn is_asked(&self) -> bool {
        self.say().is_some_and(|(vote, own)| (vote.agreed | vote.refused) & own == 0)
    }

    /// The open vote on ending the match, and the player's bit in it; nothing if it has no say.
    pub(super) fn say(&self) -> Option<(AbortVote, SlotMask)> {
        let ((vote, _), own) = self.abort_vote().zip(self.slot())?;
        (vote.voters & own.bit() != 0).then_some((vote, own.bit()))
    }

    /// Whether the player is the host.
    pub fn is_host(&self) -> bool {
        self.slot().is_some() && self.slot() == self.host()
    }

    /// Number of spectators.
    pub fn spectators(&self) -> u8 {
        self.room.as_ref().map_or(0, |room| room.spectators)
    }

    /// The room's tick rate, in ticks a second.
    pub fn tick_rate(&self) -> Option<u16> {
        self.room.as_ref().map(|room| room.tick_rate)
    }

    /// All members of the room, by seat; nothing before the welcome.
    pub fn members(&self) -> Option<&[Option<Member>; SLOTS_MAX]> {
        self.room.as_ref().map(|room| &room.members)
    }

    /// Our own player.
    pub fn player(&self) -> Option<PlayerId> {
        self.room.as_ref().map(|room| room.player)
    }

    /// The name of the present or last player in a seat; nothing if the seat was never taken.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        let name = self.room.as_ref().map(|room| room.names[slot.index()].as_str());
        name.filter(|name| !name.is_empty())
    }

    /// Our own seat; nothing for a spectator.
    pub fn slot(&self) -> Option<Slot> {
        self.room.as_ref().and_then(|room| room.slot)
    }

    /// Our own player state.
    pub fn state(&self) -> Option<PlayerState> {
        self.room.as_ref().map(RoomView::own_state)
    }

    /// Whether we are in the room without a seat.
    pub fn is_spectator(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.slot.is_none())
    }

    /// Whether we only watch: without a seat, or after giving the match up.
    pub fn is_watching(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.playing_slot().is_none())
    }

    /// Our seat, if we play the match from it.
    pub(super) fn playing_slot(&self) -> Option<Slot> {
        self.room.as_ref().and_then(RoomView::playing_slot)
    }

    /// The number of the match that is set, runs or has just ended.
    pub fn match_no(&self) -> Option<u32> {
        self.current.as_ref().map(|current| current.number)
    }

    /// The announced restart of the server, if there is one.
    pub const fn draining(&self) -> Option<Draining> {
        self.draining
    }

    /// The newest leaderboard of the match.
    pub const fn leaderboard(&self) -> Option<&Leaderboard> {
        self.leaderboard.as_ref()
    }

    /// The results of the last match, until the next one is set.
    pub const fn results(&self) -> Option<&MatchResults> {
        self.results.as_ref()
    }

    /// The newest state, once a match is loaded: predicted for a player, confirmed for a client that only watches.
    /// Nothing in a thin client.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.current.as_ref()?.loaded?;
        self.prediction.as_ref().map(Prediction::simulation)
    }

    /// The game commands of the last two seconds or so, confirmed and predicted, each with its tick, in order. A view
    /// uses them to show effects that leave no trace in the state. None in a thin client.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let is_loaded = self.current.as_ref().is_some_and(|current| current.loaded.is_some());
        self.prediction.iter().filter(move |_| is_loaded).flat_map(Prediction::commands)
    }

    /// The prediction, for net graphs and desync reports. Nothing in a thin client.
    pub const fn prediction(&self) -> Option<&Prediction> {
        self.prediction.as_ref()
    }

    /// The input time in ticks of the match: room time plus lead. Its whole part is the newest tick with an input; it
    /// is negative in the countdown. Nothing for a client that only watches.
    pub fn input_time(&self) -> Option<f64> {
        self.playing_slot()?;
        self.current.as_ref().and_then(|_| self.clock.input_time())
    }

    /// The displayed moment of the match, in ticks; its whole part is the newest tick to show. For a player it is the
    /// input time minus the input delay, negative in the countdown; for a client that only watches it is the spectator
    /// clock.
    pub fn view_time(&self) -> Option<f64> {
        let current = self.current.as_ref()?;
        if self.is_watching() { current.spectator_clock.time() } else { self.clock.view_time() }
    }

    /// Interpolation factor between the last two states, 0 to 1. It stays at 1 while prediction is throttled or frames
    /// are missing.
    ///
    /// It follows from [`view_time`](Self::view_time). For a client that only watches, that is a clock of its own,
    /// which runs evenly about two ticks behind the newest frame; frames are confirmed when it reaches them.
    pub fn render_alpha(&self) -> f32 {
        let (Some(time), Some(simulation)) = (self.view_time(), self.simulation()) else { return 0.0 };
        let newest_tick = f64::from(simulation.next_tick().0) - 1.0;
        (time - newest_tick).clamp(0.0, 1.0) as f32
    }

    /// Room time and network distance.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The measurements so far.
    pub const fn stats(&self) -> &ClientStats {
        &self.stats
    }

    /// All network traffic so far.
    pub const fn traffic(&self) -> Traffic {
        self.connection.traffic()
    }

    /// Datagrams dropped before a library or a decoder saw them, by reason.
    pub const fn drops(&self) -> &DropCounts {
        self.connection.drops()
    }

    /// Takes the notices since the last call.
    pub fn drain_notices(&mut self) -> Drain<'_, Notice> {
        self.notices.drain()
    }
}
