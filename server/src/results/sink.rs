//! The storage interface for results.

use std::io;

use super::record::MatchResult;

/// Permanent storage for results: the file `results.jsonl`, or another store. Only the thread that writes results uses
/// it, so it may block.
pub trait ResultSink: Send + 'static {
    /// Stores those results that the sink does not have yet. When it returns without an error, all of them are durable,
    /// each once.
    ///
    /// # Errors
    /// When any of them is not durable. Then none counts as saved, and the call is repeated.
    fn append(&mut self, results: &[MatchResult]) -> io::Result<()>;
}
