//! The ends of the streams at which entries are added.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use redis::{AsyncCommands, aio::ConnectionManager, pipe};
use tokio::time::Instant;

use super::{MESSAGES, RESULTS};
use crate::store::{
    messages::{Message, MessageSink},
    result_files::Position,
    sink::Sink,
    source::{Batch, Failure},
};

/// Number of results from which on the stream is full. A result of four players has some 5 KB, with long curves 25 KB.
const RESULTS_MAX: usize = 20_000;
/// Number of messages from which on the stream is full. A message has at most 1 KB.
const MESSAGES_MAX: usize = 100_000;

/// Time for which Redis keeps the position of a server that is gone. Pods have a new key each.
const SENT_TIME: Duration = Duration::from_secs(30 * 86_400);
/// Interval between two looks whether Redis still has what it was sent, while there is nothing to send.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Adds results to the stream, with the position in the files behind them.
pub(in crate::store) struct ResultProducer {
    redis: ConnectionManager,
    /// The position that Redis should have.
    sent: RefCell<Option<Sent>>,
}

/// A position that Redis has, and when it was seen there.
#[derive(Clone)]
struct Sent {
    server: String,
    position: Position,
    seen: Instant,
}

impl ResultProducer {
    /// A producer with this connection.
    pub const fn new(redis: ConnectionManager) -> Self {
        Self { redis, sent: RefCell::new(None) }
    }

    fn note(&self, server: &str, position: &Position) {
        let sent = Sent { server: server.to_owned(), position: position.clone(), seen: Instant::now() };
        self.sent.replace(Some(sent));
    }

    async fn load(&self, server: &str) -> Result<Position, Failure> {
        let mut found: HashMap<String, String> = self.redis.clone().hgetall(sent_key(server)).await?;
        let mut take = |field| found.remove(field).unwrap_or_default();
        // Whatever is wrong there does not fit the files, which are then sent again.
        let number = |text: String| text.parse().unwrap_or_default();
        Ok(Position { file: number(take("file")), bytes: number(take("bytes")), mark: take("mark") })
    }

    /// Checks that Redis has the position: one that was started again without its data has lost entries, too.
    async fn check_sent(&self) -> Result<(), Failure> {
        let Some(Sent { server, position, .. }) = self.sent.borrow().clone() else { return Ok(()) };
        let () = self.redis.clone().expire(sent_key(&server), SENT_TIME.as_secs() as i64).await?;
        if self.load(&server).await? != position {
            return Err(Failure::StreamLost(RESULTS));
        }
        self.note(&server, &position);
        Ok(())
    }
}

impl Sink for ResultProducer {
    async fn prepare(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn position(&self, server: &str) -> Result<Position, Failure> {
        let position = self.load(server).await?;
        self.note(server, &position);
        Ok(position)
    }

    async fn store(&self, batch: &Batch) -> Result<usize, Failure> {
        let mut redis = self.redis.clone();
        self.check_sent().await?;
        check_place(&mut redis, RESULTS, RESULTS_MAX).await?;
        let mut adding = pipe();
        adding.atomic();
        for (server, results) in &batch.results {
            for result in results {
                let mut line = Vec::new();
                result.write_line(&mut line);
                adding.xadd(RESULTS, "*", &[("server", server.as_bytes()), ("result", line.trim_ascii_end())]).ignore();
            }
        }
        if let Some((server, Position { file, bytes, mark })) = &batch.position {
            let fields = [("file", file.to_string()), ("bytes", bytes.to_string()), ("mark", mark.clone())];
            adding.hset_multiple(sent_key(server), &fields).ignore();
            adding.expire(sent_key(server), SENT_TIME.as_secs() as i64).ignore();
        }
        adding.exec_async(&mut redis).await?;
        batch.position.iter().for_each(|(server, position)| self.note(server, position));
        Ok(batch.results.values().map(Vec::len).sum())
    }

    async fn check(&self) -> Result<(), Failure> {
        let is_due = self.sent.borrow().as_ref().is_some_and(|sent| sent.seen.elapsed() > CHECK_INTERVAL);
        if is_due { self.check_sent().await } else { Ok(()) }
    }

    fn name(&self) -> String {
        format!("the stream {RESULTS}")
    }
}

/// Key of the position up to which the files of a server are in the stream.
fn sent_key(server: &str) -> String {
    format!("fh:sent:{server}")
}

/// Adds messages to the stream.
pub(in crate::store) struct MessageProducer(pub ConnectionManager);

impl MessageSink for MessageProducer {
    async fn store(&mut self, messages: &[Message]) -> Result<(), Failure> {
        if messages.is_empty() {
            return Ok(());
        }
        check_place(&mut self.0, MESSAGES, MESSAGES_MAX).await?;
        let mut adding = pipe();
        adding.atomic();
        for message in messages {
            let json = serde_json::to_vec(message).expect("text and numbers serialise");
            adding.xadd(MESSAGES, "*", &[("message", json)]).ignore();
        }
        Ok(adding.exec_async(&mut self.0).await?)
    }
}

/// Several producers that look at the same time may add a batch each.
async fn check_place(redis: &mut ConnectionManager, stream: &'static str, entries_max: usize) -> Result<(), Failure> {
    let entries: usize = redis.xlen(stream).await?;
    if entries < entries_max { Ok(()) } else { Err(Failure::StreamFull(stream)) }
}
