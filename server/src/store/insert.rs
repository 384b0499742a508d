//! Stores a batch of matches, with the position behind it, in one transaction.

use std::collections::{BTreeMap, HashSet};

use sqlx::{Any, AnyConnection, AnyPool, Error, Executor, Row};

use super::{
    boards::{Entry, List, best_entries},
    rating::update_ratings,
    record::{Match, Seen, seen_players},
    result_files::Position,
    rows::{Value, insert, texts},
};

/// Outcome of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Number of matches that the database did not have.
    pub matches: usize,
    /// Lists of leaderboards that have changed.
    pub changed: HashSet<List>,
}

/// Stores those matches that the database does not have, and how far the files of `source` are stored: all of it, or
/// nothing. They count for leaderboards and ratings at once if `boards_unproven`, else when they are proven.
///
/// # Errors
/// The database's. After a lost connection it may be stored nevertheless.
pub(super) async fn store(
    pool: &AnyPool,
    source: &str,
    matches: &[Match],
    position: Position,
    boards_unproven: bool,
) -> Result<Stored, Error> {
    let mut transaction = pool.begin().await?;
    let stored = add(&mut transaction, [(source, matches)], boards_unproven).await?;
    save_position(&mut transaction, source, position).await?;
    transaction.commit().await?;
    Ok(stored)
}

/// Stores those matches of several servers that the database does not have: all of them, or none.
///
/// # Errors
/// The database's. After a lost connection they may be stored nevertheless.
pub(super) async fn store_all(
    pool: &AnyPool,
    matches: &BTreeMap<String, Vec<Match>>,
    boards_unproven: bool,
) -> Result<Stored, Error> {
    let mut transaction = pool.begin().await?;
    let by_server = matches.iter().map(|(server, matches)| (server.as_str(), matches.as_slice()));
    let stored = add(&mut transaction, by_server, boards_unproven).await?;
    transaction.commit().await?;
    Ok(stored)
}

/// Players are written once and in the order of their ids, so that two who store at the same time do not wait for each
/// other.
async fn add<'a>(
    connection: &mut AnyConnection,
    by_server: impl IntoIterator<Item = (&'a str, &'a [Match])>,
    boards_unproven: bool,
) -> Result<Stored, Error> {
    let mut new: Vec<&Match> = Vec::new();
    for (server, matches) in by_server {
        // A line may be there twice.
        let mut left = insert_matches(connection, server, matches, boards_unproven).await?;
        new.extend(matches.iter().filter(|played| left.remove(&played.id)));
    }
    insert_parts(connection, &new).await?;
    update_players(connection, seen_players(&new)).await?;
    let counting: &[&Match] = if boards_unproven { &new } else { &[] };
    update_ratings(connection, counting).await?;
    let changed = update_boards(connection, best_entries(counting)).await?;
    Ok(Stored { matches: new.len(), changed })
}

/// The position up to which the files of this source are stored; the beginning if nothing is.
pub(super) async fn load_position(
    database: impl Executor<'_, Database = Any>,
    source: &str,
) -> Result<Position, Error> {
    let row = sqlx::query("SELECT file, bytes, mark FROM positions WHERE source = $1").bind(source.to_owned());
    let Some(row) = row.fetch_optional(database).await? else { return Ok(Position::default()) };
    let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(Position { file: number(0)?, bytes: number(1)?, mark: row.try_get(2)? })
}

async fn save_position(connection: &mut AnyConnection, source: &str, position: Position) -> Result<(), Error> {
    let sql = "INSERT INTO positions (source, file, bytes, mark) VALUES ($1, $2, $3, $4) ON CONFLICT (source) \
               DO UPDATE SET file = excluded.file, bytes = excluded.bytes, mark = excluded.mark";
    let query = sqlx::query(sql).bind(source.to_owned()).bind(position.file as i64).bind(position.bytes as i64);
    query.bind(position.mark).execute(connection).await.map(drop)
}

