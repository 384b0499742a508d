//! Tests of the store against SQLite and Postgres. This file has shared helpers.

mod boards;
mod databases;
mod failures;
mod import;
mod messages;
mod proof;
mod questions;
mod ratings;
mod server;
mod tools;

use std::{
    env, fs,
    ops::Deref,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use framehouse_shared::{
    api::{BoardQuery, StoreStatus},
    ids::AccountId,
    replay::{PublicKey, ServerKey},
};
use sqlx::AnyPool;
use tokio::time::sleep;

use super::{
    Store, StoreError, StoreOptions, StoreThread,
    database::Database,
    messages::{Message, store as store_rows},
    start,
};
use crate::{
    results::{FILE_NAME, MatchResult, PlayerResult},
    room::message_log::RoomMessage,
};

/// Longer than anything here takes: a test that reaches it has failed.
const LONG: Duration = Duration::from_secs(60);
/// Time of the clock of all tests: 2027-01-15 08:00:00 UTC, a Friday.
pub(super) const NOW_S: u64 = 1_800_000_000;

/// Runs each test on SQLite and, where it is installed, on Postgres.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::store::tests::TestDatabase::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                if let Some(database) = crate::store::tests::TestDatabase::postgres().await {
                    super::$test(database).await;
                }
            })*
        }
    };
}
use on_both;

/// A data folder and an empty database, removed when dropped.
struct TestDatabase {
    folder: Folder,
    /// `None` is SQLite in the folder.
    url: Option<String>,
}

impl TestDatabase {
    fn sqlite() -> Self {
        Self { folder: Folder::new(), url: None }
    }

    async fn postgres() -> Option<Self> {
        Some(Self { folder: Folder::new(), url: Some(server::new_database().await?) })
    }

    fn open(&self) -> Database {
        Database::new(self.url.as_deref(), &self.folder).expect("a usable path")
    }

    /// A database with its tables.
    async fn migrated(&self) -> Database {
        let database = self.open();
        database.migrate().await.expect("an empty database");
        database
    }

    fn start(&self) -> (Store, StoreThread) {
        self.try_start().map_err(|error| error.to_string()).expect("it starts")
    }

    fn try_start(&self) -> Result<(Store, StoreThread), StoreError> {
        start(self.options())
    }

    fn options(&self) -> StoreOptions {
        let options = StoreOptions::in_folder(self.folder.0.clone(), key(), || Duration::from_secs(NOW_S));
        StoreOptions { url: self.url.clone(), boards_unproven: true, ..options }
    }

    /// Runs statements of a test.
    async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.open().writer).await.expect("a good statement");
    }
}

fn key() -> PublicKey {
    ServerKey::from_secret([7; 32]).public()
}

/// Waits until `done`.
async fn wait_until(store: &Store, done: impl Fn(StoreStatus) -> bool) {
    let wait = async {
        while !done(store.status()) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, wait).await;
    assert!(waited.is_ok(), "{:?}", store.status());
}

/// A match of these players and points that ended at this time.
pub(super) fn played(id: u128, map: &str, ended_s: u64, points: &[(u128, i64)]) -> MatchResult {
    let result = crate::results::tests::result(id);
    let player = |(rank, (account, points)): (u8, &(u128, i64))| PlayerResult {
        account: Some(AccountId(*account)),
        name: format!("player {account}"),
        rank,
        points: *points,
        ..result.players[0].clone()
    };
    MatchResult {
        map: map.to_owned(),
        // A minute of play.
        ticks: 1800,
        started_unix: ended_s - 60,
        players: (1..).zip(points).map(player).collect(),
        ..result
    }
}

/// Stores messages of rooms whose names begin with this.
async fn store_messages(pool: &AnyPool, prefix: &str, sent: &[RoomMessage]) -> Result<(), sqlx::Error> {
    let sent: Vec<_> = sent.iter().map(|message| Message::of(message, prefix)).collect();
    store_rows(pool, &sent).await
}

fn lines(results: &[MatchResult]) -> Vec<u8> {
    let mut lines = Vec::new();
    results.iter().for_each(|result| result.write_line(&mut lines));
    lines
}

/// Names and ranks on a page.
async fn page(store: &Store, board: &str, query: BoardQuery) -> Vec<(u64, u128, i64)> {
    let page = store.leaderboard(board, &query).await.expect("an answer");
    page.entries.iter().map(|entry| (entry.rank, entry.player.0, entry.points)).collect()
}

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // With what has a meaning in a URL.
        let name = format!("framehouse store?{}#{}%20", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder takes files");
        Self(folder)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.join(name), content).expect("the temporary folder takes files");
    }

    /// Appends to the newest results file.
    fn append(&self, content: &[u8]) {
        use std::io::Write;
        let file = fs::OpenOptions::new().append(true).create(true).open(self.join(FILE_NAME));
        file.and_then(|mut file| file.write_all(content)).expect("the temporary folder takes files");
    }
}

impl Deref for Folder {
    type Target = PathBuf;
    fn deref(&self) -> &PathBuf {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Errors are ignored: the files are temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}
