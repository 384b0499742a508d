//! `store backup`: database, results files, keys, and a list of the replays, of one moment.
//!
//! The database is read in one transaction, which the server does not notice. The results files come after it, so they
//! have everything that the database has: what they have more is stored at the first start after a restore.

use std::{fmt, io, path::Path, time::Duration};

use sqlx::AnyConnection;

use super::{
    Place,
    archive::{BEGIN, Begin, DATA, END, End, FORMAT, REPLAYS, TABLES as TABLES_PREFIX, Writer},
    files::{replays, results_parts},
    tables::TABLES,
};
use crate::{
    key,
    store::database::{Database, SCHEMA},
};

/// Outcome of a backup.
#[derive(Debug)]
pub(crate) struct BackedUp {
    end: End,
    replays: usize,
    bytes: u64,
}

impl fmt::Display for BackedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = |table| self.end.rows.get(table).copied().unwrap_or(0);
        let (matches, messages, Self { replays, bytes, .. }) = (rows("matches"), rows("messages"), self);
        writeln!(
            f,
            "{matches} matches, {messages} messages, all results files and the key of the server: {bytes} bytes"
        )?;
        writeln!(f, "{replays} replays are listed and not included: copy the folder replays too")
    }
}

impl Place {
    /// Makes a backup. The server may run.
    ///
    /// # Errors
    /// With a sentence. There is no file then.
    pub(crate) fn backup(&self, to: &Path, now: Duration) -> Result<BackedUp, String> {
        let cannot = |error: io::Error| format!("cannot write the backup {}: {error}", to.display());
        self.with_database(async |database| {
            let mut writer = Writer::create(to).map_err(cannot)?;
            let begin = Begin { format: FORMAT, schema: SCHEMA, made_unix: now.as_secs() };
            match self.write(database, &mut writer, &begin).await {
                Ok((end, replays)) => Ok(BackedUp { end, replays, bytes: writer.finish().map_err(cannot)? }),
                Err(error) => {
                    writer.give_up();
                    let why = match error {
                        // It may be that of the file.
                        sqlx::Error::Io(error) => error.to_string(),
                        error => database.error(error).to_string(),
                    };
                    Err(format!("cannot make the backup {}: {why}", to.display()))
                }
            }
        })
    }

    /// Returns the last entry and the number of replays.
    async fn write(
        &self,
        database: &Database,
        writer: &mut Writer,
        begin: &Begin,
    ) -> Result<(End, usize), sqlx::Error> {
        writer.add_json(BEGIN, begin)?;
        let mut snapshot = database.begin_snapshot().await?;
        let end = dump(&mut snapshot, writer).await?;
        snapshot.rollback().await?;
        let replays = self.add_files(writer)?;
        writer.add_json(END, &end)?;
        Ok((end, replays))
    }

    /// Returns the number of replays.
    fn add_files(&self, writer: &mut Writer) -> io::Result<usize> {
        for part in results_parts(&self.data_dir)? {
            writer.add(&format!("{DATA}{}", part.name), part.bytes, part.reader())?;
        }
        for name in [key::FILE_NAME, key::PLAYERS_FILE_NAME] {
            match std::fs::read(self.data_dir.join(name)) {
                Ok(key) => writer.add_bytes(&format!("{DATA}{name}"), &key)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let replays = replays(&self.data_dir)?;
        let lines: String =
            replays.iter().map(|(name, bytes)| format!("{}\n", serde_json::json!([name, bytes]))).collect();
        writer.add_bytes(REPLAYS, lines.as_bytes())?;
        Ok(replays.len())
    }
}

async fn dump(connection: &mut AnyConnection, writer: &mut Writer) -> Result<End, sqlx::Error> {
    let mut end = End::default();
    for table in TABLES {
        let mut number = 0;
        let rows = table.dump(connection, |part| {
            number += 1;
            writer.add_bytes(&format!("{TABLES_PREFIX}{}/{number}", table.name), part)
        });
        end.rows.insert(table.name.to_owned(), rows.await?);
    }
    Ok(end)
}
