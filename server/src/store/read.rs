//! Answers to questions about players, matches and leaderboards.

use framehouse_shared::{
    api::{BoardEntry, BoardName, Leaderboard, MatchInfo, MatchPlayer, PlayedMatch, PlayerInfo, PlayerMatches, Rating},
    ids::{AccountId, MatchId},
};
use sqlx::{AnyPool, Error, Row, any::AnyRow};

use super::{
    ReadError,
    boards::{ALL, DAY, List, MAP, WEEK},
    pages::{PageKey, Pages},
    ranks::Steps,
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

/// Entries of a list, with the rest of the statement. What begins with its order reads the index in that order.
macro_rules! entries {
    ($rest:literal) => {
        concat!(
            "SELECT entry.player, players.name, entry.points, entry.ended, entry.match_id FROM boards AS entry \
             JOIN players ON players.id = entry.player WHERE entry.board = $1 AND entry.period = $2 ",
            $rest
        )
    };
}

/// A page of a leaderboard.
pub(super) async fn leaderboard(pool: &AnyPool, pages: &Pages, key: &PageKey) -> Result<Leaderboard, ReadError> {
    let (first, rows) = match &key.around {
        Some(player) => around(pool, pages, &key.list, player, key.limit).await?,
        None => (1, best(pool, &key.list, key.limit).await?),
    };
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
    let entries = (first..).zip(&rows).map(entry).collect::<Result<_, Error>>()?;
    let List { board, period } = key.list.clone();
    Ok(Leaderboard { board, period, entries })
}

/// The first entries of a list.
async fn best(pool: &AnyPool, list: &List, limit: u32) -> Result<Vec<AnyRow>, Error> {
    let sql = entries!("ORDER BY entry.points DESC, entry.ended, entry.player LIMIT $3");
    let query = sqlx::query(sql).bind(list.board.clone()).bind(list.period.clone());
    query.bind(i64::from(limit)).fetch_all(pool).await
}

/// The entries around that of a player, and the rank of the first of them, from 1.
async fn around(
    pool: &AnyPool,
    pages: &Pages,
    list: &List,
    player: &str,
    limit: u32,
) -> Result<(u64, Vec<AnyRow>), ReadError> {
    let sql = "SELECT points, ended FROM boards WHERE board = $1 AND period = $2 AND player = $3";
    let own = sqlx::query(sql).bind(list.board.clone()).bind(list.period.clone()).bind(player.to_owned());
    let own = own.fetch_optional(pool).await?.ok_or(ReadError::NoSuchPlayer)?;
    let (points, ended): (i64, i64) = (own.try_get(0)?, own.try_get(1)?);
    let step = pages.steps(list, steps(pool, list)).await?.before(points);
    // Each of them reads the index from its points on.
    let at_own = |sql: &'static str| {
        let query = sqlx::query(sql).bind(list.board.clone()).bind(list.period.clone());
        query.bind(points).bind(ended).bind(player.to_owned())
    };
    let since_step = at_own(
        "SELECT COUNT(*) FROM boards AS entry WHERE entry.board = $1 AND entry.period = $2 AND entry.points >= $3 AND \
         (entry.points > $3 OR entry.ended < $4 OR (entry.ended = $4 AND entry.player < $5)) AND entry.points <= $6",
    );
    let since_step: i64 = since_step.bind(step.points).fetch_one(pool).await?.try_get(0)?;
    let before = at_own(entries!(
        "AND entry.points >= $3 AND (entry.points > $3 OR entry.ended < $4 OR (entry.ended = $4 AND entry.player < $5)) \
         ORDER BY entry.points, entry.ended DESC, entry.player DESC LIMIT $6"
    ));
    let mut rows = before.bind(i64::from(limit / 2)).fetch_all(pool).await?;
    rows.reverse();
    let from_own = at_own(entries!(
        "AND entry.points <= $3 AND (entry.points < $3 OR entry.ended > $4 OR (entry.ended = $4 AND entry.player >= $5)) \
         ORDER BY entry.points DESC, entry.ended, entry.player LIMIT $6"
    ));
    let before = rows.len() as u64;
    rows.extend(from_own.bind(i64::from(limit) - before as i64).fetch_all(pool).await?);
    let rank = 1 + step.better + since_step.unsigned_abs();
    Ok((rank.saturating_sub(before).max(1), rows))
}

/// Reads the whole index of a list, but no entry.
async fn steps(pool: &AnyPool, list: &List) -> Result<Steps, ReadError> {
    let sql =
        "SELECT points, COUNT(*) FROM boards WHERE board = $1 AND period = $2 GROUP BY points ORDER BY points DESC";
    let query = sqlx::query(sql).bind(list.board.clone()).bind(list.period.clone());
    let rows = query.fetch_all(pool).await?;
    let counts = rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row, 1)?))).collect::<Result<Vec<_>, Error>>()?;
    Ok(Steps::of(counts))
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
               part.ended <= $2 AND (part.ended < $2 OR part.match_id < $3) \
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
