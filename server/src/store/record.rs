//! A result as rows of the database.

use std::collections::BTreeMap;

use framehouse_shared::{ids::AccountId, text::clean_name};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::results::{MatchResult, PlayerResult};

/// Longest text of a column that a hostile line could make long, in characters. An index takes 2,700 bytes.
const TEXT_CHARS_MAX: usize = 128;

/// Outcome of a player that left, as stored.
pub(super) const LEFT: &str = "left";
/// Name of all people who were forgotten.
pub(crate) const FORGOTTEN: &str = "somebody";
/// Id of all people who were forgotten. Nobody's secret makes it, and it counts nowhere.
pub(crate) const SOMEBODY: AccountId = AccountId(0);

/// A match as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub id: String,
    pub game: String,
    pub map: String,
    pub rules_hash: String,
    pub build: Option<String>,
    pub tick_rate: i64,
    pub ticks: i64,
    pub started_s: i64,
    pub ended_s: i64,
    pub reason: String,
    pub replay: Option<String>,
    pub players: Vec<Seat>,
}

/// A player's part in a match as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    pub id: String,
    pub name: String,
    pub seat: i64,
    pub rank: i64,
    pub points: i64,
    pub detail: String,
    pub since_tick: i64,
    pub outcome: String,
    pub curve: String,
}

/// What a batch of matches says about a player.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub name: String,
    pub first_s: i64,
    pub last_s: i64,
    pub matches: i64,
    pub best: i64,
}

impl Match {
    /// The match as stored. Whatever a line says fits into both databases.
    pub fn of(result: &MatchResult) -> Self {
        let played_s = u64::from(result.ticks) / u64::from(result.tick_rate.max(1));
        let id = result.match_id.to_string();
        Self {
            game: text(&result.game),
            map: text(&result.map),
            rules_hash: format!("{:016x}", result.rules_hash),
            build: result.build.as_deref().map(text),
            tick_rate: result.tick_rate.into(),
            ticks: result.ticks.into(),
            started_s: seconds(result.started_unix),
            ended_s: seconds(result.started_unix.saturating_add(played_s)),
            reason: word(&result.ended),
            replay: result.replay.as_deref().map(text),
            players: result.players.iter().map(|player| Seat::of(player, &id)).collect(),
            id,
        }
    }
}

/// The lasting id of a player in a match.
pub(super) fn account_of(player: &PlayerResult, match_id: &str) -> AccountId {
    player.account.unwrap_or_else(|| guest(player, match_id))
}

impl Seat {
    /// Whether this is the part of somebody who was forgotten.
    pub fn is_forgotten(&self) -> bool {
        self.id == SOMEBODY.to_string()
    }

    fn of(player: &PlayerResult, match_id: &str) -> Self {
        Self {
            id: account_of(player, match_id).to_string(),
            name: clean_name(&player.name).unwrap_or_else(|| "?".to_owned()),
            seat: u8::from(player.slot).into(),
            rank: player.rank.into(),
            points: player.points,
            detail: format!("{:032x}", u128::from_be_bytes(player.detail)),
            since_tick: player.since_tick.0.into(),
            outcome: word(&player.outcome),
            curve: serde_json::to_string(&player.curve).expect("numbers serialise"),
        }
    }
}

/// What these matches say about their players, by id.
pub(super) fn seen_players(matches: &[&Match]) -> BTreeMap<String, Seen> {
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    for played in matches {
        let ended = played.ended_s;
        let mut in_match: BTreeMap<&str, Seen> = BTreeMap::new();
        // A player that left and came back has two parts, and played one match.
        for part in played.players.iter().filter(|part| !part.is_forgotten()) {
            let new = || Seen { name: part.name.clone(), first_s: ended, last_s: ended, matches: 1, best: part.points };
            let seen = in_match.entry(&part.id).or_insert_with(new);
            seen.best = seen.best.max(part.points);
        }
        for (id, seen) in in_match {
            match all.get_mut(id) {
                Some(before) => before.add(seen),
                None => drop(all.insert(id.to_owned(), seen)),
            }
        }
    }
    all
}

impl Seen {
    fn add(&mut self, other: Self) {
        if other.last_s >= self.last_s {
            self.name = other.name;
        }
        self.first_s = self.first_s.min(other.first_s);
        self.last_s = self.last_s.max(other.last_s);
        self.matches += other.matches;
        self.best = self.best.max(other.best);
    }
}

/// Results of earlier releases name no account: each of their players is a guest of that match.
fn guest(player: &PlayerResult, match_id: &str) -> AccountId {
    AccountId(xxh3_128(format!("{match_id} {} {}", player.player, player.slot).as_bytes()))
}

fn seconds(unix_s: u64) -> i64 {
    i64::try_from(unix_s).unwrap_or(i64::MAX)
}

/// A text without NUL, which Postgres does not take, and of limited length.
pub(super) fn text(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').take(TEXT_CHARS_MAX).collect()
}

/// The name of an enum's variant, as in JSON.
fn word(variant: &impl serde::Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(Value::String(word)) => word,
        _ => unreachable!("these enums are words in JSON"),
    }
}
