//! Answers to questions about players, matches and leaderboards.

use framehouse_shared::{
    api::{BoardEntry, BoardName, Leaderboard, MatchInfo, MatchPlayer, PlayedMatch, PlayerInfo, PlayerMatches, Rating},
    ids::{AccountId, MatchId},
};
use sqlx::{AnyPool, Error, Row, any::AnyRow};

use super::{
    ReadError,
    boards::{ALL, DAY, List, MAP, WEEK},
    pages::PageKey,
    record::SOMEBODY,
};

/// The boards, and the names of the periods that this time is in.
pub(super) async fn boards(pool: &AnyPool, now_s: u64) -> Result<Vec<BoardName>, ReadError> {
    // Looks at one row of the index for each board.
    let sql = "WITH RECURSIVE names(board) AS ( \
               SELECT MIN(board) FROM boards WHERE board >= $1 \
               UNION ALL SELECT (SELECT MIN(board) FROM boards WHERE board > names.board) FROM names \
               WHERE names.board IS NOT NULL) SELECT board FROM names WHERE board IS NOT NULL LIMIT 1000";
    let rows = sqlx::query(sql).bind(MAP.to_owned()).fetch_all(pool).await?;
    let found = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, Error>>()?;
    let maps = found.iter().map(String::as_str).filter(|board| board.starts_with(MAP));
    let lists = [ALL, DAY, WEEK].into_iter().chain(maps).filter_map(|board| List::at(board, now_s));
    Ok(lists.map(|List { board, period }| BoardName { board, period }).collect())
}

/// A page of a leaderboard.
pub(super) async fn leaderboard(pool: &AnyPool, key: &PageKey) -> Result<Leaderboard, ReadError> {
    let first = match &key.around {
        Some(player) => rank(pool, &key.list, player).await?.saturating_sub(1 + u64::from(key.limit) / 2),
        None => 0,
    };
    let sql = "SELECT boards.player, players.name, boards.points, boards.ended, boards.match_id FROM boards \
               JOIN players ON players.id = boards.player WHERE boards.board = $1 AND boards.period = $2 \
               ORDER BY boards.points DESC, boards.ended, boards.player LIMIT $3 OFFSET $4";
    let List { board, period } = key.list.clone();
    let query = sqlx::query(sql).bind(board.clone()).bind(period.clone());
    let rows = query.bind(i64::from(key.limit)).bind(first as i64).fetch_all(pool).await?;
    let entry = |(rank, row): (u64, &AnyRow)| {
        Ok(BoardEntry {
            rank,
            player: account(row, 0)?,
            name: row.try_get(1)?,
            points: row.try_get(2)?,
            ended_unix: unsigned(row, 3)?,
            match_id: match_id(row, 4)?,
        })
    };
    let entries = (first + 1..).zip(&rows).map(entry).collect::<Result<_, Error>>()?;
    Ok(Leaderboard { board, period, entries })
}

/// Rank of a player's entry, from 1.
async fn rank(pool: &AnyPool, list: &List, player: &str) -> Result<u64, ReadError> {
    // The same order as above.
    let sql = "SELECT COUNT(*) FROM boards AS better JOIN boards AS own ON better.board = own.board AND \
               better.period = own.period WHERE own.board = $1 AND own.period = $2 AND own.player = $3 AND \
               (better.points > own.points OR (better.points = own.points AND (better.ended < own.ended OR \
               (better.ended = own.ended AND better.player <= own.player))))";
    let query = sqlx::query(sql).bind(list.board.clone()).bind(list.period.clone()).bind(player.to_owned());
    match query.fetch_one(pool).await?.try_get::<i64, _>(0)?.unsigned_abs() {
        0 => Err(ReadError::NoSuchPlayer),
        rank => Ok(rank),
    }
}

/// What is known about a player.
pub(super) async fn player(pool: &AnyPool, id: AccountId) -> Result<PlayerInfo, ReadError> {
    let sql = "SELECT name, first_seen, last_seen, matches, best, rating_mu, rating_sigma FROM players WHERE id = $1";
    let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(pool).await?.ok_or(ReadError::NoSuchPlayer)?;
    Ok(PlayerInfo {
        player: id,
        name: row.try_get(0)?,
        first_seen_unix: unsigned(&row, 1)?,
        last_seen_unix: unsigned(&row, 2)?,
        matches: unsigned(&row, 3)?,
        best: row.try_get(4)?,
        rating: row.try_get::<Option<f64>, _>(5)?.zip(row.try_get(6)?).map(|(mu, sigma)| Rating { mu, sigma }),
    })
}

