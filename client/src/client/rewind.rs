//! Going back in a running match, for spectators and players who gave up.
//!
//! The past is a separate [`Timeline`] beside the live match, which goes on in the background. Its opening state and
//! its frames are requested part by part, as far as the displayed moment needs them, and kept until the match is over.
//! Everything in a part is bounded and decoded as in snapshots and replays.

use std::time::Duration;

use framehouse_shared::{
    protocol::messages::{ClientMessage, HistoryContent, HistoryPart, Phase},
    replay::read_range,
    tick::Tick,
};

use super::{
    Client,
    snapshot::{ChunkPosition, SnapshotAssembler, decompress},
};
use crate::timeline::Timeline;

/// Time-out of a part that makes no progress, beyond a round trip, after which it is requested again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Length of the buffer of frames after the displayed moment, in seconds.
const AHEAD_SECONDS: u32 = 10;
/// The shortest part to request, in seconds: the newest frames arrive one by one.
const PART_SECONDS: u32 = 1;
/// A viewer this close to the newest frame is live again, in seconds.
const LIVE_SECONDS: u32 = 2;

/// The past of the match.
#[derive(Default)]
pub(super) struct Rewind {
    /// The timeline, once the opening state has arrived.
    timeline: Option<Timeline>,
    /// The moment to go to once its frames have arrived, in ticks.
    position: f64,
    /// Whether the player is in the past.
    is_wanted: bool,
    /// Whether the past is shown. Until its first moment can be drawn, the live match is shown.
    is_shown: bool,
    content: Option<HistoryContent>,
    assembler: SnapshotAssembler,
    /// Since when a request has made no progress.
    asked: Option<Duration>,
}

/// A part of the past could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the past of the match could not be read")]
struct BadHistory;

impl Client {
    /// Whether the player can go back in the match: it runs, is loaded, and the player only watches it.
    pub fn can_rewind(&self) -> bool {
        let is_loaded = self.current.as_ref().is_some_and(|current| current.loaded.is_some());
        let runs = matches!(self.phase(), Some(Phase::Playing { .. }));
        runs && is_loaded && self.is_watching() && self.make_game.is_some()
    }

    /// Goes to a moment of the running match, in ticks. Its frames are requested, and the live match is shown until the
    /// moment can be drawn. A moment in the last two seconds counts as live.
    pub fn rewind_to(&mut self, position: f64) {
        let live_end = self.live_end();
        if !self.can_rewind() {
            return;
        }
        if self.is_present(position, live_end) {
            return self.return_to_live();
        }
        let Some(current) = &mut self.current else { return };
        let rewind = current.rewind.get_or_insert_default();
        // `max` first: it turns a NaN into a number.
        rewind.position = position.max(0.0);
        rewind.is_wanted = true;
        if let Some(timeline) = &mut rewind.timeline {
            timeline.set_end(live_end);
            timeline.seek(position);
        }
    }

    /// Shows the live match again; received parts of the past are kept.
    pub fn return_to_live(&mut self) {
        if let Some(rewind) = self.current.as_mut().and_then(|current| current.rewind.as_mut()) {
            (rewind.is_wanted, rewind.is_shown) = (false, false);
        }
    }

    /// Advances the past by `seconds`. A viewer who catches up with the present is live again.
    pub fn advance_rewound(&mut self, seconds: f64) {
        let live_end = self.live_end();
        let Some(rewind) = self.rewind_mut() else { return };
        let Some(timeline) = &mut rewind.timeline else { return };
        timeline.set_end(live_end);
        timeline.advance(seconds);
        rewind.position = timeline.position();
        rewind.is_shown |= timeline.is_caught_up();
        let position = rewind.position;
        if seconds > 0.0 && self.is_present(position, live_end) {
            self.return_to_live();
        }
    }

    /// The moment in the past, in ticks; nothing while live.
    pub fn rewind_position(&self) -> Option<f64> {
        self.rewind().map(|rewind| rewind.position)
    }

    /// The past to draw; nothing while live, or while the first moment is still loading.
    pub fn rewound(&self) -> Option<&Timeline> {
        self.rewind().filter(|rewind| rewind.is_shown)?.timeline.as_ref()
    }

    /// One past the newest tick of the match that this client knows of.
    pub fn live_end(&self) -> u32 {
        self.current.as_ref().map_or(0, |current| current.frame_buffer.next_missing().0)
    }

    fn rewind(&self) -> Option<&Rewind> {
        self.current.as_ref()?.rewind.as_ref().filter(|rewind| rewind.is_wanted)
    }

    fn rewind_mut(&mut self) -> Option<&mut Rewind> {
        self.current.as_mut()?.rewind.as_mut().filter(|rewind| rewind.is_wanted)
    }

