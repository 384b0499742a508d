//! The ends of the streams at which entries are added.

use std::collections::HashMap;

use redis::{AsyncCommands, aio::ConnectionManager, pipe};

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

/// Adds results to the stream, with the position in the files behind them.
pub(in crate::store) struct ResultProducer(pub ConnectionManager);

impl Sink for ResultProducer {
    async fn prepare(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn position(&self, server: &str) -> Result<Position, Failure> {
        let mut found: HashMap<String, String> = self.0.clone().hgetall(sent_key(server)).await?;
        let mut take = |field| found.remove(field).unwrap_or_default();
        // Whatever is wrong there does not fit the files, which are then sent again.
        let number = |text: String| text.parse().unwrap_or_default();
        Ok(Position { file: number(take("file")), bytes: number(take("bytes")), mark: take("mark") })
    }

    async fn store(&self, batch: &Batch) -> Result<usize, Failure> {
        let mut redis = self.0.clone();
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
        }
        adding.exec_async(&mut redis).await?;
        Ok(batch.results.values().map(Vec::len).sum())
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
