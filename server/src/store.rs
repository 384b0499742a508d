//! Players, matches, leaderboards and messages in a database: SQLite in the data folder, or Postgres.
//!
//! What a player is promised is in the results files. A thread reads them and stores each match once; the database is
//! where people look things up. While it is away nobody notices: the files hold what waits.
//!
//! ```text
//! shipper.rs    brings results from a source to a sink;  messages.rs  the same for messages;  stop.rs  pauses and end
//! source.rs     results files (result_files.rs);  sink.rs  the database;  stream.rs  streams of a fleet, which are both
//! archiver.rs   the process that stores what is in the streams
//! record.rs     a result as rows;  boards.rs  leaderboards that it counts for;  period.rs  days and weeks
//! insert.rs     a batch in one transaction;  rows.rs  statements with many rows
//! database.rs   connections and migrations (migrations/)
//! proof.rs      judges a match by its replay;  prove.rs  does that for all, and what follows for leaderboards
//! rating.rs     ratings of players, updated with their matches
//! read.rs       questions;  pages.rs  leaderboards in memory;  ranks.rs  steps of their ranks
//! load.rs       matches as they were stored
//! tools.rs      commands of an operator: backup, restore, check, forget
//! progress.rs   counters;  errors.rs  what can go wrong
//! ```

pub(crate) mod archiver;
mod boards;
mod database;
mod errors;
mod insert;
mod load;
mod messages;
mod pages;
mod period;
mod progress;
mod proof;
mod prove;
mod ranks;
mod rating;
mod read;
mod record;
mod result_files;
mod rows;
mod shipper;
mod sink;
mod source;
mod stop;
mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod tools;

use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, mpsc},
    time::Duration,
};

use framehouse_shared::{
    api::{BoardList, BoardQuery, Leaderboard, MatchInfo, MatchesQuery, PlayerInfo, PlayerMatches, StoreStatus},
    ids::{AccountId, MatchId},
    replay::PublicKey,
};
use moka::future::Cache;
use tokio::{runtime, sync::watch, time::timeout};

use boards::List;
pub use errors::{ReadError, StoreError};
pub use proof::Prover;
pub(crate) use record::{FORGOTTEN, SOMEBODY};

use database::Database;
use messages::{DatabaseMessages, MessageArchive, QueueSource, room_prefix};
use pages::{PageKey, Pages};
use progress::Progress;
use prove::{ProofThread, Proving};
use result_files::ResultFiles;
use shipper::Shipper;
use sink::DatabaseSink;
use source::FileSource;
use stop::Stop;
use stream::{MessageProducer, ResultProducer};

use crate::{config::StoreSettings, error_streak::ErrorStreak, room::message_log::ArchivedMessages, threads};

/// Longest time that a start waits for the database. A start goes on without one that is away.
const START_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time until a question is answered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Longest time that a seat waits for the rating of its player.
const RATING_TIME_MAX: Duration = Duration::from_millis(50);
/// Time for which ratings are kept in memory, and their largest number.
const RATINGS_KEPT: (Duration, u64) = (Duration::from_secs(60), 10_000);

/// What the store is started with.
pub struct StoreOptions {
    /// Folder with the results files, and with the SQLite database if there is no `url`.
    pub data_dir: PathBuf,
    /// URL of a Postgres database, as `postgres://user@host/name`.
    pub url: Option<String>,
    /// URL of the Redis of a fleet, as `redis://host`. Results and messages go into its streams then, and archivers bring
    /// them from there into the database, from which questions are answered.
    pub stream: Option<String>,
    /// Public key of the server: names its results files in a database that several servers share.
    pub key: PublicKey,
    /// The wall clock: the time since 1970-01-01 UTC.
    pub clock: fn() -> Duration,
    /// Proves matches by their replays; `None` proves none.
    pub prover: Option<Prover>,
    /// Whether matches count on leaderboards without a proof.
    pub boards_unproven: bool,
    /// Messages to archive.
    pub messages: Option<ArchivedMessages>,
    /// Days that messages are kept.
    pub message_days: u32,
    /// Time for which it tries again to store what is left when the server stops.
    pub stop_limit: Duration,
}

impl StoreOptions {
    /// SQLite in this folder, with the other default settings, and without proofs and an archive of messages.
    pub fn in_folder(data_dir: PathBuf, key: PublicKey, clock: fn() -> Duration) -> Self {
        let settings = StoreSettings::default();
        let (boards_unproven, message_days, stop_limit) =
            (settings.boards_unproven, settings.message_days, settings.stop_limit());
        let (url, stream, prover, messages) = (None, None, None, None);
        Self { data_dir, url, stream, key, clock, prover, boards_unproven, messages, message_days, stop_limit }
    }
}

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    /// Of the store's thread, which owns the connections.
    runtime: runtime::Handle,
    pages: Arc<Pages>,
    /// Means of ratings, in hundredths.
    ratings: Cache<AccountId, Option<i32>>,
    progress: Arc<Progress>,
    clock: fn() -> Duration,
}

