//! `store restore`: a backup into an empty data folder and an empty database.
//!
//! Everything is put into a subfolder first, and moved to its place when it is whole, so that an interrupted restore
//! leaves nothing that a server would take for its data.

use std::{
    fmt, fs,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sqlx::AnyConnection;

use super::{
    Place,
    archive::{self, BEGIN, Begin, DATA, END, End, FORMAT, REPLAYS, TABLES as TABLES_PREFIX},
    block_on,
    files::is_results_name,
    rebuild::rebuild,
    tables::{TABLES, Table},
};
use crate::{
    disk::sync_folder,
    key,
    results::MatchResult,
    store::{
        database::{Database, SCHEMA},
        record::Match,
    },
};

/// Name of the folder in the data folder that is filled first.
const DRAFT: &str = "restoring";
/// Name of the list of replays in the data folder.
const REPLAY_LIST: &str = "replays-of-backup.jsonl";
/// Only the owner may read what is restored.
const MODE: u32 = 0o600;
/// Longest entry that is read into memory, in bytes. A part of a table is little more than 1 MiB.
const ENTRY_BYTES_MAX: u64 = 64 << 20;

/// Outcome of a restore.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Restored {
    /// Number of matches in the database.
    pub matches: u64,
    /// Number of messages in the database.
    pub messages: u64,
    /// Number of results in the files.
    pub results: u64,
    /// Number of replays that the backup lists.
    pub replays: u64,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, messages, results, replays } = self;
        writeln!(
            f,
            "restored: {matches} matches and {messages} messages in the database, {results} results in the files"
        )?;
        writeln!(f, "the backup lists {replays} replays ({REPLAY_LIST}): copy them into the folder replays")
    }
}

impl Place {
    /// Restores a backup; with `until_s` only what was there at this time, in seconds since 1970-01-01 UTC. The caller
    /// has locked the data folder.
    ///
    /// # Errors
    /// With a sentence, when folder or database are not empty, or the backup cannot be read.
    pub(crate) fn restore(&self, from: &Path, until_s: Option<u64>) -> Result<Restored, String> {
        let shown = self.data_dir.display();
        let cannot = |error: io::Error| format!("cannot restore into {shown}: {error}");
        if fs::read_dir(&self.data_dir).map_err(cannot)?.next().is_some() {
            return Err(format!("the data folder {shown} is not empty: choose another with --data-dir"));
        }
        let draft = self.data_dir.join(DRAFT);
        fs::create_dir(&draft).map_err(cannot)?;
        let place = Self { data_dir: draft.clone(), ..self.clone() };
        let restored = block_on(place.fill(from, until_s)).inspect_err(|_| {
            // What is left of it would only be in the way of the next attempt.
            let _ = fs::remove_dir_all(&draft);
        })?;
        let moved = move_up(&draft, &self.data_dir).map_err(cannot);
        moved.map_err(|sentence| format!("{sentence}; empty the folder (and the database) and try again"))?;
        Ok(restored)
    }

    async fn fill(&self, from: &Path, until_s: Option<u64>) -> Result<Restored, String> {
        let database = self.open()?;
        let filled = self.fill_database(&database, from, until_s).await;
        // Nothing may be written any more when the folder is moved or removed.
        database.close().await;
        filled
    }

    async fn fill_database(&self, database: &Database, from: &Path, until_s: Option<u64>) -> Result<Restored, String> {
        database.migrate().await.map_err(|error| error.to_string())?;
        let told = |error: sqlx::Error| database.error(error).to_string();
        let mut transaction = database.writer.begin().await.map_err(told)?;
        check_empty(&mut transaction, database).await?;
        let mut restore = Restore { folder: &self.data_dir, until_s, done: Restored::default(), rows: End::default() };
        let read = restore.read(&mut transaction, from).await;
        read.map_err(|error| format!("cannot restore the backup {}: {error}", from.display()))?;
        rebuild(&mut transaction, self.boards_unproven).await.map_err(told)?;
        transaction.commit().await.map_err(told)?;
        Ok(restore.done)
    }
}

async fn check_empty(connection: &mut AnyConnection, database: &Database) -> Result<(), String> {
    for sql in ["SELECT 1 FROM matches LIMIT 1", "SELECT 1 FROM players LIMIT 1", "SELECT 1 FROM messages LIMIT 1"] {
        let row = sqlx::query(sql).fetch_optional(&mut *connection).await;
        if row.map_err(|error| database.error(error).to_string())?.is_some() {
            return Err(format!("the database {} is not empty: give an empty one with --database", database.name));
        }
    }
    Ok(())
}

/// Why a backup is not restored.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Sql(#[from] sqlx::Error),
    #[error("it is not whole")]
    NotWhole,
    #[error("it is not a backup of this program")]
    Strange,
    #[error("it was made by a newer version of this program")]
    Newer,
}

struct Restore<'a> {
    folder: &'a Path,
    until_s: Option<u64>,
    done: Restored,
    /// Rows that were read.
    rows: End,
}

