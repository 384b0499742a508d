//! Tests of the store with another sink than the file.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    store::{LONG, tick_until},
    *,
};
use crate::results::{ResultStore, sink::ResultSink};

/// Stores results in memory, after failing some times.
struct Memory {
    failures_left: u32,
    kept: Arc<Mutex<Vec<u128>>>,
}

impl ResultSink for Memory {
    fn append(&mut self, results: &[MatchResult]) -> io::Result<()> {
        if self.failures_left > 0 {
            self.failures_left -= 1;
            return Err(io::Error::other("not now"));
        }
        let mut kept = self.kept.lock().expect("nothing panics while holding this lock");
        kept.extend(results.iter().map(|result| result.match_id.0));
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_is_asked_again_until_it_has_every_result() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Memory { failures_left: 3, kept: Arc::clone(&kept) };
    let mut store = ResultStore::start(sink, "memory".to_owned()).expect("there is a thread");
    for id in 0..100 {
        store.submit(result(id));
    }
    let saved = tick_until(&mut store, |_, saved| saved.len() == 100);
    assert_eq!(saved, (0..100).collect::<Vec<_>>());
    assert_eq!(*kept.lock().expect("nothing panics while holding this lock"), saved);
    assert_eq!((store.stats().failing, store.close(LONG)), (false, 0));
}

#[test]
fn what_a_sink_never_takes_is_lost_when_the_patience_is_over() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Memory { failures_left: u32::MAX, kept: Arc::clone(&kept) };
    let mut store = ResultStore::start(sink, "memory".to_owned()).expect("there is a thread");
    for id in 0..5 {
        store.submit(result(id));
    }
    assert_eq!(store.close(Duration::ZERO), 5);
    assert!(kept.lock().expect("nothing panics while holding this lock").is_empty());
}

/// Panics once, then takes everything.
struct Shaky {
    has_panicked: bool,
    kept: Arc<Mutex<Vec<u128>>>,
}

impl ResultSink for Shaky {
    fn append(&mut self, results: &[MatchResult]) -> io::Result<()> {
        assert!(std::mem::replace(&mut self.has_panicked, true), "a test wants this sink to panic");
        let mut kept = self.kept.lock().expect("nothing panics while holding this lock");
        kept.extend(results.iter().map(|result| result.match_id.0));
        Ok(())
    }
}

#[test]
fn a_panic_of_the_sink_is_counted_and_loses_nothing() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Shaky { has_panicked: false, kept: Arc::clone(&kept) };
    let mut store = ResultStore::start(sink, "memory".to_owned()).expect("there is a thread");
    for id in 0..3 {
        store.submit(result(id));
    }
    assert_eq!(tick_until(&mut store, |_, saved| saved.len() == 3), [0, 1, 2]);
    assert_eq!((store.stats().panics, store.stats().failing), (1, false));
    assert_eq!(*kept.lock().expect("nothing panics while holding this lock"), [0, 1, 2]);
    assert_eq!(store.close(LONG), 0);
}
