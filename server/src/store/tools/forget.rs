//! `store forget`: a person is taken out of database and results files. Its matches stay, with "somebody" in its seat.
//!
//! Everything can be done again after an interruption: files first, each replaced as a whole, then the database.

use std::{
    collections::BTreeSet,
    fmt, fs,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use framehouse_shared::ids::{AccountId, MatchId};
use sqlx::{AnyPool, Row};

use super::Place;
use crate::{
    disk::{folder_of, sync_folder},
    replay::folder::{FOLDER_NAME, whole_path},
    results::{MatchResult, file::files_in},
    store::record::{FORGOTTEN, SOMEBODY, account_of},
};

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// Number of matches in which the person had a seat.
    pub matches: u64,
    /// Number of messages that were deleted.
    pub messages: u64,
    /// Number of lines in results files that were changed.
    pub lines: u64,
    /// Number of replays that still have the name.
    pub replays: u64,
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, messages, lines, replays } = self;
        writeln!(
            f,
            "{matches} matches are those of somebody now, in the database and in {lines} lines of results files"
        )?;
        writeln!(f, "{messages} messages are deleted")?;
        writeln!(
            f,
            "not changed: {replays} replays of these matches, which are signed and have the name until they are removed, \
             the log, audit.jsonl, earlier backups, and results files of other servers that share the database"
        )
    }
}

impl Place {
    /// Forgets a player. The caller has locked the data folder: no server appends to the results files.
    ///
    /// # Errors
    /// With a sentence, when nobody has this id, or something cannot be written. It can be tried again.
    pub(crate) fn forget(&self, player: AccountId) -> Result<Forgotten, String> {
        if player == SOMEBODY {
            return Err("this id is that of all who were forgotten".to_owned());
        }
        self.with_database(async |database| {
            let (mut done, mut matches) = (Forgotten::default(), BTreeSet::new());
            for path in files_in(&self.data_dir).map_err(|error| self.cannot(&self.data_dir, &error))? {
                done.lines += rewrite(&path, player, &mut matches).map_err(|error| self.cannot(&path, &error))?;
            }
            let rows = forget_rows(&database.writer, player, &mut matches).await;
            let (is_known, messages) = rows.map_err(|error| database.error(error).to_string())?;
            if !is_known && matches.is_empty() && messages == 0 {
                return Err(format!("no player has the id {player}"));
            }
            let folder = self.data_dir.join(FOLDER_NAME);
            let replays = matches.iter().filter(|id| whole_path(&folder, **id).exists()).count() as u64;
            Ok(Forgotten { matches: matches.len() as u64, messages, replays, ..done })
        })
    }

    fn cannot(&self, path: &Path, error: &io::Error) -> String {
        format!("cannot rewrite {}: {error}; nothing is lost, try again", path.display())
    }
}

/// Rewrites a results file without this person, if it is in it. Returns the number of changed lines.
fn rewrite(path: &Path, player: AccountId, matches: &mut BTreeSet<MatchId>) -> io::Result<u64> {
    let found = changed_lines(path, player, matches, io::sink())?;
    if found == 0 {
        return Ok(0);
    }
    let part = path.with_extension("jsonl.part");
    let mut to = BufWriter::new(File::create(&part)?);
    changed_lines(path, player, matches, &mut to)?;
    let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.set_permissions(fs::metadata(path)?.permissions())?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    sync_folder(folder_of(path))?;
    Ok(found)
}

/// Writes all lines, those with this person without it. Returns the number of the latter.
fn changed_lines(
    path: &Path,
    player: AccountId,
    matches: &mut BTreeSet<MatchId>,
    mut to: impl Write,
) -> io::Result<u64> {
    let (mut reader, mut line, mut count) = (BufReader::new(File::open(path)?), Vec::new(), 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        if let Some(result) = without(player, &line) {
            line.clear();
            result.write_line(&mut line);
            matches.insert(result.match_id);
            count += 1;
        }
        to.write_all(&line)?;
        line.clear();
    }
    to.flush()?;
    Ok(count)
}

/// The result of a line without this person; `None` if it has no part in it.
fn without(player: AccountId, line: &[u8]) -> Option<MatchResult> {
    let mut result: MatchResult = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    let id = result.match_id.to_string();
    let mut is_changed = false;
    for seat in result.players.iter_mut().filter(|seat| account_of(seat, &id) == player) {
        (seat.account, is_changed) = (Some(SOMEBODY), true);
        FORGOTTEN.clone_into(&mut seat.name);
    }
    is_changed.then_some(result)
}

/// Returns whether the player was known, and the number of its messages.
async fn forget_rows(
    pool: &AnyPool,
    player: AccountId,
    matches: &mut BTreeSet<MatchId>,
) -> Result<(bool, u64), sqlx::Error> {
    let id = player.to_string();
    let mut transaction = pool.begin().await?;
    let played = sqlx::query("SELECT DISTINCT match_id FROM match_players WHERE player = $1").bind(id.clone());
    for row in played.fetch_all(&mut *transaction).await? {
        matches.extend(row.try_get::<String, _>(0)?.parse::<MatchId>().ok());
    }
    let seats = "UPDATE match_players SET player = $1, name = $2 WHERE player = $3";
    let seats = sqlx::query(seats).bind(SOMEBODY.to_string()).bind(FORGOTTEN.to_owned()).bind(id.clone());
    seats.execute(&mut *transaction).await?;
    sqlx::query("DELETE FROM boards WHERE player = $1").bind(id.clone()).execute(&mut *transaction).await?;
    let messages = sqlx::query("DELETE FROM messages WHERE player = $1").bind(id.clone());
    let messages = messages.execute(&mut *transaction).await?.rows_affected();
    let players = sqlx::query("DELETE FROM players WHERE id = $1").bind(id).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok((players.rows_affected() > 0, messages))
}