/// A player's matches before another one of them, newest first.
pub(super) async fn matches(
    pool: &AnyPool,
    id: AccountId,
    before: Option<MatchId>,
    limit: u32,
) -> Result<PlayerMatches, ReadError> {
    if id == SOMEBODY {
        return Err(ReadError::NoSuchPlayer);
    }
    let last = match before {
        Some(before) => ended(pool, before).await?,
        None => i64::MAX,
    };
    // Without one, an id that is behind all others.
    let before = before.map_or_else(|| "g".to_owned(), |before| before.to_string());
    let sql = "SELECT part.match_id, matches.game, matches.map, matches.ended, matches.replay, part.ranked, \
               part.points, part.outcome, \
               (SELECT COUNT(*) FROM match_players AS others WHERE others.match_id = part.match_id) \
               FROM match_players AS part JOIN matches ON matches.id = part.match_id WHERE part.player = $1 AND \
               (part.ended < $2 OR (part.ended = $2 AND part.match_id < $3)) \
               ORDER BY part.ended DESC, part.match_id DESC, part.place LIMIT $4";
    let query = sqlx::query(sql).bind(id.to_string()).bind(last).bind(before);
    let rows = query.bind(i64::from(limit)).fetch_all(pool).await?;
    if rows.is_empty() {
        player(pool, id).await?;
    }
    let played = |row: &AnyRow| {
        Ok(PlayedMatch {
            match_id: match_id(row, 0)?,
            game: row.try_get(1)?,
            map: row.try_get(2)?,
            ended_unix: unsigned(row, 3)?,
            has_replay: row.try_get::<Option<String>, _>(4)?.is_some(),
            rank: small(row, 5)?,
            points: row.try_get(6)?,
            outcome: row.try_get(7)?,
            players: small(row, 8)?,
        })
    };
    Ok(PlayerMatches { matches: rows.iter().map(played).collect::<Result<_, Error>>()? })
}

async fn ended(pool: &AnyPool, id: MatchId) -> Result<i64, ReadError> {
    let row = sqlx::query("SELECT ended FROM matches WHERE id = $1").bind(id.to_string()).fetch_optional(pool).await?;
    Ok(row.ok_or(ReadError::NoSuchMatch)?.try_get(0)?)
}

/// A match with its ranking.
pub(super) async fn one_match(pool: &AnyPool, id: MatchId) -> Result<MatchInfo, ReadError> {
    let sql = "SELECT game, map, rules_hash, build, tick_rate, ticks, started, ended, reason, replay, proof \
               FROM matches WHERE id = $1";
    let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(pool).await?.ok_or(ReadError::NoSuchMatch)?;
    let sql = "SELECT player, name, seat, ranked, points, detail, since_tick, outcome, curve FROM match_players \
               WHERE match_id = $1 ORDER BY place";
    let players = sqlx::query(sql).bind(id.to_string()).fetch_all(pool).await?;
    let part = |row: &AnyRow| {
        let curve: String = row.try_get(8)?;
        Ok(MatchPlayer {
            player: account(row, 0)?,
            name: row.try_get(1)?,
            seat: small(row, 2)?,
            rank: small(row, 3)?,
            points: row.try_get(4)?,
            detail: row.try_get(5)?,
            since_tick: small(row, 6)?,
            outcome: row.try_get(7)?,
            curve: serde_json::from_str(&curve).map_err(|error| Error::Decode(error.into()))?,
        })
    };
    let replay: Option<String> = row.try_get(9)?;
    Ok(MatchInfo {
        match_id: id,
        game: row.try_get(0)?,
        map: row.try_get(1)?,
        rules_hash: row.try_get(2)?,
        build: row.try_get(3)?,
        tick_rate: small(&row, 4)?,
        ticks: small(&row, 5)?,
        started_unix: unsigned(&row, 6)?,
        ended_unix: unsigned(&row, 7)?,
        ended: row.try_get(8)?,
        replay: replay.map(|_| format!("/v1/replays/{id}")),
        proof: row.try_get(10)?,
        players: players.iter().map(part).collect::<Result<_, Error>>()?,
    })
}

fn account(row: &AnyRow, column: usize) -> Result<AccountId, Error> {
    row.try_get::<String, _>(column)?.parse().map_err(|error: &str| Error::Decode(error.into()))
}

fn match_id(row: &AnyRow, column: usize) -> Result<MatchId, Error> {
    row.try_get::<String, _>(column)?.parse().map_err(|error: &str| Error::Decode(error.into()))
}

fn unsigned(row: &AnyRow, column: usize) -> Result<u64, Error> {
    row.try_get::<i64, _>(column).map(i64::unsigned_abs)
}

fn small(row: &AnyRow, column: usize) -> Result<u32, Error> {
    unsigned(row, column).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
