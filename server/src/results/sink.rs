//! Where results are kept.

use std::io;

use super::record::MatchResult;

/// A place that keeps results for good: the file `results.jsonl`, or another store. Only the thread that writes results
/// uses it, so that it may take its time.
pub trait ResultSink: Send + 'static {
    /// Adds those of the results that the sink does not have yet. When it returns without an error, all of them are
    /// durable, each once.
    ///
    /// # Errors
    /// When any of them is not durable. Then none of them counts as saved, and the same call is made again.
    fn append(&mut self, results: &[MatchResult]) -> io::Result<()>;
}
