//! Score curves of all players in a match, from the leaderboards that arrive every two seconds.

use bevy::prelude::*;
use framehouse_client::client::{Leaderboard, MatchResults};
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    tick::Tick,
};

use crate::session::Session;

/// Maximum number of points of a curve; of a longer match every second point is dropped.
const POINTS_MAX: usize = 1024;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Curves>();
    app.add_systems(Update, record);
}

/// The scores of every seat, by tick.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Curves {
    match_no: Option<u32>,
    seen: Option<Tick>,
    series: [Vec<(Tick, i64)>; SLOTS_MAX],
}

impl Curves {
    /// The scores of a seat, oldest first.
    pub fn of(&self, slot: Slot) -> &[(Tick, i64)] {
        &self.series[slot.index()]
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.len() < 2)
    }

    /// The last tick, and the highest score of all.
    pub fn extent(&self) -> (Tick, i64) {
        let points = self.series.iter().flatten();
        points.fold((Tick(1), 1), |(tick, points), (at, of)| (tick.max(*at), points.max(*of)))
    }

    fn begin(&mut self, match_no: u32) {
        if self.match_no != Some(match_no) {
            *self = Self { match_no: Some(match_no), ..default() };
        }
    }

    fn take_leaderboard(&mut self, leaderboard: &Leaderboard) {
        self.begin(leaderboard.match_no);
        let standings = leaderboard.entries.iter().map(|standing| (standing.slot, standing.points));
        self.push(leaderboard.tick, standings);
    }

    fn take_results(&mut self, results: &MatchResults) {
        self.begin(results.match_no);
        self.push(results.last_tick, results.ranking.iter().map(|entry| (entry.slot, entry.score.points)));
    }

    fn push(&mut self, tick: Tick, points: impl Iterator<Item = (Slot, i64)>) {
        if self.seen.is_some_and(|seen| tick <= seen) {
            return;
        }
        self.seen = Some(tick);
        for (slot, points) in points {
            let series = &mut self.series[slot.index()];
            if series.is_empty() {
                // Every player starts with no points, also a late joiner.
                series.push((Tick(tick.0.saturating_sub(60)), 0));
            }
            if series.len() == POINTS_MAX {
                let mut place = 0;
                series.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
            }
            series.push((tick, points));
        }
    }
}

fn record(session: Res<Session>, mut curves: ResMut<Curves>) {
    let Some(client) = session.client() else {
        if curves.match_no.is_some() {
            *curves = Curves::default();
        }
        return;
    };
    let is_new =
        |tick: Tick, number: u32| curves.match_no != Some(number) || curves.seen.is_none_or(|seen| tick > seen);
    if let Some(leaderboard) = client.leaderboard().filter(|board| is_new(board.tick, board.match_no)) {
        return curves.take_leaderboard(leaderboard);
    }
    if let Some(results) = client.results().filter(|results| is_new(results.last_tick, results.match_no)) {
        curves.take_results(results);
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::protocol::control::LeaderboardRow;

    use super::*;
    use crate::view::tests::slot;

    fn board(match_no: u32, tick: u32, points: i64) -> Leaderboard {
        Leaderboard { match_no, tick: Tick(tick), entries: vec![LeaderboardRow { slot: slot(2), points }] }
    }

    #[test]
    fn every_leaderboard_is_a_point_and_counts_once() {
        let mut curves = Curves::default();
        for (tick, points) in [(60, 4), (60, 4), (120, 9), (90, 7)] {
            curves.take_leaderboard(&board(1, tick, points));
        }
        assert_eq!(curves.of(slot(2)), [(Tick(0), 0), (Tick(60), 4), (Tick(120), 9)]);
        assert_eq!(curves.extent(), (Tick(120), 9));
        assert!(!curves.is_empty() && curves.of(slot(1)).is_empty());
    }

    #[test]
    fn a_new_match_begins_anew_and_a_long_one_is_thinned() {
        let mut curves = Curves::default();
        (1..5000).for_each(|tick| curves.take_leaderboard(&board(1, tick, 1)));
        assert!(curves.of(slot(2)).len() <= POINTS_MAX);
        assert_eq!(curves.extent().0, Tick(4999));
        curves.take_leaderboard(&board(2, 60, 1));
        assert_eq!(curves.of(slot(2)).len(), 2);
    }
}
