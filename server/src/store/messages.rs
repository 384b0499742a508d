//! Archives the messages of rooms, each exactly once.
//!
//! A batch stays where it is until it is committed, and is sent again after a failure: room and number are unique. What
//! waits in memory when the process dies is lost: what was sent in the last tenth of a second and during one transaction.
//! While the database is away, that is a batch and a full queue, 9,216 messages; more are counted and not archived.

use std::{sync::Arc, time::Duration};

use framehouse_shared::replay::PublicKey;
use serde::{Deserialize, Serialize};
use sqlx::AnyPool;
use tokio::time::timeout;

use super::{
    StoreError,
    database::Database,
    progress::Progress,
    rows::{Value, insert},
    sink::STORE_TIME_MAX,
    source::Failure,
    stop::{BackOff, LOOK_INTERVAL, Stop},
};
use crate::room::message_log::{ArchivedMessages, MessageContent, RoomMessage};

/// Largest number of messages in a batch.
pub(super) const BATCH_MAX: usize = 1024;
/// Interval between two looks for messages that are too old.
const SWEEP_INTERVAL_S: u64 = 3600;
/// Largest number of messages that one statement deletes.
const SWEPT_MAX: u64 = 5000;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// A message as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    /// Server, its start, and number of the room since then.
    pub room: String,
    pub msg_id: i64,
    pub code: String,
    pub match_id: Option<String>,
    pub sent_s: i64,
    pub kind: String,
    pub player: String,
    pub name: String,
    pub seat: Option<i64>,
    pub content: String,
}

impl Message {
    /// The message as stored; see [`room_prefix`].
    pub fn of(message: &RoomMessage, prefix: &str) -> Self {
        let (kind, content) = match &message.content {
            MessageContent::Chat(text) => ("chat", text.clone()),
            MessageContent::Game(bytes) => ("game", bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        };
        Self {
            room: format!("{prefix}-{}", message.room),
            msg_id: message.msg_id as i64,
            code: message.code.to_string(),
            match_id: message.match_id.map(|id| id.to_string()),
            sent_s: message.unix_s as i64,
            kind: kind.to_owned(),
            player: message.account.to_string(),
            name: message.name.clone(),
            seat: message.slot.map(|slot| i64::from(u8::from(slot))),
            content,
        }
    }
}

/// Rooms of a server are numbered from its start, so the name of a room begins with both.
pub(super) fn room_prefix(key: &PublicKey, started: Duration) -> String {
    format!("{:.16}-{:x}", key.to_string(), started.as_millis())
}

/// Where messages come from.
pub(super) trait MessageSource {
    /// The next messages, at most [`BATCH_MAX`], the same ones until they are stored.
    async fn read(&mut self) -> Result<&[Message], Failure>;

    /// Notes that the messages that were read last are stored.
    async fn note_stored(&mut self) -> Result<(), Failure>;

    /// The last attempt has failed.
    fn give_up(&mut self, failure: &Failure);
}

/// Where messages go.
pub(super) trait MessageSink {
    /// Stores those messages that it does not have: all of them, or none.
    async fn store(&mut self, messages: &[Message]) -> Result<(), Failure>;
}

/// The part of the store's thread that archives messages.
pub(super) struct MessageArchive<I, O> {
    /// Where messages come from.
    pub source: I,
    /// Where they go.
    pub sink: O,
    /// Counters.
    pub progress: Arc<Progress>,
    /// Whether the server stops.
    pub stop: Stop,
}

impl<I: MessageSource, O: MessageSink> MessageArchive<I, O> {
    /// Archives until the server stops and all is stored, or the last attempt has failed.
    pub async fn run(mut self) {
        let mut back_off = BackOff::default();
        loop {
            // What was sent before the stop is in the queue already.
            let is_last = self.stop.is_set();
            match self.step().await {
                Ok(is_full) => {
                    back_off = BackOff::default();
                    if is_last && !is_full {
                        return;
                    } else if !is_full {
                        self.stop.pause(LOOK_INTERVAL).await;
                    }
                }
                Err(failure) if is_last => return self.source.give_up(&failure),
                Err(failure) => {
                    tracing::debug!("messages wait: {failure}");
                    self.stop.pause(back_off.next()).await;
                }
            }
        }
    }

