//! Read access to the session, for screens and views.

use std::time::Duration;

use framehouse_client::{
    client::Client, connect::QueuePlace, playback::Playback, rooms::ReportRequest, stats::ClientStats,
    timeline::Timeline,
};
use framehouse_shared::{
    ids::{AccountId, Slot},
    input::Command,
    simulation::Simulation,
    tick::Tick,
};

use super::{JoinTarget, Problem, Session, Stage};
use crate::game::Game;

impl Session {
    /// The game.
    pub const fn game(&self) -> &Game {
        &self.game
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The player's lasting id on this server, in the present or last session; nothing with an earlier server.
    pub const fn player(&self) -> Option<AccountId> {
        self.player
    }

    /// The last join target, unless the player has left since.
    pub const fn target(&self) -> Option<&JoinTarget> {
        self.target.as_ref()
    }

    /// A report about the player in a seat of the room; `None` without a seat of one's own.
    pub(crate) fn report(&self, slot: Slot, text: &str) -> Option<ReportRequest> {
        let resume = self.request.as_ref()?.resume.clone()?;
        Some(ReportRequest { resume, slot: slot.into(), text: text.to_owned() })
    }

    /// The client of the session; during a reconnect, the lost session's.
    pub fn client(&self) -> Option<&Client> {
        match &self.stage {
            Stage::Open(client) => Some(client),
            Stage::Lost(lost) => Some(lost.frozen()),
            Stage::Idle | Stage::Asking(_) | Stage::Opening(_) | Stage::Showing(_) | Stage::Over(..) => None,
        }
    }

    /// The replay that is shown instead of a session.
    pub fn playback(&self) -> Option<&Playback> {
        if let Stage::Showing(playback) = &self.stage { Some(playback) } else { None }
    }

    /// The state to draw: predicted, or of the past.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.timeline().map(Timeline::simulation).or_else(|| self.client()?.simulation())
    }

    /// The game commands of the last ticks before the newest state, each with its tick, in order.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let timeline = self.timeline();
        let played = self.client().filter(|_| timeline.is_none()).into_iter().flat_map(Client::commands);
        timeline.into_iter().flat_map(Timeline::commands).chain(played)
    }

    /// Interpolation factor between the last two states, 0 to 1.
    pub fn render_alpha(&self) -> f32 {
        self.timeline().map(Timeline::render_alpha).or_else(|| Some(self.client()?.render_alpha())).unwrap_or(1.0)
    }

    /// The tick rate of the displayed match.
    pub fn tick_rate(&self) -> Option<u16> {
        self.timeline().map(Timeline::tick_rate).or_else(|| self.client()?.tick_rate())
    }

    /// A number that changes with every match of a room, and with every seek.
    pub fn match_no(&self) -> Option<u32> {
        // Counts down from the maximum, where no match numbers are.
        self.timeline().map(|timeline| u32::MAX - timeline.seeks()).or_else(|| self.client()?.match_no())
    }

    /// The player's seat.
    pub fn slot(&self) -> Option<Slot> {
        self.client()?.slot()
    }

    /// The name of the present or last player in a seat.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        self.timeline().map_or_else(|| self.client()?.name_of(slot), |timeline| timeline.name_of(slot))
    }

    /// Whether a session request is pending.
    pub const fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// The player's place in the queue of a full server.
    pub fn queue_place(&self) -> Option<QueuePlace> {
        if let Stage::Asking(asked) = &self.stage { asked.place() } else { None }
    }

    /// Whether a replay is being read.
    pub const fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening(_))
    }

    /// Seconds until the lost seat is gone; nothing unless the session is lost.
    pub fn seconds_to_reconnect(&self, now: Duration) -> Option<u64> {
        if let Stage::Lost(lost) = &self.stage { Some(lost.seconds_left(now)) } else { None }
    }

    /// Seconds without a datagram from the server.
    pub const fn silent_s(&self) -> f32 {
        if let Stage::Open(_) = &self.stage { self.liveness.seconds() } else { 0.0 }
    }

    /// The problem that ended the session, or kept it from beginning.
    pub const fn problem(&self) -> Option<&Problem> {
        if let Stage::Over(problem, _) = &self.stage { Some(problem) } else { None }
    }

    /// The problem's sentence for the player.
    pub fn failure(&self) -> Option<&str> {
        self.problem().map(|problem| problem.sentence.as_str())
    }

    /// The client's statistics, also after the end.
    pub fn stats(&self) -> Option<&ClientStats> {
        match &self.stage {
            Stage::Over(_, client) => client.as_ref().map(|client| client.stats()),
            _ => self.client().map(Client::stats),
        }
    }

    /// Whether the game's bot plays for the player.
    pub const fn is_autopilot(&self) -> bool {
        self.autopilot.is_some()
    }
}
