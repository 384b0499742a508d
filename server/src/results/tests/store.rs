//! Tests of the whole store, with its thread, on a working disk.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::results::{ResultStats, ResultStore, Submitted};

/// Longer than anything here takes: a test that reaches it has failed.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) fn open(folder: &Folder) -> ResultStore {
    ResultStore::open(folder).expect("the folder can be used")
}

/// Runs the calls of a tick until `done`. Returns the match ids acknowledged meanwhile.
pub(super) fn tick_until(store: &mut ResultStore, done: impl Fn(&ResultStore, &[u128]) -> bool) -> Vec<u128> {
    let (mut saved, start) = (Vec::new(), Instant::now());
    while !done(store, &saved) {
        assert!(start.elapsed() < LONG, "{:?}", store.stats());
        store.pump();
        saved.extend(store.take_saved().map(|id| id.0));
        thread::yield_now();
    }
    saved
}

#[test]
fn every_acknowledged_result_is_in_the_file_once_and_in_order() {
    let folder = Folder::new();
    let mut store = open(&folder);
    for id in 0..3000 {
        assert!(!matches!(store.submit(result(id)), Submitted::Lost(_)));
    }
    let saved = tick_until(&mut store, |_, saved| saved.len() == 3000);
    assert_eq!(saved, (0..3000).collect::<Vec<_>>());
    assert_eq!(folder.ids(), saved);
    assert_eq!(store.stats(), ResultStats { saved: 3000, ..Default::default() });
    assert_eq!(store.close(LONG), 0);
}

#[test]
fn a_result_of_an_earlier_run_is_acknowledged_and_not_written_again() {
    let folder = Folder::new();
    for run in 0..3 {
        let mut store = open(&folder);
        for id in 0..=run {
            store.submit(result(id));
        }
        let saved = tick_until(&mut store, |_, saved| saved.len() as u128 == run + 1);
        assert_eq!(saved, (0..=run).collect::<Vec<_>>());
        assert_eq!(store.close(LONG), 0);
    }
    assert_eq!(folder.ids(), [0, 1, 2]);
}

#[test]
fn closing_writes_what_waits() {
    let folder = Folder::new();
    let mut store = open(&folder);
    for id in 0..5000 {
        assert!(!matches!(store.submit(result(id)), Submitted::Lost(_)));
    }
    assert_eq!(store.close(LONG), 0);
    assert_eq!(folder.ids(), (0..5000).collect::<Vec<_>>());
}

#[test]
fn a_thread_that_nobody_listens_to_waits_and_goes_on() {
    let folder = Folder::new();
    let mut store = open(&folder);
    for id in 0..4000 {
        store.submit(result(id));
        store.pump();
    }
    let saved = tick_until(&mut store, |_, saved| saved.len() == 4000);
    assert_eq!(saved, (0..4000).collect::<Vec<_>>());
}

#[test]
fn a_file_that_cannot_be_used_is_told_in_a_sentence() {
    let folder = Folder::new();
    let told = || ResultStore::open(&folder).err().expect("it cannot be used").to_string();
    fs::create_dir(folder.file()).expect("an empty folder");
    assert!(told().contains("results.jsonl: Is a directory"), "{}", told());
    assert!(told().ends_with("--data-dir"), "{}", told());
    fs::remove_dir(folder.file()).expect("it is empty");
    std::os::unix::fs::symlink("/dev/full", folder.file()).expect("an empty folder");
    assert!(told().contains("it is no file"), "{}", told());
    let nowhere = ResultStore::open(&folder.join("nowhere")).err().expect("there is no such folder").to_string();
    assert!(nowhere.contains("No such file"), "{nowhere}");
}