impl Restore<'_> {
    async fn read(&mut self, connection: &mut AnyConnection, from: &Path) -> Result<(), Failure> {
        let mut archive = archive::open(from)?;
        let (mut entries, mut end) = (archive.entries()?, None);
        check_begin(entries.next().ok_or(Failure::NotWhole)??)?;
        for entry in entries {
            let mut entry = entry?;
            let name = String::from_utf8(entry.path_bytes().into_owned()).map_err(|_| Failure::Strange)?;
            if name == END {
                end = Some(serde_json::from_slice(&read_entry(entry)?).map_err(|_| Failure::Strange)?);
            } else if name == REPLAYS {
                self.done.replays = self.copy_lines(REPLAY_LIST, &mut entry, |_| true)?;
            } else if let Some(table) = table_of(&name) {
                self.insert(connection, table, &read_entry(entry)?).await?;
            } else {
                self.restore_file(&name, &mut entry)?;
            }
        }
        // The checksum is at the end.
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        // Tables without rows have no entry.
        let read: End = end.ok_or(Failure::NotWhole)?;
        let is_whole = read.rows.iter().all(|(table, rows)| self.rows.rows.get(table).copied().unwrap_or(0) == *rows);
        if is_whole { Ok(()) } else { Err(Failure::NotWhole) }
    }

    async fn insert(&mut self, connection: &mut AnyConnection, table: &Table, part: &[u8]) -> Result<(), Failure> {
        let (inserted, all) = table.insert_part(connection, part, self.until_s).await?;
        *self.rows.rows.entry(table.name.to_owned()).or_default() += all;
        match table.name {
            "matches" => self.done.matches += inserted,
            "messages" => self.done.messages += inserted,
            _ => {}
        }
        Ok(())
    }

    fn restore_file(&mut self, name: &str, content: &mut impl Read) -> Result<(), Failure> {
        let name = name.strip_prefix(DATA).ok_or(Failure::Strange)?;
        let until_s = self.until_s;
        if is_results_name(name) {
            self.done.results += self.copy_lines(name, content, |line| is_in_time(line, until_s))?;
        } else if [key::FILE_NAME, key::PLAYERS_FILE_NAME].contains(&name) {
            self.copy_lines(name, content, |_| true)?;
        } else {
            return Err(Failure::Strange);
        }
        Ok(())
    }

    /// Writes the chosen lines into a new file. Returns their number.
    fn copy_lines(&self, name: &str, content: &mut impl Read, keeps: impl Fn(&[u8]) -> bool) -> io::Result<u64> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(MODE).open(self.folder.join(name))?;
        let (mut content, mut to, mut line) = (BufReader::new(content), io::BufWriter::new(file), Vec::new());
        let mut count = 0;
        while content.read_until(b'\n', &mut line)? > 0 {
            if keeps(&line) {
                to.write_all(&line)?;
                count += 1;
            }
            line.clear();
        }
        to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(count)
    }
}

fn check_begin(entry: tar::Entry<'_, impl Read>) -> Result<(), Failure> {
    if *entry.path_bytes() != *BEGIN.as_bytes() {
        return Err(Failure::Strange);
    }
    let begin: Begin = serde_json::from_slice(&read_entry(entry)?).map_err(|_| Failure::Strange)?;
    if begin.format > FORMAT || begin.schema > SCHEMA { Err(Failure::Newer) } else { Ok(()) }
}

fn read_entry(entry: tar::Entry<'_, impl Read>) -> Result<Vec<u8>, Failure> {
    let (size, mut content) = (entry.size(), Vec::new());
    if size > ENTRY_BYTES_MAX {
        return Err(Failure::Strange);
    }
    entry.take(size).read_to_end(&mut content)?;
    Ok(content)
}

fn table_of(name: &str) -> Option<&'static Table> {
    let (table, _) = name.strip_prefix(TABLES_PREFIX)?.split_once('/')?;
    TABLES.iter().find(|known| known.name == table)
}

/// Lines that are no results are kept: they are somebody's.
fn is_in_time(line: &[u8], until_s: Option<u64>) -> bool {
    let Some(until_s) = until_s else { return true };
    let result = serde_json::from_slice::<MatchResult>(line);
    result.map_or(true, |result| Match::of(&result).ended_s.unsigned_abs() <= until_s)
}

/// Moves everything from the draft to its place. Results come last: a server that finds none has none to store.
fn move_up(draft: &Path, data_dir: &Path) -> io::Result<()> {
    let names = fs::read_dir(draft)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<_> = names.collect::<io::Result<_>>()?;
    names.sort_by_key(|name| name.to_str().is_some_and(is_results_name));
    for name in names {
        let from: PathBuf = draft.join(&name);
        File::open(&from)?.sync_all()?;
        fs::rename(from, data_dir.join(name))?;
    }
    fs::remove_dir(draft)?;
    sync_folder(data_dir)
}
