//! Where results come from: the results files of a server, or the stream of a fleet (`stream.rs`).

use std::{collections::BTreeMap, io};

use super::{
    StoreError,
    record::Match,
    result_files::{Lines, Position, ResultFiles},
    sink::Sink,
};
use crate::results::MatchResult;

/// Results that are stored together: all of them, or none.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// By the server (its public key) that has played them, oldest first.
    pub results: BTreeMap<String, Vec<MatchResult>>,
    /// Number of lines or entries that are no results.
    pub skipped: u64,
    /// For results from files: the server, and the position behind them. It is stored with them.
    pub position: Option<(String, Position)>,
}

/// Where results come from.
pub(super) trait Source {
    /// Begins with what the sink does not have. Called again after each failure.
    async fn begin(&mut self, sink: &impl Sink) -> Result<(), Failure>;

    /// The next results, the same ones until they are stored. `None` if there are none now.
    async fn read(&mut self) -> Result<Option<Batch>, Failure>;

    /// Notes that the results that were read last are stored.
    async fn note_stored(&mut self) -> Result<(), Failure>;

    /// Size of what waits, in bytes; 0 if it is not known.
    fn waiting_bytes(&self) -> u64;

    /// End of the oldest match that waits, in seconds since 1970-01-01 UTC, if it is known.
    fn oldest_waiting_s(&mut self) -> Option<i64>;

    /// Where they wait, for the log.
    fn place(&self) -> String;
}

/// Why results or messages are not stored now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("cannot read the results: {0}")]
    Read(#[from] io::Error),
    #[error("cannot reach Redis: {0}")]
    Stream(#[from] redis::RedisError),
    #[error("the stream {0} in Redis is full: start `framehouse-server archive`, which stores it")]
    StreamFull(&'static str),
    #[error("Redis has lost what was in the stream {0}")]
    StreamLost(&'static str),
}

/// The results files of a server.
pub(super) struct FileSource {
    files: ResultFiles,
    /// The server.
    name: String,
    /// Everything before it is stored.
    position: Position,
    /// Position behind what was read last.
    next: Position,
    /// Number of lines that are no results in what was read last.
    skipped: u64,
}

impl FileSource {
    /// The files of the server with this name.
    pub fn new(files: ResultFiles, name: String) -> Self {
        // Until the sink has said what it has.
        let position = files.end().unwrap_or_default();
        Self { files, name, next: position.clone(), position, skipped: 0 }
    }
}

impl Source for FileSource {
    async fn begin(&mut self, sink: &impl Sink) -> Result<(), Failure> {
        self.position = sink.position(&self.name).await?;
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Batch>, Failure> {
        let Some(Lines { results, skipped, next }) = self.files.read(&self.position)? else { return Ok(None) };
        (self.next, self.skipped) = (next.clone(), skipped);
        let results = BTreeMap::from([(self.name.clone(), results)]);
        Ok(Some(Batch { results, skipped, position: Some((self.name.clone(), next)) }))
    }

    async fn note_stored(&mut self) -> Result<(), Failure> {
        self.position.clone_from(&self.next);
        if self.skipped > 0 {
            let (skipped, Position { file, bytes, .. }) = (self.skipped, &self.next);
            tracing::warn!(
                "lines that are no results ({skipped}) before byte {bytes} of results file {file} are skipped"
            );
        }
        Ok(())
    }

    fn waiting_bytes(&self) -> u64 {
        self.files.bytes_behind(&self.position).unwrap_or(0)
    }

    fn oldest_waiting_s(&mut self) -> Option<i64> {
        let lines = self.files.read(&self.position).ok().flatten()?;
        lines.results.first().map(|result| Match::of(result).ended_s)
    }

    fn place(&self) -> String {
        format!("the results file ({} bytes now)", self.waiting_bytes())
    }
}
