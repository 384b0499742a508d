//! The streams of a fleet in Redis, between the servers that play and the archivers that store:
//!
//! ```text
//! server:    results files ──▶ ResultProducer ─▶ fh:results  ─▶ ResultConsumer  ─▶ database   :archiver
//!            queue of rooms ─▶ MessageProducer ▶ fh:messages ─▶ MessageConsumer ─▶ database
//! ```
//!
//! A producer is a sink of the store's thread, so a server only needs the URL: `StoreOptions::stream`. How far its results
//! files are in the stream is `fh:sent:KEY`, written with the entries in one transaction, and kept for 30 days. While Redis is away or a stream
//! is full, results wait in the files, and messages in their queue. If Redis loses its data, that key is gone too, and the
//! files are sent again from their beginning; messages that were in the stream are lost.
//!
//! Consumers are sources of any number of archivers (`archiver.rs`), which share a group: each entry goes to one of them.
//! It is acknowledged and deleted after the commit. What a dead archiver has taken goes to another one after ten seconds;
//! if the dead one was only slow, it is stored twice, which stores it once.

mod consumer;
mod group;
mod producer;

pub(super) use consumer::{MessageConsumer, ResultConsumer};
pub(super) use producer::{MessageProducer, ResultProducer};

use std::time::Duration;

use redis::{
    Client, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use super::StoreError;

/// The stream of results. Fields of an entry: `server`, its public key, and `result`, a line of its results files.
const RESULTS: &str = "fh:results";
/// The stream of messages. Field of an entry: `message`, as JSON.
const MESSAGES: &str = "fh:messages";

/// Longest wait for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest pause between two attempts to connect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// A connection, which is made when it is needed and made again when it is lost. Call it inside of a runtime.
///
/// # Errors
/// When the URL is not one of Redis.
pub(super) fn connection(url: &str) -> Result<ConnectionManager, StoreError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(ANSWER_TIME_MAX))
        .set_response_timeout(Some(ANSWER_TIME_MAX))
        .set_max_delay(RECONNECT_PAUSE_MAX)
        .set_number_of_retries(1);
    // A connection whose other end is gone without a word must fail, so that it is made again.
    let tcp = TcpSettings::default().set_user_timeout(ANSWER_TIME_MAX);
    let info = url.into_connection_info().map_err(|_| StoreError::BadRedisUrl)?.set_tcp_settings(tcp);
    let client = Client::open(info).map_err(|_| StoreError::BadRedisUrl)?;
    ConnectionManager::new_lazy_with_config(client, config).map_err(|_| StoreError::BadRedisUrl)
}
