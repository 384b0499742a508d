//! Archives the messages of rooms, each exactly once.
//!
//! A batch stays in memory until it is committed, and is sent again after a failure: room and number are unique. What
//! waits in memory when the process dies is lost, about a tenth of a second; while the database is away, all that the
//! queue does not hold, which is counted.

use std::{sync::Arc, time::Duration};

use framehouse_shared::replay::PublicKey;
use sqlx::AnyPool;
use tokio::time::timeout;

use super::{
    StoreError,
    database::Database,
    progress::Progress,
    rows::{Value, insert},
    shipper::STORE_TIME_MAX,
    stop::{BackOff, LOOK_INTERVAL, Stop},
};
use crate::room::message_log::{ArchivedMessages, MessageContent, RoomMessage};

/// Largest number of messages in a batch.
const BATCH_MAX: usize = 1024;
/// Interval between two looks for messages that are too old.
const SWEEP_INTERVAL_S: u64 = 3600;
/// Largest number of messages that one statement deletes.
const SWEPT_MAX: u64 = 5000;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// The part of the store's thread that archives messages.
pub(super) struct MessageArchive {
    /// Where messages come from. Without it, old ones are deleted and nothing else.
    pub messages: Option<ArchivedMessages>,
    /// Prefix of the names of rooms; see [`room_prefix`].
    pub prefix: String,
    /// Days that messages are kept.
    pub days: u32,
    /// Where they go.
    pub database: Database,
    /// Counters.
    pub progress: Arc<Progress>,
    /// The wall clock.
    pub clock: fn() -> Duration,
    /// Whether the server stops.
    pub stop: Stop,
}

/// What need not be done again.
#[derive(Debug, Default)]
struct Done {
    /// The tables are up to date.
    is_migrated: bool,
    /// Until then no message is too old.
    next_sweep_s: u64,
}

/// Rooms of a server are numbered from its start, so the name of a room begins with both.
pub(super) fn room_prefix(key: &PublicKey, started: Duration) -> String {
    format!("{:.16}-{:x}", key.to_string(), started.as_millis())
}

impl MessageArchive {
    /// Archives until the server stops and all is stored, or the last attempt has failed.
    pub async fn run(mut self) {
        let (mut batch, mut back_off, mut done) = (Vec::new(), BackOff::default(), Done::default());
        loop {
            // What was sent before the stop is in the queue already.
            let is_last = self.stop.is_set();
            self.fill(&mut batch);
            let is_full = batch.len() == BATCH_MAX;
            match self.step(&batch, &mut done).await {
                Ok(()) => {
                    self.progress.note_archived(batch.len());
                    batch.clear();
                    back_off = BackOff::default();
                    if is_last && !is_full {
                        return;
                    } else if !is_full {
                        self.stop.pause(LOOK_INTERVAL).await;
                    }
                }
                Err(error) if is_last => return self.give_up(batch, &error),
                Err(error) => {
                    tracing::debug!("messages wait: {error}");
                    done.is_migrated = false;
                    self.stop.pause(back_off.next()).await;
                }
            }
        }
    }

    fn fill(&self, batch: &mut Vec<RoomMessage>) {
        let free = BATCH_MAX - batch.len();
        batch.extend(self.messages.iter().flat_map(ArchivedMessages::take).take(free));
    }

    async fn step(&self, batch: &[RoomMessage], done: &mut Done) -> Result<(), StoreError> {
        let now_s = (self.clock)().as_secs();
        let (is_due, pool) = (now_s >= done.next_sweep_s, &self.database.writer);
        if batch.is_empty() && !is_due {
            return Ok(());
        }
        if !done.is_migrated {
            self.database.migrate().await?;
            done.is_migrated = true;
        }
        let work = async {
            store(pool, &self.prefix, batch).await?;
            if is_due { sweep(pool, now_s.saturating_sub(u64::from(self.days) * DAY_S)).await } else { Ok(()) }
        };
        let worked = timeout(STORE_TIME_MAX, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        worked.map_err(|error| self.database.error(error))?;
        if is_due {
            done.next_sweep_s = now_s + SWEEP_INTERVAL_S;
        }
        Ok(())
    }

    fn give_up(&self, batch: Vec<RoomMessage>, error: &StoreError) {
        let rest = self.messages.iter().flat_map(ArchivedMessages::take).count();
        let lost = batch.len() + rest;
        if lost > 0 {
            tracing::warn!("the last messages of rooms ({lost}) are not archived: {error}");
        }
    }
}

/// Stores those messages that the database does not have.
pub(super) async fn store(pool: &AnyPool, prefix: &str, messages: &[RoomMessage]) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let rows = messages.iter().map(|message| -> [Value; 10] {
        let (kind, content) = match &message.content {
            MessageContent::Chat(text) => ("chat", text.clone()),
            MessageContent::Game(bytes) => ("game", bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        };
        [
            Value::Text(format!("{prefix}-{}", message.room)),
            Value::Number(message.msg_id as i64),
            Value::Text(message.code.to_string()),
            Value::MaybeText(message.match_id.map(|id| id.to_string())),
            Value::Number(message.unix_s as i64),
            Value::Text(kind.to_owned()),
            Value::Text(message.account.to_string()),
            (&message.name).into(),
            message.slot.map(|slot| i64::from(u8::from(slot))).into(),
            Value::Text(content),
        ]
    });
    let into = "INSERT INTO messages (room, msg_id, code, match_id, sent, kind, player, name, seat, content)";
    let mut transaction = pool.begin().await?;
    insert(&mut transaction, into, rows, "ON CONFLICT (room, msg_id) DO NOTHING").await?;
    transaction.commit().await
}

/// Deletes the messages from before this time, some at a time, so that nobody waits long.
async fn sweep(pool: &AnyPool, before_s: u64) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM messages WHERE (room, msg_id) IN \
               (SELECT room, msg_id FROM messages WHERE sent < $1 LIMIT 5000)";
    loop {
        let done = sqlx::query(sql).bind(before_s as i64).execute(pool).await?;
        if done.rows_affected() < SWEPT_MAX {
            return Ok(());
        }
    }
}
