//! The report of a scripted run, one line of JSON: measurements, and the results of the matches.

use framehouse_client::{
    client::Notice,
    stats::{ClientStats, Distribution},
};
use framehouse_shared::{
    ids::MatchId,
    protocol::messages::{Phase, RankingEntry, RoomEvent},
};
use serde::Serialize;

use crate::frame_stats::Measured;

/// Maximum number of matches in the report, the last ones.
const MATCHES_MAX: usize = 64;

/// The report.
#[derive(Serialize)]
pub struct Report<'a> {
    frames: u64,
    fps_p50: f64,
    match_ticks: u64,
    matches: u64,
    rollback_ticks_p99: i64,
    desyncs: u64,
    #[serde(flatten)]
    measured: Measured,
    results: &'a [Ended],
}

/// The matches that ended during the run.
#[derive(Default)]
pub struct Matches(Vec<Ended>);

/// The result of a match, with the field names of the server's results file.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Ended {
    /// Nothing until the server has saved the result.
    match_id: Option<String>,
    match_no: u32,
    players: Vec<PlayerRank>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct PlayerRank {
    slot: u8,
    name: String,
    rank: usize,
    points: i64,
}

impl Matches {
    /// Notes a match's result, and its id on the server.
    pub fn note(&mut self, notice: &Notice) {
        match notice {
            Notice::Room(RoomEvent::Phase(Phase::Results { match_no, ranking, .. })) => {
                if self.0.len() == MATCHES_MAX {
                    self.0.remove(0);
                }
                let players = (1..).zip(ranking).map(|(rank, entry)| PlayerRank::new(rank, entry)).collect();
                self.0.push(Ended { match_id: None, match_no: *match_no, players });
            }
            Notice::ResultSaved { match_no, match_id } => self.name(*match_no, *match_id),
            _ => {}
        }
    }

    fn name(&mut self, match_no: u32, match_id: MatchId) {
        if let Some(ended) = self.0.iter_mut().rev().find(|ended| ended.match_no == match_no) {
            ended.match_id = Some(match_id.to_string());
        }
    }
}

impl PlayerRank {
    fn new(rank: usize, entry: &RankingEntry) -> Self {
        Self { slot: entry.slot.into(), name: entry.name.clone(), rank, points: entry.score.points }
    }
}

impl<'a> Report<'a> {
    /// The report after this many frames.
    pub fn new(
        frames: u64,
        frame_tenth_ms: &Distribution,
        stats: Option<&ClientStats>,
        measured: Measured,
        matches: &'a Matches,
    ) -> Self {
        let frame_tenth_ms = frame_tenth_ms.quantile(0.5).max(1) as f64;
        Self {
            frames,
            fps_p50: (100_000.0 / frame_tenth_ms).round() / 10.0,
            match_ticks: stats.map_or(0, |stats| stats.ticks_confirmed),
            matches: stats.map_or(0, |stats| stats.matches_seen),
            rollback_ticks_p99: stats.map_or(0, |stats| stats.rollback_ticks.quantile(0.99)),
            desyncs: stats.map_or(0, |stats| stats.desyncs),
            measured,
            results: &matches.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::{score::ScoreFrame, tick::Tick};

    use super::*;
    use crate::view::tests::slot;

    #[test]
    fn a_match_is_told_like_in_the_file_of_results() {
        let mut matches = Matches::default();
        let score = ScoreFrame { points: 7, ..Default::default() };
        let ranking = vec![RankingEntry { slot: slot(2), name: "Ada \"A\"".to_owned(), score }];
        matches.note(&Notice::Room(RoomEvent::Phase(Phase::Results { match_no: 3, last_tick: Tick(9), ranking })));
        matches.note(&Notice::ResultSaved { match_no: 3, match_id: MatchId(0xab) });
        assert_eq!(
            serde_json::to_string(&matches.0).expect("plain values"),
            r#"[{"match_id":"000000000000000000000000000000ab","match_no":3,"players":[{"slot":2,"name":"Ada \"A\"","rank":1,"points":7}]}]"#
        );
    }
}
