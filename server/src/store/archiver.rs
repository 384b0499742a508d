//! The archiver of a fleet: a process that stores what servers put into the streams.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    runtime,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    StoreError,
    database::Database,
    messages::{DatabaseMessages, MessageArchive},
    migrate,
    pages::Pages,
    progress::Progress,
    shipper::Shipper,
    sink::DatabaseSink,
    stop::{LOOK_INTERVAL, Stop},
    stream::{MessageConsumer, ResultConsumer, connection},
};

/// Longest time to store what is taken, when the archiver stops. What is left goes to others.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// What an archiver is started with.
pub(crate) struct ArchiverOptions {
    /// URL of Redis.
    pub redis: String,
    /// URL of a Postgres database; `None` is SQLite in `data_dir`.
    pub database: Option<String>,
    /// Folder of the SQLite database.
    pub data_dir: PathBuf,
    /// Whether matches count on leaderboards without a proof.
    pub boards_unproven: bool,
    /// Days that messages are kept.
    pub message_days: u32,
    /// The wall clock: the time since 1970-01-01 UTC.
    pub clock: fn() -> Duration,
}

/// Stores until `stop` is set and the streams are empty, at most ten seconds longer. Returns the numbers of matches and
/// messages that it has stored.
///
/// # Errors
/// When the database is newer than this program or cannot be used. Neither a database nor a Redis that cannot be reached is
/// an error.
pub(crate) fn archive(options: ArchiverOptions, stop: &AtomicBool) -> Result<(u64, u64), StoreError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| StoreError::NoThread(error.to_string()))?.block_on(run(options, stop))
}

async fn run(options: ArchiverOptions, stop: &AtomicBool) -> Result<(u64, u64), StoreError> {
    let ArchiverOptions { redis, database, data_dir, boards_unproven, message_days, clock } = options;
    let (redis, database) = (connection(&redis)?, Database::new(database.as_deref(), &data_dir)?);
    migrate(&database).await?;
    let (stopping, stopped) = watch::channel(false);
    let (progress, stopped) = (Arc::new(Progress::default()), Stop(stopped));
    let pages = Arc::new(Pages::new(Arc::clone(&progress)));
    let shipper = Shipper {
        source: ResultConsumer::new(redis.clone()),
        sink: DatabaseSink { database: database.clone(), pages, boards_unproven },
        progress: Arc::clone(&progress),
        stop: stopped.clone(),
        // What is left goes to another archiver.
        patience: Duration::ZERO,
    };
    let messages = MessageArchive {
        source: MessageConsumer::new(redis),
        sink: DatabaseMessages::new(database.clone(), message_days, clock),
        progress: Arc::clone(&progress),
        stop: stopped,
    };
    let work = async { tokio::join!(shipper.run(), messages.run()) };
    let limit = async {
        while !stop.load(Relaxed) {
            sleep(LOOK_INTERVAL).await;
        }
        stopping.send_replace(true);
        sleep(STOP_TIME_MAX).await;
    };
    tokio::select! {
        _ = work => {}
        () = limit => tracing::warn!("not all that was taken is stored: another archiver stores it"),
    }
    // A connection that hangs must not delay the end.
    let _ = timeout(STOP_TIME_MAX, database.close()).await;
    let status = progress.status(0);
    Ok((status.stored, status.messages))
}
