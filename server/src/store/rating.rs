//! Ratings of players by Weng and Lin (as OpenSkill's): a mean and its uncertainty, updated by each match of at least two
//! players in the transaction from which on it counts for leaderboards. A player that left counts as last, and somebody
//! who was forgotten not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use skillratings::{
    MultiTeamOutcome,
    weng_lin::{WengLinConfig, WengLinRating, weng_lin_multi_team},
};
use sqlx::{AnyConnection, Error, Row};

use super::{
    record::{LEFT, Match},
    rows::{Value, insert, select_in},
};

/// Largest number of players that are asked for at once.
const IDS_MAX: usize = 256;

/// Ratings by the ids of players.
type Ratings = BTreeMap<String, WengLinRating>;

/// Updates the ratings of the players of these matches, which are noted as rated already, in their order. Call it when the
/// rows of the players are locked, so that no other server reads an old rating meanwhile.
pub(super) async fn update_ratings(connection: &mut AnyConnection, matches: &[&Match]) -> Result<(), Error> {
    let rated: Vec<_> = matches.iter().map(|played| places(played)).filter(|places| places.len() > 1).collect();
    let ids: BTreeSet<&str> = rated.iter().flat_map(BTreeMap::keys).copied().collect();
    let mut ratings = load(connection, &ids).await?;
    rated.iter().for_each(|places| rate(&mut ratings, places));
    save(connection, &ratings).await
}

/// Updates the ratings of the players of those of these stored matches that have not changed them yet.
pub(super) async fn rate_once(connection: &mut AnyConnection, matches: &[&Match]) -> Result<(), Error> {
    let mut new = Vec::new();
    for played in matches {
        let note = sqlx::query("UPDATE matches SET rated = 1 WHERE id = $1 AND rated = 0").bind(played.id.clone());
        if note.execute(&mut *connection).await?.rows_affected() > 0 {
            new.push(*played);
        }
    }
    let ids: BTreeSet<&String> = new.iter().flat_map(|played| &played.players).map(|seat| &seat.id).collect();
    for id in ids {
        // One after the other, because a statement for all of them locks in an order of its own.
        let lock = sqlx::query("UPDATE players SET name = name WHERE id = $1").bind(id.clone());
        lock.execute(&mut *connection).await?;
    }
    update_ratings(connection, &new).await
}

/// The place of each player, from 1. Players that left share the last one.
fn places(played: &Match) -> BTreeMap<&str, usize> {
    let last = played.players.len() + 1;
    let mut places = BTreeMap::new();
    // A player that left and came back has two parts: the better one counts.
    for part in played.players.iter().filter(|part| !part.is_forgotten()) {
        let place = if part.outcome == LEFT { last } else { part.rank.unsigned_abs() as usize };
        places.entry(part.id.as_str()).and_modify(|best: &mut usize| *best = place.min(*best)).or_insert(place);
    }
    places
}

fn rate(ratings: &mut Ratings, places: &BTreeMap<&str, usize>) {
    let before: Vec<_> = places.keys().map(|id| ratings.get(*id).copied().unwrap_or_default()).collect();
    let teams: Vec<_> = before
        .iter()
        .zip(places.values())
        .map(|(rating, place)| (slice::from_ref(rating), MultiTeamOutcome::new(*place)))
        .collect();
    let after = weng_lin_multi_team(&teams, &WengLinConfig::default());
    for (id, rating) in places.keys().zip(after.into_iter().flatten()) {
        // Whatever is in the database, a broken number is not kept.
        if rating.rating.is_finite() && rating.uncertainty.is_finite() {
            ratings.insert((*id).to_owned(), rating);
        }
    }
}

async fn load(connection: &mut AnyConnection, ids: &BTreeSet<&str>) -> Result<Ratings, Error> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let mut ratings = Ratings::new();
    for ids in ids.chunks(IDS_MAX) {
        for row in select_in(connection, "SELECT id, rating_mu, rating_sigma FROM players WHERE id", ids, "").await? {
            let (mu, sigma): (Option<f64>, Option<f64>) = (row.try_get(1)?, row.try_get(2)?);
            if let Some((rating, uncertainty)) = mu.zip(sigma) {
                ratings.insert(row.try_get(0)?, WengLinRating { rating, uncertainty });
            }
        }
    }
    Ok(ratings)
}

async fn save(connection: &mut AnyConnection, ratings: &Ratings) -> Result<(), Error> {
    let rows = ratings
        .iter()
        .map(|(id, rating)| -> [Value; 3] { [id.into(), Value::Real(rating.rating), Value::Real(rating.uncertainty)] });
    let then = ") UPDATE players SET rating_mu = (SELECT mu FROM fresh WHERE fresh.id = players.id), \
                rating_sigma = (SELECT sigma FROM fresh WHERE fresh.id = players.id) \
                WHERE id IN (SELECT id FROM fresh)";
    insert(connection, "WITH fresh (id, mu, sigma) AS (", rows, then).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        results::Outcome,
        store::tests::{NOW_S, played},
    };

    fn after(matches: &[Match]) -> Ratings {
        let mut ratings = Ratings::new();
        matches.iter().for_each(|played| rate(&mut ratings, &places(played)));
        ratings
    }

    fn mean(ratings: &Ratings, id: u128) -> f64 {
        ratings[&format!("{id:032x}")].rating
    }

    #[test]
    fn winners_rise_losers_fall_and_uncertainty_shrinks() {
        let matches: Vec<_> =
            (0..20).map(|id| Match::of(&played(id, "basin", NOW_S, &[(1, 30), (2, 20), (3, 10)]))).collect();
        let ratings = after(&matches);
        assert!(mean(&ratings, 1) > 26.0 && mean(&ratings, 3) < 24.0, "{ratings:?}");
        assert!((mean(&ratings, 2) - 25.0).abs() < 1.0, "{ratings:?}");
        assert!(ratings.values().all(|rating| rating.uncertainty < WengLinRating::new().uncertainty));
    }

    #[test]
    fn somebody_who_was_forgotten_and_a_lonely_player_change_nothing() {
        let result = played(1, "basin", NOW_S, &[(0, 30), (2, 20)]);
        assert_eq!(places(&Match::of(&result)).len(), 1);
        assert_eq!(places(&Match::of(&played(1, "basin", NOW_S, &[(2, 20)]))).len(), 1);
    }

    #[test]
    fn a_player_that_left_is_last_unless_it_came_back() {
        let mut result = played(1, "basin", NOW_S, &[(1, 30), (2, 20), (3, 10)]);
        result.players[0].outcome = Outcome::Left;
        let ratings = after(&[Match::of(&result)]);
        assert!(mean(&ratings, 1) < mean(&ratings, 3) && mean(&ratings, 3) < mean(&ratings, 2), "{ratings:?}");
        // The second part of the same player.
        result.players[1].account = result.players[0].account;
        let ratings = after(&[Match::of(&result)]);
        assert!(mean(&ratings, 1) > mean(&ratings, 3), "{ratings:?}");
    }
}
