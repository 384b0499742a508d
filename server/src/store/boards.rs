//! Leaderboards: which ones a match counts for, and which entry of a player is the best.
//!
//! Boards are `all`, `day`, `week` and `map:NAME`. A board and a period are one list; `all` and the boards of maps have one
//! period, `""`. The period is that of the match's end in UTC.

use std::{cmp::Reverse, collections::BTreeMap};

pub(super) use framehouse_shared::api::board::{ALL, DAY, MAP, WEEK};

use super::{
    period,
    record::{Match, text},
};

/// A list of a leaderboard: the board and the period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct List {
    /// Name of the board.
    pub board: String,
    /// Day, week, or nothing.
    pub period: String,
}

impl List {
    fn new(board: &str, period: String) -> Self {
        Self { board: board.to_owned(), period }
    }

    /// The list of a board for the period that this time is in. `None` if there is no such board.
    pub fn at(board: &str, unix_s: u64) -> Option<Self> {
        let period = match board {
            ALL => String::new(),
            DAY => period::day(unix_s),
            WEEK => period::week(unix_s),
            // The names of maps are stored like this.
            _ if board.strip_prefix(MAP).is_some_and(|map| text(map) == map) => String::new(),
            _ => return None,
        };
        Some(Self::new(board, period))
    }
}

/// The name of a period, if it has the form of the list's own.
pub(super) fn checked_period(list: &List, period: &str) -> Option<String> {
    let alike = |(own, other): (u8, u8)| own == other || own.is_ascii_digit() && other.is_ascii_digit();
    let is_one = list.period.len() == period.len() && list.period.bytes().zip(period.bytes()).all(alike);
    is_one.then(|| period.to_owned())
}

/// The lists that a match counts for.
pub(super) fn lists_of(map: &str, ended_s: u64) -> impl Iterator<Item = List> {
    let of_map = (!map.is_empty()).then(|| List::new(&format!("{MAP}{map}"), String::new()));
    [ALL, DAY, WEEK].into_iter().filter_map(move |board| List::at(board, ended_s)).chain(of_map)
}

/// A player's entry. The greatest one is the best: most points, then the earliest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Points in the match.
    pub points: i64,
    /// End of the match.
    pub ended_s: Reverse<i64>,
    /// The match.
    pub match_id: Reverse<String>,
}

/// The best entry of each player in each list.
pub(super) fn best_entries(matches: &[&Match]) -> BTreeMap<(List, String), Entry> {
    let mut best = BTreeMap::new();
    for played in matches {
        for list in lists_of(&played.map, played.ended_s.unsigned_abs()) {
            for player in played.players.iter().filter(|player| !player.is_forgotten()) {
                let (ended_s, match_id) = (Reverse(played.ended_s), Reverse(played.id.clone()));
                let entry = Entry { points: player.points, ended_s, match_id };
                let kept = best.entry((list.clone(), player.id.clone())).or_insert_with(|| entry.clone());
                *kept = entry.max(kept.clone());
            }
        }
    }
    best
}
