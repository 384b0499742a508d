//! Matches out of the database, as they were stored.

use std::collections::HashMap;

use sqlx::{AnyConnection, Error, Row, any::AnyRow};

use super::{
    record::{Match, Seat},
    rows::select_in,
};

/// Largest number of matches that are loaded at once.
pub(super) const MATCHES_MAX: usize = 256;

/// A match of the database.
#[derive(Clone, Debug)]
pub(super) struct StoredMatch {
    /// The match.
    pub played: Match,
    /// Whether its replay has proven it.
    pub proof: String,
}

/// The matches with these ids, at most [`MATCHES_MAX`], by id.
pub(super) async fn load(
    connection: &mut AnyConnection,
    ids: &[String],
) -> Result<HashMap<String, StoredMatch>, Error> {
    let select = "SELECT id, game, map, rules_hash, build, tick_rate, ticks, started, ended, reason, replay, proof \
                  FROM matches WHERE id";
    let rows = select_in(connection, select, ids, "").await?;
    let mut found: HashMap<_, _> = rows.iter().map(stored_match).collect::<Result<_, Error>>()?;
    let select = "SELECT match_id, player, name, seat, ranked, points, detail, since_tick, outcome, curve \
                  FROM match_players WHERE match_id";
    for row in select_in(connection, select, ids, "ORDER BY match_id, place").await? {
        if let Some(stored) = found.get_mut(&row.try_get::<String, _>(0)?) {
            stored.played.players.push(seat(&row)?);
        }
    }
    Ok(found)
}

/// The ids of the matches behind this end and id, by their end: the order in which ratings follow from them. Nothing
/// stands for the beginning.
pub(super) async fn ids_after(
    connection: &mut AnyConnection,
    last: &Option<(i64, String)>,
) -> Result<Vec<(i64, String)>, Error> {
    let sql = "SELECT ended, id FROM matches WHERE (ended, id) > ($1, $2) ORDER BY ended, id LIMIT 256";
    let (ended, id) = last.clone().unwrap_or((i64::MIN, String::new()));
    let rows = sqlx::query(sql).bind(ended).bind(id).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

fn stored_match(row: &AnyRow) -> Result<(String, StoredMatch), Error> {
    let played = Match {
        id: row.try_get(0)?,
        game: row.try_get(1)?,
        map: row.try_get(2)?,
        rules_hash: row.try_get(3)?,
        build: row.try_get(4)?,
        tick_rate: row.try_get(5)?,
        ticks: row.try_get(6)?,
        started_s: row.try_get(7)?,
        ended_s: row.try_get(8)?,
        reason: row.try_get(9)?,
        replay: row.try_get(10)?,
        players: Vec::new(),
    };
    Ok((played.id.clone(), StoredMatch { played, proof: row.try_get(11)? }))
}

fn seat(row: &AnyRow) -> Result<Seat, Error> {
    Ok(Seat {
        id: row.try_get(1)?,
        name: row.try_get(2)?,
        seat: row.try_get(3)?,
        rank: row.try_get(4)?,
        points: row.try_get(5)?,
        detail: row.try_get(6)?,
        since_tick: row.try_get(7)?,
        outcome: row.try_get(8)?,
        curve: row.try_get(9)?,
    })
}
