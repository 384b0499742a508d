//! What an operator does with the store by command.
//!
//! ```text
//! backup.rs   everything into one file, while the server runs;  restore.rs  and out of it
//! check.rs    compares results files, database and replays
//! forget.rs   takes a person out of database and results files
//! archive.rs  the file of a backup;  tables.rs  the database in it;  files.rs  results files and replays
//! rebuild.rs  players and leaderboards from the matches
//! ```
//!
//! Errors are sentences for the operator.

mod archive;
mod backup;
mod check;
mod files;
mod forget;
mod rebuild;
mod restore;
mod tables;

use std::path::PathBuf;

use tokio::runtime;

#[cfg(test)]
pub(super) use check::Checked;

use super::database::{Database, FILE_NAME};

/// The data of a server that a command works on.
#[derive(Clone)]
pub(crate) struct Place {
    /// The data folder.
    pub data_dir: PathBuf,
    /// URL of the Postgres database; `None` is SQLite in the data folder.
    pub url: Option<String>,
    /// Whether matches count on leaderboards without a proof.
    pub boards_unproven: bool,
}

impl Place {
    /// Works with the database, which has to be there, with the tables of this version.
    fn with_database<T>(&self, work: impl AsyncFnOnce(&Database) -> Result<T, String>) -> Result<T, String> {
        let file = self.data_dir.join(FILE_NAME);
        if self.url.is_none() && !file.is_file() {
            return Err(format!("there is no database {}: choose the data folder with --data-dir", file.display()));
        }
        block_on(async {
            let database = self.open()?;
            database.check_version().await.map_err(|error| error.to_string())?;
            let done = work(&database).await;
            database.close().await;
            done
        })
    }

    fn open(&self) -> Result<Database, String> {
        Database::new(self.url.as_deref(), &self.data_dir).map_err(|error| error.to_string())
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot start: {error}"))?.block_on(work)
}

/// Table and column of everything that is in a backup.
#[cfg(test)]
pub(super) fn columns() -> Vec<(String, String)> {
    let columns = |table: &tables::Table| {
        let name = table.name.to_owned();
        table.columns.iter().map(move |(column, _)| (name.clone(), (*column).to_owned())).collect::<Vec<_>>()
    };
    tables::TABLES.iter().flat_map(columns).collect()
}
