//! Scores: sampled per player for the score curve, and sent to the room as leaderboards.

pub mod curves;
pub mod leaderboard;
pub(crate) mod rate;

use bevy::prelude::*;
use framehouse_shared::{
    score::Scoreboard,
    sim::{SimRoom, SimTickCount},
    tick::Tick,
};

use super::{
    Members, Player, Room,
    current_match::CurrentMatch,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    schedule::{TickRate, TickSet},
};

/// Samples scores and sends leaderboards.
pub(in crate::room) struct ScorePlugin;

impl Plugin for ScorePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(FixedUpdate, (collect_scores, rate::check_score_rates).in_set(TickSet::Record))
            .add_systems(FixedUpdate, leaderboard::send_leaderboards.in_set(TickSet::Leaderboard));
    }
}

/// Score curve of a player in one match: pairs of a tick and the points after it, oldest first.
///
/// The curve spans the match in bounded memory: when the buffer is full, every second point is dropped and the interval
/// between points doubles.
#[derive(Component, Debug, Default)]
pub struct ScoreBuffer {
    match_no: u32,
    points: Vec<(Tick, i64)>,
    /// Number of calls of `push`.
    offered: u32,
    /// One of 2^`thinned` offered points is kept.
    thinned: u32,
    /// The newest offered points, for the gain since then.
    newest: Option<i64>,
}

impl ScoreBuffer {
    /// An empty buffer for the match with this number in its room.
    pub(crate) fn of_match(match_no: u32) -> Self {
        Self { match_no, ..default() }
    }

    /// Number of the match in its room.
    pub const fn match_no(&self) -> u32 {
        self.match_no
    }

    /// Approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.points.capacity() * size_of::<(Tick, i64)>()
    }

    /// Takes out everything, leaving an empty buffer.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The stored points, oldest first.
    pub fn points(&self) -> &[(Tick, i64)] {
        &self.points
    }

    fn push(&mut self, tick: Tick, points: i64, max: usize) {
        let offered = self.offered;
        self.offered += 1;
        if self.points.len() >= max.max(2) && self.is_kept(offered) {
            self.thinned += 1;
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        if self.is_kept(offered) {
            self.points.push((tick, points));
        }
    }

    const fn is_kept(&self, offered: u32) -> bool {
        offered.trailing_zeros() >= self.thinned
    }
}

/// Samples every participant's score every 200 ms; a full buffer stores fewer of the samples. Runs in
/// `TickSet::Record`.
fn collect_scores(
    rate: Res<TickRate>,
    settings: Res<RoomSettings>,
    rooms: Query<(&SimRoom, &SimTickCount, &Scoreboard, &Members, &Room, &CurrentMatch)>,
    mut players: Query<(&Player, &mut ScoreBuffer)>,
) {
    let interval = rate.ticks_in(200);
    for (sim, next, scores, members, room, current) in &rooms {
        let tick = next.0.minus(1);
        if !sim.stepping || !tick.0.is_multiple_of(interval) {
            continue;
        }
        for &member in Members::entities(Some(members)) {
            if let Ok((player, mut buffer)) = players.get_mut(member)
                && player.takes_part()
            {
                let points = scores.slots[player.slot.index()].points;
                let gained = buffer.newest.replace(points).map_or(0, |newest| points.saturating_sub(newest));
                if gained >= i64::from(settings.log_gain_points) {
                    log_line!(DEBUG, Who::of_player(room, current, player), gained, points, "points gained");
                }
                buffer.push(tick, points, settings.score_buffer_maxlen as usize);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_spans_its_match_at_bounded_memory() {
        for max in [2, 3, 50, 51] {
            let mut buffer = ScoreBuffer::of_match(1);
            for n in 0..10_000 {
                buffer.push(Tick(n * 6), i64::from(n), max);
                let kept = buffer.points();
                assert!((1..=max).contains(&kept.len()), "{max}: {}", kept.len());
                let apart: Vec<u32> = kept.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect();
                assert!(apart.windows(2).all(|pair| pair[0] == pair[1]), "{max}: {apart:?}");
                let to_newest = Tick(n * 6).since(kept[kept.len() - 1].0);
                assert!(apart.first().is_none_or(|apart| to_newest < *apart), "{max}: {to_newest} {apart:?}");
            }
            assert_eq!(buffer.points()[0].0, Tick(0), "the curve begins with the match");
            assert!(buffer.points().len() >= max.div_ceil(2), "{max}: at least half of the buffer is used");
        }
    }
}