/// Returns the ids of those that were new.
async fn insert_matches(
    connection: &mut AnyConnection,
    source: &str,
    matches: &[Match],
    is_rated: bool,
) -> Result<HashSet<String>, Error> {
    let node = source.to_owned();
    let rows = matches.iter().map(|played| -> [Value; 13] {
        [
            (&played.id).into(),
            (&played.game).into(),
            (&played.map).into(),
            (&played.rules_hash).into(),
            (&played.build).into(),
            (&node).into(),
            played.tick_rate.into(),
            played.ticks.into(),
            played.started_s.into(),
            played.ended_s.into(),
            (&played.reason).into(),
            (&played.replay).into(),
            i64::from(is_rated).into(),
        ]
    });
    let into = "INSERT INTO matches (id, game, map, rules_hash, build, node, tick_rate, ticks, started, ended, reason, \
                replay, rated)";
    let new = insert(connection, into, rows, "ON CONFLICT (id) DO NOTHING RETURNING id").await?;
    Ok(texts(&new)?.into_iter().map(|[id]| id).collect())
}

async fn insert_parts(connection: &mut AnyConnection, matches: &[&Match]) -> Result<(), Error> {
    let parts = matches.iter().flat_map(|played| (0..).zip(&played.players).map(move |part| (*played, part)));
    let rows = parts.map(|(played, (place, part))| -> [Value; 12] {
        [
            (&played.id).into(),
            Value::Number(place),
            (&part.id).into(),
            (&part.name).into(),
            part.seat.into(),
            part.rank.into(),
            part.points.into(),
            (&part.detail).into(),
            part.since_tick.into(),
            (&part.outcome).into(),
            (&part.curve).into(),
            played.ended_s.into(),
        ]
    });
    let into = "INSERT INTO match_players (match_id, place, player, name, seat, ranked, points, detail, since_tick, \
                outcome, curve, ended)";
    insert(connection, into, rows, "").await.map(drop)
}

/// Adds what some matches say about their players.
pub(super) async fn update_players(
    connection: &mut AnyConnection,
    players: BTreeMap<String, Seen>,
) -> Result<(), Error> {
    let rows = players.iter().map(|(id, seen)| -> [Value; 6] {
        [id.into(), (&seen.name).into(), seen.first_s.into(), seen.last_s.into(), seen.matches.into(), seen.best.into()]
    });
    let into = "INSERT INTO players (id, name, first_seen, last_seen, matches, best)";
    let then = "ON CONFLICT (id) DO UPDATE SET \
        name = CASE WHEN excluded.last_seen >= players.last_seen THEN excluded.name ELSE players.name END, \
        first_seen = CASE WHEN excluded.first_seen < players.first_seen THEN excluded.first_seen ELSE players.first_seen END, \
        last_seen = CASE WHEN excluded.last_seen > players.last_seen THEN excluded.last_seen ELSE players.last_seen END, \
        matches = players.matches + excluded.matches, \
        best = CASE WHEN excluded.best > players.best THEN excluded.best ELSE players.best END";
    insert(connection, into, rows, then).await.map(drop)
}

/// Enters the best entries that are better than those there. Returns the lists that have changed.
pub(super) async fn update_boards(
    connection: &mut AnyConnection,
    entries: BTreeMap<(List, String), Entry>,
) -> Result<HashSet<List>, Error> {
    let rows = entries.iter().map(|((list, player), entry)| -> [Value; 6] {
        [
            (&list.board).into(),
            (&list.period).into(),
            player.into(),
            entry.points.into(),
            entry.ended_s.0.into(),
            (&entry.match_id.0).into(),
        ]
    });
    let into = "INSERT INTO boards (board, period, player, points, ended, match_id)";
    // The order of `Entry`.
    let then = "ON CONFLICT (board, period, player) DO UPDATE SET points = excluded.points, ended = excluded.ended, \
        match_id = excluded.match_id WHERE excluded.points > boards.points OR (excluded.points = boards.points AND \
        (excluded.ended < boards.ended OR (excluded.ended = boards.ended AND excluded.match_id < boards.match_id))) \
        RETURNING board, period";
    let changed = insert(connection, into, rows, then).await?;
    Ok(texts(&changed)?.into_iter().map(|[board, period]| List { board, period }).collect())
}
