//! Tests of the whole store on a full or stuck disk, with real devices in place of the file.

use std::{fs::File, io::Read, os::unix::fs::symlink, process::Command, time::Duration};

use framehouse_shared::ids::MatchId;

use super::{
    store::{LONG, open, tick_until},
    *,
};
use crate::results::{QUEUE_MAX, ResultStore, Submitted, WAITING_MAX};

/// Makes the file unwritable: the disk is full.
fn fill_disk(folder: &Folder) {
    fs::rename(folder.file(), folder.join("good")).expect("same folder");
    symlink("/dev/full", folder.file()).expect("its place is free");
}

fn free_disk(folder: &Folder) {
    fs::rename(folder.join("good"), folder.file()).expect("same folder");
}

/// A store with one saved result, and another that its thread cannot write.
fn failing_store(folder: &Folder) -> ResultStore {
    let mut store = open(folder);
    store.submit(result(0));
    tick_until(&mut store, |_, saved| saved.len() == 1);
    fill_disk(folder);
    store.submit(result(1));
    let saved = tick_until(&mut store, |store, _| store.stats().failing);
    assert_eq!(saved, [0; 0]);
    store
}

#[test]
fn on_a_full_disk_results_wait_and_are_saved_in_order_when_there_is_space() {
    let folder = Folder::new();
    let mut store = failing_store(&folder);
    for id in 2..2000 {
        assert!(!matches!(store.submit(result(id)), Submitted::Lost(_)));
    }
    let stats = store.stats();
    assert!(store.error_streak().count() > 0);
    assert_eq!((stats.saved, stats.waiting, stats.lost, stats.failing), (1, 1999, 0, true));
    free_disk(&folder);
    let saved = tick_until(&mut store, |_, saved| saved.len() == 1999);
    assert_eq!(saved, (1..2000).collect::<Vec<_>>());
    assert_eq!(folder.ids(), (0..2000).collect::<Vec<_>>());
    assert!(!store.stats().failing);
    assert_eq!(store.error_streak().count(), 0);
}

#[test]
fn of_too_many_results_the_oldest_that_waits_in_memory_is_lost_and_counted() {
    let folder = Folder::new();
    let mut store = failing_store(&folder);
    let mut next = 2..;
    let mut submit = |count: usize, expected: Submitted| {
        for id in next.by_ref().take(count) {
            assert_eq!(store.submit(result(id)), expected, "{id}");
        }
    };
    submit(QUEUE_MAX, Submitted::Queued);
    submit(WAITING_MAX, Submitted::Waiting);
    submit(1, Submitted::Lost(MatchId(2 + QUEUE_MAX as u128)));
    assert_eq!(store.stats().lost, 1);
    free_disk(&folder);
    let held = 1 + QUEUE_MAX + WAITING_MAX;
    tick_until(&mut store, |_, saved| saved.len() == held);
    let oldest_in_memory = 2 + QUEUE_MAX as u128;
    let expected: Vec<u128> = (0..held as u128 + 2).filter(|id| *id != oldest_in_memory).collect();
    assert_eq!(folder.ids(), expected);
    assert_eq!((store.stats().lost, store.stats().waiting), (1, 0));
}

#[test]
fn closing_says_how_many_are_lost_when_the_disk_stays_full() {
    let folder = Folder::new();
    let mut store = failing_store(&folder);
    for id in 2..3000 {
        store.submit(result(id));
    }
    assert_eq!(store.close(Duration::ZERO), 2999);
    assert_eq!(fs::read_to_string(folder.join("good")).expect("it was moved there"), line(0));
}

#[test]
fn closing_has_patience_with_a_disk_that_gets_free() {
    let folder = Folder::new();
    let mut store = failing_store(&folder);
    for id in 2..3000 {
        store.submit(result(id));
    }
    let freeing = std::thread::spawn(move || {
        free_disk(&folder);
        folder
    });
    assert_eq!(store.close(LONG), 0);
    let folder = freeing.join().expect("renaming does not panic");
    assert_eq!(folder.ids(), (0..3000).collect::<Vec<_>>());
}

#[test]
fn submitting_does_not_wait_for_a_stuck_disk() {
    let folder = Folder::new();
    let mut store = open(&folder);
    fs::rename(folder.file(), folder.join("good")).expect("same folder");
    let made = Command::new("mkfifo").arg(folder.file()).status().expect("there is mkfifo");
    assert!(made.success());
    let mut large = result(1);
    large.map = "m".repeat(1 << 17);
    store.submit(large);
    let mut pipe = File::open(folder.file()).expect("the thread opens the other end");
    pipe.read_exact(&mut [0]).expect("the thread is in the middle of a line that no pipe holds");
    for id in 2..2 + (QUEUE_MAX + WAITING_MAX) as u128 {
        assert!(!matches!(store.submit(result(id)), Submitted::Lost(_)));
    }
    assert!(matches!(store.submit(result(0)), Submitted::Lost(_)));
    assert_eq!(store.stats().saved, 0);
    free_disk(&folder);
    // Draining the pipe releases the thread. A pipe cannot be synced, so the thread repeats the write.
    std::thread::spawn(move || pipe.read_to_end(&mut Vec::new()));
    tick_until(&mut store, |store, _| store.stats().waiting == 0);
    assert_eq!(folder.ids().len(), 1 + QUEUE_MAX + WAITING_MAX);
}