    /// Returns whether there may be more.
    async fn step(&mut self) -> Result<bool, Failure> {
        let messages = self.source.read().await?;
        self.sink.store(messages).await?;
        let count = messages.len();
        self.source.note_stored().await?;
        self.progress.note_archived(count);
        Ok(count == BATCH_MAX)
    }
}

/// The queue of a server's rooms.
pub(super) struct QueueSource {
    /// The queue. Without it there are no messages.
    queue: Option<ArchivedMessages>,
    prefix: String,
    batch: Vec<Message>,
}

impl QueueSource {
    /// The queue, and the prefix of the names of its rooms; see [`room_prefix`].
    pub const fn new(queue: Option<ArchivedMessages>, prefix: String) -> Self {
        Self { queue, prefix, batch: Vec::new() }
    }
}

impl MessageSource for QueueSource {
    async fn read(&mut self) -> Result<&[Message], Failure> {
        let (free, waiting) = (BATCH_MAX - self.batch.len(), self.queue.iter().flat_map(ArchivedMessages::take));
        self.batch.extend(waiting.take(free).map(|message| Message::of(&message, &self.prefix)));
        Ok(&self.batch)
    }

    async fn note_stored(&mut self) -> Result<(), Failure> {
        self.batch.clear();
        Ok(())
    }

    fn give_up(&mut self, failure: &Failure) {
        let rest = self.queue.iter().flat_map(ArchivedMessages::take).count();
        let lost = self.batch.len() + rest;
        if lost > 0 {
            tracing::warn!("the last messages of rooms ({lost}) are not archived: {failure}");
        }
    }
}

/// The database, in which messages are kept for some days.
pub(super) struct DatabaseMessages {
    database: Database,
    days: u32,
    clock: fn() -> Duration,
    /// The tables are up to date.
    is_migrated: bool,
    /// Until then no message is too old.
    next_sweep_s: u64,
}

impl DatabaseMessages {
    /// Messages are kept in this database for this number of days.
    pub const fn new(database: Database, days: u32, clock: fn() -> Duration) -> Self {
        Self { database, days, clock, is_migrated: false, next_sweep_s: 0 }
    }

    async fn work(&mut self, messages: &[Message]) -> Result<(), StoreError> {
        let now_s = (self.clock)().as_secs();
        let (is_due, pool) = (now_s >= self.next_sweep_s, &self.database.writer);
        if messages.is_empty() && !is_due {
            return Ok(());
        }
        if !self.is_migrated {
            self.database.migrate().await?;
            self.is_migrated = true;
        }
        let work = async {
            store(pool, messages).await?;
            if is_due { sweep(pool, now_s.saturating_sub(u64::from(self.days) * DAY_S)).await } else { Ok(()) }
        };
        let worked = timeout(STORE_TIME_MAX, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        worked.map_err(|error| self.database.error(error))?;
        if is_due {
            self.next_sweep_s = now_s + SWEEP_INTERVAL_S;
        }
        Ok(())
    }
}

impl MessageSink for DatabaseMessages {
    async fn store(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let worked = self.work(messages).await;
        self.is_migrated &= worked.is_ok();
        Ok(worked?)
    }
}

/// Stores those messages that the database does not have.
pub(super) async fn store(pool: &AnyPool, messages: &[Message]) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let rows = messages.iter().map(|message| -> [Value; 10] {
        [
            (&message.room).into(),
            message.msg_id.into(),
            (&message.code).into(),
            (&message.match_id).into(),
            message.sent_s.into(),
            (&message.kind).into(),
            (&message.player).into(),
            (&message.name).into(),
            message.seat.into(),
            (&message.content).into(),
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