    fn is_present(&self, position: f64, live_end: u32) -> bool {
        let rate = u32::from(self.tick_rate().unwrap_or(1));
        position + f64::from(LIVE_SECONDS * rate) >= f64::from(live_end)
    }

    /// Requests the next missing part of the past, unless a request is pending.
    pub(super) fn ask_for_history(&mut self, now: Duration) {
        let patience = PATIENCE + self.clock.rtt().unwrap_or_default();
        let (live_end, rate) = (self.live_end(), u32::from(self.tick_rate().unwrap_or(1)));
        let Some(match_no) = self.match_no() else { return };
        let Some(rewind) = self.rewind_mut() else { return };
        let is_on_its_way = rewind.asked.is_some_and(|asked| now.saturating_sub(asked) < patience);
        let Some(part) = rewind.missing_part(live_end, rate).filter(|_| !is_on_its_way) else { return };
        rewind.asked = Some(now);
        self.connection.queue_control(&ClientMessage::WantHistory { match_no, part });
    }

    /// Takes a chunk of a requested part.
    pub(super) fn take_history(
        &mut self,
        now: Duration,
        match_no: u32,
        content: HistoryContent,
        place: (u16, u16),
        bytes: &[u8],
    ) {
        let (live_end, rate) = (self.live_end(), self.tick_rate().unwrap_or(1));
        let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) else { return };
        let (Some(rewind), Some(make)) = (&mut current.rewind, &self.make_game) else { return };
        rewind.asked = Some(now);
        let taken = match rewind.take_chunk(content, place, bytes) {
            Ok(None) => Ok(()),
            Ok(Some(whole)) => {
                rewind.asked = None;
                match content {
                    HistoryContent::Opening => {
                        rewind.open(|state| Timeline::open(make(), state, rate).ok(), live_end, &whole)
                    }
                    HistoryContent::Frames { first, ticks, is_compressed } => {
                        rewind.add_frames(first, ticks.into(), is_compressed, &whole)
                    }
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            current.rewind = None;
            self.stats.errors.note(error.to_string());
        }
    }
}

impl Rewind {
    /// The next part to request, if one is missing.
    fn missing_part(&self, live_end: u32, rate: u32) -> Option<HistoryPart> {
        let Some(timeline) = &self.timeline else { return Some(HistoryPart::Opening) };
        let loaded = timeline.loaded();
        let needed = (self.position as u32).saturating_add(1);
        let is_near = loaded < needed.saturating_add(AHEAD_SECONDS * rate);
        let is_worth_it = live_end.saturating_sub(loaded) >= PART_SECONDS * rate;
        let can_go_on = timeline.broken().is_none() && !timeline.is_full();
        (is_near && is_worth_it && can_go_on).then_some(HistoryPart::From(Tick(loaded)))
    }

    /// Takes the next chunk; returns the bytes of the whole part after the last one.
    fn take_chunk(
        &mut self,
        content: HistoryContent,
        (index, count): (u16, u16),
        bytes: &[u8],
    ) -> Result<Option<Vec<u8>>, BadHistory> {
        if index == 0 {
            self.content = Some(content);
        }
        // The rest of an answer that has been given up.
        if self.content != Some(content) {
            return Ok(None);
        }
        self.assembler.take(ChunkPosition { next_tick: Tick(0), index, count }, bytes).map_err(|_| BadHistory)
    }

    fn open(
        &mut self,
        open: impl FnOnce(&[u8]) -> Option<Timeline>,
        live_end: u32,
        compressed: &[u8],
    ) -> Result<(), BadHistory> {
        if self.timeline.is_some() {
            return Ok(());
        }
        let state = decompress(compressed).map_err(|_| BadHistory)?;
        let mut timeline = open(&state).ok_or(BadHistory)?;
        timeline.set_end(live_end);
        timeline.seek(self.position);
        self.timeline = Some(timeline);
        Ok(())
    }

    /// Adds the frames that are new: a part may begin before the requested tick.
    fn add_frames(&mut self, first: Tick, ticks: u32, is_compressed: bool, bytes: &[u8]) -> Result<(), BadHistory> {
        let timeline = self.timeline.as_mut().filter(|timeline| first.0 <= timeline.loaded()).ok_or(BadHistory)?;
        let unpacked = is_compressed.then(|| decompress(bytes)).transpose().map_err(|_| BadHistory)?;
        let bytes = unpacked.as_deref().unwrap_or(bytes);
        let range = read_range(bytes, first, ticks, timeline.inputs_before(first)).map_err(|_| BadHistory)?;
        let loaded = timeline.loaded();
        for past in range.into_iter().filter(|past| past.frame.tick.0 >= loaded) {
            // Frames beyond the timeline's limits are not shown.
            if timeline.push(past).is_err() {
                break;
            }
        }
        Ok(())
    }
}
