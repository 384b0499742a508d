//! The ends of the streams at which entries are taken and stored.

use framehouse_shared::replay::PublicKey;
use redis::{aio::ConnectionManager, streams::StreamId};

use super::{MESSAGES, RESULTS, group::Group};
use crate::{
    results::MatchResult,
    store::{
        messages::{BATCH_MAX, Message, MessageSource},
        record::text,
        sink::Sink,
        source::{Batch, Failure, Source},
    },
};

/// Largest number of results in a batch.
const RESULTS_AT_ONCE: usize = 256;
/// Longest content of a message, in characters. A line of chat and a message of a game are shorter.
const CONTENT_CHARS_MAX: usize = 4096;

/// Takes results out of the stream.
pub(in crate::store) struct ResultConsumer {
    group: Group,
    /// Number of entries that are no results in what was read last.
    skipped: u64,
}

impl ResultConsumer {
    /// A consumer with this connection.
    pub fn new(redis: ConnectionManager) -> Self {
        Self { group: Group::new(redis, RESULTS), skipped: 0 }
    }
}

impl Source for ResultConsumer {
    async fn begin(&mut self, _: &impl Sink) -> Result<(), Failure> {
        // What is taken and not stored is still there.
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Batch>, Failure> {
        let entries = self.group.read(RESULTS_AT_ONCE).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::default();
        for entry in entries {
            match result_of(entry) {
                Some((server, result)) => batch.results.entry(server).or_default().push(result),
                None => batch.skipped += 1,
            }
        }
        self.skipped = batch.skipped;
        Ok(Some(batch))
    }

    async fn note_stored(&mut self) -> Result<(), Failure> {
        self.group.done().await?;
        warn_of_skipped(self.skipped, self.group.stream);
        Ok(())
    }

    fn waiting_bytes(&self) -> u64 {
        0
    }

    fn oldest_waiting_s(&mut self) -> Option<i64> {
        None
    }

    fn place(&self) -> String {
        format!("the stream {RESULTS}")
    }
}

/// Server and result of an entry. `None` if it is neither.
fn result_of(entry: &StreamId) -> Option<(String, MatchResult)> {
    let server: PublicKey = entry.get::<String>("server")?.parse().ok()?;
    let result = serde_json::from_slice(&entry.get::<Vec<u8>>("result")?).ok()?;
    Some((server.to_string(), result))
}

/// Takes messages out of the stream.
pub(in crate::store) struct MessageConsumer {
    group: Group,
    batch: Vec<Message>,
}

impl MessageConsumer {
    /// A consumer with this connection.
    pub fn new(redis: ConnectionManager) -> Self {
        Self { group: Group::new(redis, MESSAGES), batch: Vec::new() }
    }
}

impl MessageSource for MessageConsumer {
    async fn read(&mut self) -> Result<&[Message], Failure> {
        let entries = self.group.read(BATCH_MAX).await?;
        self.batch = entries.iter().filter_map(message_of).collect();
        warn_of_skipped((entries.len() - self.batch.len()) as u64, MESSAGES);
        Ok(&self.batch)
    }

    async fn note_stored(&mut self) -> Result<(), Failure> {
        Ok(self.group.done().await?)
    }

    fn give_up(&mut self, failure: &Failure) {
        tracing::warn!("the last messages stay in the stream {MESSAGES}: {failure}");
    }
}

/// The message of an entry. Whatever it says fits into both databases.
fn message_of(entry: &StreamId) -> Option<Message> {
    let message: Message = serde_json::from_slice(&entry.get::<Vec<u8>>("message")?).ok()?;
    let content = message.content.chars().filter(|letter| *letter != '\0').take(CONTENT_CHARS_MAX).collect();
    Some(Message {
        room: text(&message.room),
        code: text(&message.code),
        match_id: message.match_id.as_deref().map(text),
        kind: text(&message.kind),
        player: text(&message.player),
        name: text(&message.name),
        content,
        ..message
    })
}

fn warn_of_skipped(skipped: u64, stream: &str) {
    if skipped > 0 {
        tracing::warn!("entries of the stream {stream} that nobody can read ({skipped}) are removed");
    }
}