/// The thread of a store.
pub struct StoreThread {
    stop: watch::Sender<bool>,
    /// Disconnects when the thread ends; nothing is sent through it.
    end: mpsc::Receiver<Infallible>,
}

impl StoreThread {
    /// Stores what is still in the results files, for at most `patience`, and ends the thread. Blocks. Returns whether the
    /// thread has ended; the next start stores what is left.
    pub fn close(self, patience: Duration) -> bool {
        self.stop.send_replace(true);
        self.end.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

/// Starts the thread that stores results, and waits up to five seconds for the database.
///
/// # Errors
/// When the database is newer than this program or cannot be used. One that cannot be reached is no error.
pub fn start(options: StoreOptions) -> Result<(Store, StoreThread), StoreError> {
    let no_thread = |error: io::Error| StoreError::NoThread(error.to_string());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let (ready, answer) = mpsc::sync_channel(1);
    let (stop, stopped) = watch::channel(false);
    let (life, end) = mpsc::sync_channel(0);
    let work = move || {
        let _ends_with_the_thread: mpsc::SyncSender<Infallible> = life;
        runtime.block_on(async {
            match open(options, stopped).await {
                Ok((store, work)) => {
                    // An error means that nobody waits for it.
                    let _ = ready.send(Ok(store));
                    work.await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    };
    threads::spawn("store", work).map_err(no_thread)?;
    let gone = |_| StoreError::NoThread("it has ended".to_owned());
    Ok((answer.recv().map_err(gone)??, StoreThread { stop, end }))
}

/// Work of the store's thread, until it stops.
type Work = Pin<Box<dyn Future<Output = ()>>>;

async fn open(options: StoreOptions, stop: watch::Receiver<bool>) -> Result<(Store, Work), StoreError> {
    let StoreOptions { data_dir, url, stream, key, clock, prover, boards_unproven, messages, .. } = options;
    let (message_days, patience) = (options.message_days, options.stop_limit);
    let thread = prover.map(ProofThread::start).transpose();
    let thread = thread.map_err(|error| StoreError::NoThread(error.to_string()))?;
    let database = Database::new(url.as_deref(), &data_dir)?;
    let stream = stream.as_deref().map(stream::connection).transpose()?;
    migrate(&database).await?;
    let lost = messages.as_ref().map(ArchivedMessages::lost).unwrap_or_default();
    let (progress, stop) = (Arc::new(Progress::new(lost)), Stop(stop));
    let pages = Arc::new(Pages::new(Arc::clone(&progress)));
    let store = Store {
        database: database.clone(),
        runtime: runtime::Handle::current(),
        pages: Arc::clone(&pages),
        ratings: Cache::builder().max_capacity(RATINGS_KEPT.1).time_to_live(RATINGS_KEPT.0).build(),
        progress: Arc::clone(&progress),
        clock,
    };
    let proving = Proving {
        thread,
        node: key.to_string(),
        boards_unproven,
        database: database.clone(),
        pages: Arc::clone(&pages),
        progress: Arc::clone(&progress),
        clock,
        stop: stop.clone(),
    };
    let results = FileSource::new(ResultFiles::new(data_dir), key.to_string());
    let messages = QueueSource::new(messages, room_prefix(&key, clock()));
    let (counters, stopped) = (Arc::clone(&progress), stop.clone());
    let storing: Work = match stream {
        Some(redis) => {
            let shipper =
                Shipper { source: results, sink: ResultProducer::new(redis.clone()), progress, stop, patience };
            let sink = MessageProducer(redis);
            let archive = MessageArchive { source: messages, sink, progress: counters, stop: stopped };
            Box::pin(async {
                tokio::join!(shipper.run(), archive.run());
            })
        }
        None => {
            let sink = DatabaseSink { database: database.clone(), pages, boards_unproven };
            let shipper = Shipper { source: results, sink, progress, stop, patience };
            let sink = DatabaseMessages::new(database, message_days, clock);
            let archive = MessageArchive { source: messages, sink, progress: counters, stop: stopped };
            Box::pin(async {
                tokio::join!(shipper.run(), archive.run());
            })
        }
    };
    let work = async {
        tokio::join!(storing, proving.run());
    };
    Ok((store, Box::pin(work)))
}

/// Opens a Postgres database for questions only, on a thread of its own. Does not wait for it: while it is away, or has no
/// tables yet, nothing can be answered.
///
/// # Errors
/// When the URL is none.
pub fn start_reader(url: &str, clock: fn() -> Duration) -> Result<Store, StoreError> {
    let no_thread = |error: io::Error| StoreError::NoThread(error.to_string());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let progress = Arc::new(Progress::new(Arc::default()));
    let database = {
        let _guard = runtime.enter();
        Database::new(Some(url), Path::new(""))?
    };
    let store = Store {
        database,
        runtime: runtime.handle().clone(),
        pages: Arc::new(Pages::new(Arc::clone(&progress))),
        ratings: Cache::builder().max_capacity(RATINGS_KEPT.1).time_to_live(RATINGS_KEPT.0).build(),
        progress,
        clock,
    };
    threads::spawn("store", move || runtime.block_on(std::future::pending::<()>())).map_err(no_thread)?;
    Ok(store)
}

/// Brings the tables up to date, and waits some seconds for that.
async fn migrate(database: &Database) -> Result<(), StoreError> {
    // It goes on when the time is over: a migration that is given up may leave its lock in the database.
    let migrating = tokio::spawn({
        let database = database.clone();
        async move { database.migrate().await }
    });
    match timeout(START_TIME_MAX, migrating).await {
        // The shipper says so, and tries again.
        Err(_) | Ok(Err(_) | Ok(Err(StoreError::Away { .. }))) => Ok(()),
        Ok(Ok(done)) => done,
    }
}

impl Store {
    /// Counters, for the status page.
    pub fn status(&self) -> StoreStatus {
        self.progress.status((self.clock)().as_secs())
    }

    /// Failures in a row to store results.
    pub fn error_streak(&self) -> ErrorStreak {
        self.progress.streak.clone()
    }

    /// The leaderboards.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn boards(&self) -> Result<BoardList, ReadError> {
        let (readers, now_s) = (self.database.readers.clone(), (self.clock)().as_secs());
        let boards = self.ask(async move { read::boards(&readers, now_s).await }).await?;
        Ok(BoardList { boards })
    }

    /// A page of a leaderboard.
    ///
    /// # Errors
    /// When there is no such board, no such player on it, or no answer.
    pub async fn leaderboard(&self, board: &str, query: &BoardQuery) -> Result<Arc<Leaderboard>, ReadError> {
        let mut list = List::at(board, (self.clock)().as_secs()).ok_or(ReadError::NoSuchBoard)?;
        if let Some(period) = &query.period {
            list.period = boards::checked_period(&list, period).ok_or(ReadError::NoSuchBoard)?;
        }
        let key = PageKey { list, limit: query.limit(), around: query.around.map(|player| player.to_string()) };
        let (readers, pages, asked) = (self.database.readers.clone(), Arc::clone(&self.pages), key.clone());
        let read = self.ask(async move { read::leaderboard(&readers, &pages, &asked).await });
        self.pages.get(key, read).await
    }

    /// A player.
    ///
    /// # Errors
    /// When there is no such player, or no answer.
    pub async fn player(&self, id: AccountId) -> Result<PlayerInfo, ReadError> {
        let readers = self.database.readers.clone();
        self.ask(async move { read::player(&readers, id).await }).await
    }

    /// Mean of a player's rating in hundredths, at most a minute old. `None` if it has no rating, or the database does not
    /// answer within 50 ms.
    pub async fn rating(&self, id: AccountId) -> Option<i32> {
        let readers = self.database.readers.clone();
        // Limited on both threads, so that questions that nobody waits for do not pile up.
        let read =
            async move { timeout(RATING_TIME_MAX, read::player(&readers, id)).await.unwrap_or(Err(ReadError::Away)) };
        let asked = async {
            match self.ask(read).await {
                Ok(PlayerInfo { rating, .. }) => Ok(rating.map(|rating| (100.0 * rating.mu) as i32)),
                Err(ReadError::NoSuchPlayer) => Ok(None),
                Err(error) => Err(error),
            }
        };
        timeout(RATING_TIME_MAX, self.ratings.try_get_with(id, asked)).await.ok()?.ok()?
    }

    /// A player's matches, newest first.
    ///
    /// # Errors
    /// When there is no such player or match, or no answer.
    pub async fn matches_of(&self, id: AccountId, query: &MatchesQuery) -> Result<PlayerMatches, ReadError> {
        let (readers, before, limit) = (self.database.readers.clone(), query.before, query.limit());
        self.ask(async move { read::matches(&readers, id, before, limit).await }).await
    }

    /// A match.
    ///
    /// # Errors
    /// When there is no such match, or no answer.
    pub async fn match_info(&self, id: MatchId) -> Result<MatchInfo, ReadError> {
        let readers = self.database.readers.clone();
        self.ask(async move { read::one_match(&readers, id).await }).await
    }

    /// Asks on the store's thread, for a limited time.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> Result<T, ReadError> {
        let answer = self.runtime.spawn(timeout(ANSWER_TIME_MAX, question)).await;
        // The thread has ended, or the time is over.
        answer.ok().and_then(Result::ok).unwrap_or(Err(ReadError::Away))
    }
}
