//! What screens and the view read of the session.

use std::time::Duration;

use framehouse_client::{client::Client, playback::Playback, stats::ClientStats, timeline::Timeline};
use framehouse_shared::{ids::Slot, input::Command, simulation::Simulation, tick::Tick};

use super::{JoinTarget, Problem, Session, Stage};
use crate::game::Game;

impl Session {
    /// What is played.
    pub const fn game(&self) -> &Game {
        &self.game
    }

    /// Where the server should be.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What was asked for last, unless the player has left since.
    pub const fn target(&self) -> Option<&JoinTarget> {
        self.target.as_ref()
    }

    /// The net core while there is a session, and the frozen one while it is asked for again.
    pub fn client(&self) -> Option<&Client> {
        match &self.stage {
            Stage::Open(client) => Some(client),
            Stage::Lost(lost) => Some(lost.frozen()),
            Stage::Idle | Stage::Asking(_) | Stage::Opening(_) | Stage::Showing(_) | Stage::Over(..) => None,
        }
    }

    /// The recorded match that is shown instead of a session.
    pub fn playback(&self) -> Option<&Playback> {
        if let Stage::Showing(playback) = &self.stage { Some(playback) } else { None }
    }

    /// The state to draw: predicted, or of the past.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.timeline().map(Timeline::simulation).or_else(|| self.client()?.simulation())
    }

    /// The game's commands of the last ticks before the newest state, each with its tick, in order.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let timeline = self.timeline();
        let played = self.client().filter(|_| timeline.is_none()).into_iter().flat_map(Client::commands);
        timeline.into_iter().flat_map(Timeline::commands).chain(played)
    }

    /// How far the way is gone from the state before the newest one to the newest, 0 to 1.
    pub fn render_alpha(&self) -> f32 {
        self.timeline().map(Timeline::render_alpha).or_else(|| Some(self.client()?.render_alpha())).unwrap_or(1.0)
    }

    /// How many ticks of what is shown are a second.
    pub fn tick_rate(&self) -> Option<u16> {
        self.timeline().map(Timeline::tick_rate).or_else(|| self.client()?.tick_rate())
    }

    /// What tells one match from the next in a room, and what lies before a cut of the past from what lies after.
    pub fn match_no(&self) -> Option<u32> {
        // From the other end, where no number of a match is.
        self.timeline().map(|timeline| u32::MAX - timeline.seeks()).or_else(|| self.client()?.match_no())
    }

    /// The player's seat.
    pub fn slot(&self) -> Option<Slot> {
        self.client()?.slot()
    }

    /// The name of who sits in a seat, or sat there last.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        self.timeline().map_or_else(|| self.client()?.name_of(slot), |timeline| timeline.name_of(slot))
    }

    /// Whether a server was asked and has not answered.
    pub const fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// Whether a replay is being read.
    pub const fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening(_))
    }

    /// For how many seconds the lost seat is still kept; nothing while nothing is lost.
    pub fn seconds_to_reconnect(&self, now: Duration) -> Option<u64> {
        if let Stage::Lost(lost) = &self.stage { Some(lost.seconds_left(now)) } else { None }
    }

    /// For how many seconds nothing came from the server.
    pub const fn silent_s(&self) -> f32 {
        if let Stage::Open(_) = &self.stage { self.liveness.seconds() } else { 0.0 }
    }

    /// Why the session is over, or never began.
    pub const fn problem(&self) -> Option<&Problem> {
        if let Stage::Over(problem, _) = &self.stage { Some(problem) } else { None }
    }

    /// The same: a sentence for the player.
    pub fn failure(&self) -> Option<&str> {
        self.problem().map(|problem| problem.sentence.as_str())
    }

    /// What was measured, also after the end.
    pub fn stats(&self) -> Option<&ClientStats> {
        match &self.stage {
            Stage::Over(_, client) => client.as_ref().map(|client| client.stats()),
            _ => self.client().map(Client::stats),
        }
    }

    /// Whether the game's bot plays.
    pub const fn is_autopilot(&self) -> bool {
        self.autopilot.is_some()
    }
}
