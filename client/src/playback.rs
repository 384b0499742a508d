//! Playback of a replay: a recorded match as a [`Timeline`], read from the replay's bytes.

use framehouse_shared::{
    replay::{Header, PastTick, Recorded, Replay, ReplayError, rules_hash},
    simulation::Simulation,
    state_hash::StateHashes,
};

use crate::timeline::{BadOpening, TICKS_MAX, Timeline, TimelineFull};

/// Error of opening a replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaybackError {
    /// The bytes are not a complete replay.
    #[error("{0}")]
    File(#[from] ReplayError),
    /// The replay is of another game, or of a release that simulates differently.
    #[error("it was recorded by {0}")]
    OtherRelease(String),
    /// The replay exceeds the limits of a timeline.
    #[error("{0}")]
    TooLong(#[from] TimelineFull),
    /// The opening state is not one of this game.
    #[error("{0}")]
    BadOpening(#[from] BadOpening),
}

/// A recorded match and its displayed moment.
pub struct Playback {
    header: Header,
    timeline: Timeline,
}

impl Playback {
    /// Reads a replay and opens it at its first moment, without simulating yet.
    ///
    /// # Errors
    /// When this program cannot play it back.
    pub fn open(simulation: Simulation, bytes: &[u8]) -> Result<Self, PlaybackError> {
        let replay = Replay::read(bytes)?;
        let header = replay.header().clone();
        check_release(&header, &simulation)?;
        if replay.trailer.ticks > TICKS_MAX {
            return Err(TimelineFull::Ticks.into());
        }
        let opening = replay.beginning.opening()?;
        if rules_hash(&opening) != Ok(header.rules_hash) {
            return Err(BadOpening.into());
        }
        let mut timeline = Timeline::open(simulation, &opening, header.tick_rate)?;
        for recorded in replay.beginning.iter_ticks() {
            let Recorded { frame, joined, hashes } = recorded?;
            timeline.push(PastTick { frame, joined, hash: hashes.as_ref().map(StateHashes::combined) })?;
        }
        timeline.advance(0.0);
        Ok(Self { header, timeline })
    }

    /// The replay's header: a description of the match.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The match, for reading.
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The match, for advancing and seeking.
    pub const fn timeline_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }
}

fn check_release(header: &Header, simulation: &Simulation) -> Result<(), PlaybackError> {
    let game = simulation.game();
    let is_same = header.game == game.id()
        && header.protocol == game.protocol_hash()
        && header.rules_version == game.rules_version()
        && simulation.states().names().eq(header.components.iter().map(String::as_str));
    if is_same { Ok(()) } else { Err(PlaybackError::OtherRelease(header.build.clone())) }
}

#[cfg(test)]
mod tests;
