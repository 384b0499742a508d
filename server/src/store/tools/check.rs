//! `store check`: results files, database and replays say the same.

use std::{
    collections::HashSet,
    fmt,
    io::{BufReader, Error as IoError, ErrorKind},
};

use framehouse_shared::{ids::MatchId, replay::Replay};
use sqlx::{AnyConnection, Row};

use super::{
    Place,
    files::{ResultsPart, results_parts},
};
use crate::{
    key,
    replay::folder::{self, FOLDER_NAME},
    results::{MatchResult, compare, scan::read_line},
    store::{
        insert::load_position,
        load::{MATCHES_MAX, load},
        record::Match,
        result_files::Position,
    },
};

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Number of matches in the results files.
    pub results: u64,
    /// Number of those that the running server has not stored yet.
    pub waiting: u64,
    /// Number of this server's matches in the database.
    pub stored: u64,
    /// Number of replays that are on the disk.
    pub replays: u64,
    /// Number of replays that results name, and that are not there any more.
    pub replays_gone: u64,
    /// Number of differences.
    pub differences: u64,
    /// The first one.
    pub first: Option<String>,
}

impl Checked {
    fn note(&mut self, difference: String) {
        self.differences += 1;
        self.first.get_or_insert(difference);
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { results, waiting, stored, replays, replays_gone, differences, .. } = self;
        writeln!(f, "results files: {results} matches, of which {waiting} wait to be stored")?;
        writeln!(f, "database:      {stored} matches of this server")?;
        writeln!(
            f,
            "replays:       {replays} compared, {replays_gone} not there (removed for age or space, or moved)"
        )?;
        writeln!(f, "differences:   {differences}")
    }
}

impl Place {
    /// Compares. The server may run.
    ///
    /// # Errors
    /// With a sentence, when something cannot be read.
    pub(crate) fn check(&self) -> Result<Checked, String> {
        let key = key::public(&self.data_dir).map_err(|error| error.to_string())?;
        let shown = self.data_dir.display();
        let key = key.ok_or_else(|| format!("there is no {} in {shown}: no server has used it", key::FILE_NAME))?;
        self.with_database(async |database| {
            let told = |error: sqlx::Error| database.error(error).to_string();
            // It begins before the files are opened, so they have everything that it shows.
            let mut snapshot = database.begin_snapshot().await.map_err(told)?;
            let position = load_position(&mut *snapshot, &key.to_string()).await.map_err(told)?;
            let parts = results_parts(&self.data_dir).map_err(|error| format!("cannot read {shown}: {error}"))?;
            let mut check = Check { place: self, position, done: Checked::default(), seen: HashSet::new() };
            for part in &parts {
                check.compare_part(&mut snapshot, part).await.map_err(|error| format!("{}: {error}", part.name))?;
            }
            check.look_for_more(&mut snapshot, &key.to_string()).await.map_err(told)?;
            Ok(check.done)
        })
    }
}

struct Check<'a> {
    place: &'a Place,
    position: Position,
    done: Checked,
    /// Matches in the results files.
    seen: HashSet<MatchId>,
}

/// A result, and whether it has to be stored.
type Line = (MatchResult, bool);

impl Check<'_> {
    async fn compare_part(&mut self, connection: &mut AnyConnection, part: &ResultsPart) -> Result<(), sqlx::Error> {
        let (mut reader, mut line, mut end) = (BufReader::new(part.reader()), Vec::new(), 0);
        let mut batch: Vec<Line> = Vec::new();
        loop {
            let length = read_line(&mut reader, &mut line)?;
            end += length;
            let result = serde_json::from_slice::<MatchResult>(&line).ok().filter(|_| length > 0);
            // A match that is there twice is stored as it was first.
            if let Some(result) = result.filter(|result| self.seen.insert(result.match_id)) {
                batch.push((result, (part.number, end) <= (self.position.file, self.position.bytes)));
            }
            if length == 0 || batch.len() == MATCHES_MAX {
                self.compare(connection, std::mem::take(&mut batch)).await?;
            }
            if length == 0 {
                return Ok(());
            }
        }
    }

    async fn compare(&mut self, connection: &mut AnyConnection, batch: Vec<Line>) -> Result<(), sqlx::Error> {
        let ids: Vec<String> = batch.iter().map(|(result, _)| result.match_id.to_string()).collect();
        let stored = load(connection, &ids).await?;
        for (result, must_be_there) in batch {
            self.done.results += 1;
            let id = result.match_id;
            match stored.get(&id.to_string()) {
                Some(stored) => {
                    if let Some(what) = difference(&Match::of(&result), &stored.played) {
                        self.done
                            .note(format!("match {id} has another {what} in the database than in the results files"));
                    }
                }
                None if must_be_there => self.done.note(format!("match {id} is not in the database")),
                None => self.done.waiting += 1,
            }
            self.compare_replay(&result);
        }
        Ok(())
    }

    fn compare_replay(&mut self, result: &MatchResult) {
        let (id, folder) = (result.match_id, self.place.data_dir.join(FOLDER_NAME));
        let bytes = match folder::read(&folder::whole_path(&folder, id)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.done.replays_gone += u64::from(result.replay.is_some());
                return;
            }
            read => read,
        };
        self.done.replays += 1;
        let difference = bytes.map_err(|error: IoError| format!("cannot be read: {error}")).and_then(|bytes| {
            let replay = Replay::read(&bytes).map_err(|error| format!("is damaged: {error}"))?;
            // One that a crash has cut off has no result.
            let differs = compare::difference(result, &replay).filter(|_| replay.trailer.ending.has_result());
            differs.map_or(Ok(()), |what| Err(format!("is of another match: its result has {what}")))
        });
        if let Err(what) = difference {
            self.done.note(format!("the replay of match {id} {what}"));
        }
    }

    /// Counts the matches of this server in the database, and notes those that no results file has.
    async fn look_for_more(&mut self, connection: &mut AnyConnection, node: &str) -> Result<(), sqlx::Error> {
        let mut last = String::new();
        loop {
            let sql = "SELECT id FROM matches WHERE node = $1 AND id > $2 ORDER BY id LIMIT 10000";
            let rows = sqlx::query(sql).bind(node.to_owned()).bind(last.clone()).fetch_all(&mut *connection).await?;
            for row in &rows {
                last = row.try_get(0)?;
                self.done.stored += 1;
                if !last.parse().is_ok_and(|id: MatchId| self.seen.contains(&id)) {
                    self.done.note(format!("match {last} is in no results file"));
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The first part of a match that differs.
fn difference(expected: &Match, stored: &Match) -> Option<&'static str> {
    let times = |it: &Match| (it.tick_rate, it.ticks, it.started_s, it.ended_s);
    let rules = |it: &Match| (it.game.clone(), it.map.clone(), it.rules_hash.clone(), it.build.clone());
    let checks = [
        ("game, map, rules or build", rules(expected) == rules(stored)),
        ("length or time", times(expected) == times(stored)),
        ("ranking", expected.players == stored.players),
        ("end or replay", expected == stored),
    ];
    checks.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
}
