//! The displayed moment of a match, for time bars: of a replay, or of a running match that the player watches.

use framehouse_client::timeline::Timeline;

use super::{Session, Stage};

/// A moment of a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Position in the match, in ticks.
    pub position: f64,
    /// Length of the match so far, in ticks.
    pub end: u32,
    /// Ticks a second.
    pub tick_rate: u16,
    /// Whether this is the present of a running match.
    pub is_live: bool,
}

impl Moment {
    /// Whether this is the end of the match.
    pub fn is_over(&self) -> bool {
        self.position >= f64::from(self.end)
    }
}

impl Session {
    /// The displayed (or wanted) moment of a match in which the player can seek.
    pub fn moment(&self) -> Option<Moment> {
        if let Some(playback) = self.playback() {
            let timeline = playback.timeline();
            let (position, end, tick_rate) = (timeline.position(), timeline.ticks(), timeline.tick_rate());
            return Some(Moment { position, end, tick_rate, is_live: false });
        }
        let Stage::Open(client) = &self.stage else { return None };
        let end = client.can_rewind().then(|| client.live_end())?;
        let past = client.rewind_position();
        let position = past.or_else(|| client.view_time()).unwrap_or_default().min(f64::from(end));
        Some(Moment { position, end, tick_rate: client.tick_rate()?, is_live: past.is_none() })
    }

    /// The displayed past: a replay, or an earlier part of a running match.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.playback().map(|playback| playback.timeline()).or_else(|| self.client()?.rewound())
    }

    /// Whether the past of a running match is shown.
    pub fn is_rewound(&self) -> bool {
        self.client().is_some_and(|client| client.rewound().is_some())
    }

    /// Seeks to a moment of the displayed match, in ticks.
    pub(crate) fn seek(&mut self, position: f64) {
        match &mut self.stage {
            Stage::Showing(playback) => playback.timeline_mut().seek(position),
            Stage::Open(client) => client.rewind_to(position),
            _ => {}
        }
    }

    /// Advances the displayed past by `seconds`.
    pub(crate) fn advance(&mut self, seconds: f64) {
        match &mut self.stage {
            Stage::Showing(playback) => playback.timeline_mut().advance(seconds),
            Stage::Open(client) => client.advance_rewound(seconds),
            _ => {}
        }
    }

    /// Shows the running match in the present again.
    pub(crate) fn return_to_live(&mut self) {
        if let Some(client) = self.room() {
            client.return_to_live();
        }
    }
}
