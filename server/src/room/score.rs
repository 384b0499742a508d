//! Scores: sampled per player for the score curve, and sent to the room as leaderboards.

pub mod leaderboard;

use std::collections::VecDeque;

use bevy::prelude::*;
use framehouse_shared::{
    score::{ScoreFrame, Scoreboard},
    sim::{SimRoom, SimTickCount},
    tick::Tick,
};

use super::{Members, Player};
use crate::{
    config::RoomSettings,
    tick::{TickRate, TickSet},
};

/// Samples scores and sends leaderboards.
pub(in crate::room) struct ScorePlugin;

impl Plugin for ScorePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(FixedUpdate, collect_scores.in_set(TickSet::Record))
            .add_systems(FixedUpdate, leaderboard::send_leaderboards.in_set(TickSet::Leaderboard));
    }
}

/// A player's latest score samples in one match, with their ticks, oldest first.
#[derive(Component, Debug, Default)]
pub struct ScoreBuffer {
    match_no: u32,
    frames: VecDeque<(Tick, ScoreFrame)>,
}

impl ScoreBuffer {
    /// An empty buffer for the match with this number in its room.
    pub(crate) fn of_match(match_no: u32) -> Self {
        Self { match_no, frames: VecDeque::new() }
    }

    /// Number of the match in its room.
    pub const fn match_no(&self) -> u32 {
        self.match_no
    }

    /// Approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.frames.capacity() * size_of::<(Tick, ScoreFrame)>()
    }

    /// Takes out everything, leaving an empty buffer.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The stored samples, oldest first.
    pub fn frames(&self) -> impl Iterator<Item = &(Tick, ScoreFrame)> {
        self.frames.iter()
    }

    fn push(&mut self, tick: Tick, score: ScoreFrame, max: usize) {
        while self.frames.len() >= max.max(1) {
            self.frames.pop_front();
        }
        self.frames.push_back((tick, score));
    }
}

/// Samples every participant's score every 200 ms. Runs in `TickSet::Record`.
fn collect_scores(
    rate: Res<TickRate>,
    settings: Res<RoomSettings>,
    rooms: Query<(&SimRoom, &SimTickCount, &Scoreboard, &Members)>,
    mut players: Query<(&Player, &mut ScoreBuffer)>,
) {
    let interval = rate.ticks_in(200);
    for (sim, next, scores, members) in &rooms {
        let tick = next.0.minus(1);
        if !sim.stepping || !tick.0.is_multiple_of(interval) {
            continue;
        }
        for &member in Members::entities(Some(members)) {
            if let Ok((player, mut buffer)) = players.get_mut(member)
                && player.takes_part()
            {
                buffer.push(tick, scores.slots[player.slot.index()], settings.score_buffer_maxlen as usize);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_keeps_the_last_scores_of_one_match() {
        let mut buffer = ScoreBuffer::default();
        for n in 0..60 {
            buffer.push(Tick(n * 6), ScoreFrame::default(), 50);
        }
        assert_eq!(buffer.frames().count(), 50);
        assert_eq!(buffer.frames().next().map(|(tick, _)| *tick), Some(Tick(60)));
    }
}
