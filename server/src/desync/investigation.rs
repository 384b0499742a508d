//! The investigation of one desync, and the log of a member's recent desyncs.

use std::time::Duration;

use arrayvec::ArrayVec;
use bevy::prelude::*;
use framehouse_shared::{state_hash::StateHashes, tick::Tick};

use crate::{
    net::session::Session,
    replay::{
        Finding,
        desync::{FirstBad, LinkFigures},
    },
    room::{
        Player, Room, Spectator,
        clock::RoomClock,
        current_match::CurrentMatch,
        history::FrameHistory,
        inputs::{InputBuffer, SyncState},
        members,
    },
    schedule::Now,
};

/// Number of desyncs in the window with which a member is removed, because it is unlikely to recover.
const DESYNCS_MAX: usize = 3;
/// Length of the window in which desyncs are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// An open investigation, as a component of the member whose state differed.
#[derive(Component)]
#[component(storage = "SparseSet")]
pub struct Investigation {
    /// Entity of the member's room.
    pub room: Entity,
    /// Number of the match in the room.
    pub match_no: u32,
    /// What is known so far.
    pub finding: Finding,
    /// Server tick at which the investigation ends without an answer.
    pub until: u64,
    /// Whether the member is removed afterwards.
    pub is_one_too_many: bool,
    /// The server's hashes after the detected tick.
    detected: StateHashes,
    /// The server's hashes after the ticks that the member was asked about; the detected one is the last.
    asked: Vec<StateHashes>,
}

impl Investigation {
    /// Starts with the tick whose hash differed, and the server's hashes after it.
    pub fn open(world: &World, member: Entity, room: Entity, detected: Tick, hashes: StateHashes) -> Option<Self> {
        let now = world.resource::<Now>();
        let player = world.get::<Player>(member);
        let spectator = world.get::<Spectator>(member);
        let finding = Finding {
            match_id: world.get::<CurrentMatch>(room)?.id(),
            room: world.get::<Room>(room)?.code(),
            player: player.map(Player::id).or_else(|| spectator.map(Spectator::id))?,
            name: player.map(Player::name).or_else(|| spectator.map(Spectator::name))?.to_owned(),
            slot: player.map(Player::slot),
            detected,
            detected_unix_ms: now.unix().as_millis() as u64,
            link: link_figures(world, member, room),
            first_bad: None,
        };
        let match_no = world.get::<RoomClock>(room)?.match_no();
        Some(Self { room, match_no, finding, until: 0, is_one_too_many: false, detected: hashes, asked: Vec::new() })
    }

    /// Chooses the ticks to ask about: those of the recorded hashes, if the recording agrees with the server, else only
    /// the detected one. Returns the first of them, and the server's hashes after each.
    pub fn ask(&mut self, recorded: Vec<StateHashes>) -> (Tick, Vec<u64>) {
        let agrees = recorded.last() == Some(&self.detected);
        self.asked = if agrees { recorded } else { vec![self.detected.clone()] };
        (self.asked_from(), self.asked.iter().map(StateHashes::combined).collect())
    }

    /// Whether the member was asked for its first different tick.
    pub fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    fn asked_from(&self) -> Tick {
        self.finding.detected.plus(1).minus(self.asked.len() as u32)
    }

    /// The server's hashes after a tick that the member was asked about.
    pub fn hashes(&self, tick: Tick) -> Option<&StateHashes> {
        self.asked.get(tick.0.checked_sub(self.asked_from().0)? as usize)
    }

    /// Whether this tick is a possible answer to the question for the first bad tick.
    pub fn asks_for(&self, match_no: u32, tick: Tick) -> bool {
        self.match_no == match_no && self.finding.first_bad.is_none() && self.hashes(tick).is_some()
    }

    /// Where to store the fields of the first bad tick, if this is that tick.
    pub fn waits_for_fields(&mut self, match_no: u32, tick: Tick) -> Option<&mut FirstBad> {
        self.finding.first_bad.as_mut().filter(|first| first.tick == tick && self.match_no == match_no)
    }
}

fn link_figures(world: &World, member: Entity, room: Entity) -> LinkFigures {
    let feedback = world.get::<InputBuffer>(member).map(InputBuffer::feedback_so_far).unwrap_or_default();
    let has_until = world.get::<SyncState>(member).map_or(Tick(0), SyncState::next_frame);
    let heard_at = members::session_of(world, member)
        .and_then(|session| world.get::<Session>(session))
        .map(|session| session.heard_at);
    let now = world.resource::<Now>().elapsed;
    LinkFigures {
        margin_ticks: f32::from(feedback.margin) / 256.0,
        worst_margin_ticks: f32::from(feedback.worst_margin) / 256.0,
        late_inputs: feedback.late,
        replaced_inputs: feedback.replaced,
        frames_behind: world.get::<FrameHistory>(room).map_or(0, |history| history.end().since(has_until)),
        silent_ms: now.saturating_sub(heard_at.unwrap_or(now)).as_millis() as u64,
    }
}

/// Times of a member's recent desyncs. Stays with the player over reconnects.
#[derive(Component, Clone, Debug, Default)]
#[component(storage = "SparseSet")]
pub struct DesyncLog(ArrayVec<Duration, DESYNCS_MAX>);

impl DesyncLog {
    /// Adds a desync. Returns whether the member has too many in the window.
    pub fn note(&mut self, now: Duration) -> bool {
        self.0.retain(|earlier| now.saturating_sub(*earlier) <= WINDOW);
        if self.0.is_full() {
            self.0.remove(0);
        }
        self.0.push(now);
        self.0.is_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_within_a_minute_are_too_many_and_two_are_not() {
        let noted = |seconds: &[u64]| {
            let mut log = DesyncLog::default();
            seconds.iter().map(|at| log.note(Duration::from_secs(*at))).collect::<Vec<_>>()
        };
        assert_eq!(noted(&[0, 31, 62, 93, 124]), [false; 5]);
        assert_eq!(noted(&[0, 30, 60]), [false, false, true]);
        assert_eq!(noted(&[0, 59, 61, 62, 63]), [false, false, false, true, true], "whenever the minute begins");
    }
}
