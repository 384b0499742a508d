//! Tests of a disk that fails: nothing that is on it is lost, and the status says so for as long as it lasts.

use std::{os::unix::fs::symlink, thread};

use super::{reports::*, *};
use crate::replay::queue::ReplayQueue;

fn start(folder: &Folder) -> ReplayWriter {
    ReplayWriter::start(folder.0.clone(), &ReplaySettings { keep_days: 0, ..Default::default() }, key())
        .expect("a folder")
}

/// Waits until the thread has nothing to do.
fn settle(queue: &ReplayQueue) {
    while queue.stats().waiting > 0 {
        thread::yield_now();
    }
}

/// Records a match of 300 ticks, which are in the file when this returns.
fn begin(queue: &ReplayQueue, id: u128) -> Recording {
    let mut recording = Recording::new(queue.clone(), header(id), vec![0; 100]).expect("a small opening");
    record(&mut recording, 0, 300, 0);
    settle(queue);
    recording
}

fn end(queue: &ReplayQueue, mut recording: Recording) {
    recording.end(MatchEnd::TimeUp, None, None).expect("it is on its way");
    settle(queue);
}

fn pass_minute(queue: &ReplayQueue) {
    queue.send(Job::Clock(Times::default())).expect("there is room");
    settle(queue);
}

#[test]
fn a_recording_that_cannot_be_completed_stays_with_its_reports_and_the_next_start_completes_it() {
    let folder = Folder::new("fails-whole");
    let writer = start(&folder);
    let queue = writer.queue();
    let recording = begin(&queue, 1);
    send(&queue, finding(1, 9));
    settle(&queue);
    // A folder blocks the name of the replay.
    fs::create_dir(whole_path(&folder.0, MatchId(1))).expect("a folder");
    end(&queue, recording);
    assert_eq!((queue.stats().failed, queue.stats().written), (1, 0));
    drop(queue);
    assert!(writer.close(Duration::from_secs(30)));
    fs::remove_dir(whole_path(&folder.0, MatchId(1))).expect("it is empty");
    run(&folder.0, &ReplaySettings { keep_days: 0, ..Default::default() });
    assert_eq!(folder.names(), [report_name(1, 9), whole_name(1)]);
    let bytes = fs::read(whole_path(&folder.0, MatchId(1))).expect("a file");
    assert_eq!(Replay::read(&bytes).expect("a whole replay").trailer.ending, MatchEnd::TimeUp);
}

#[test]
fn a_block_that_cannot_be_written_leaves_those_before_it() {
    let folder = Folder::new("fails-block");
    let writer = start(&folder);
    let queue = writer.queue();
    let mut recording = begin(&queue, 1);
    let (part, kept) = (part_path(&folder.0, MatchId(1)), folder.0.join("kept"));
    // For a while, the disk is full.
    fs::rename(&part, &kept).and_then(|()| symlink("/dev/full", &part)).expect("a folder of ours");
    record(&mut recording, 300, 300, 0);
    settle(&queue);
    assert_eq!((queue.stats().failed, part.is_symlink()), (1, true), "it is left alone");
    fs::rename(&kept, &part).expect("a folder of ours");
    record(&mut recording, 600, 300, 0);
    end(&queue, recording);
    drop(queue);
    assert!(writer.close(Duration::from_secs(30)));
    run(&folder.0, &ReplaySettings { keep_days: 0, ..Default::default() });
    let bytes = fs::read(whole_path(&folder.0, MatchId(1))).expect("a file");
    let trailer = Replay::read(&bytes).expect("a whole replay").trailer;
    assert_eq!((trailer.ticks, trailer.ending), (300, MatchEnd::ServerCrashed));
}

#[test]
fn a_recording_without_a_whole_block_leaves_nothing_when_it_fails() {
    let folder = Folder::new("fails-first");
    let writer = start(&folder);
    let queue = writer.queue();
    let mut recording = Recording::new(queue.clone(), header(1), vec![0; 100]).expect("a small opening");
    record(&mut recording, 0, 10, 0);
    recording.unfinished(MatchId(1)).expect("its beginning is on its way");
    settle(&queue);
    let part = part_path(&folder.0, MatchId(1));
    fs::remove_file(&part).and_then(|()| symlink("/dev/full", &part)).expect("a folder of ours");
    end(&queue, recording);
    assert_eq!((queue.stats().failed, folder.names()), (1, Vec::new()));
    drop(queue);
    assert!(writer.close(Duration::from_secs(30)));
}

#[test]
fn the_status_says_failing_until_a_replay_is_complete_or_a_file_can_be_written() {
    let (folder, aside) = (Folder::new("failing"), Folder::new("failing-aside"));
    let writer = start(&folder);
    let queue = writer.queue();
    for id in [1, 3] {
        fs::create_dir(whole_path(&folder.0, MatchId(id))).expect("a folder");
    }
    let recording = begin(&queue, 1);
    end(&queue, recording);
    assert!(queue.stats().failing);
    let good = begin(&queue, 2);
    assert!(queue.stats().failing, "the beginning of another one says nothing");
    assert!(queue.error_streak().count() > 0);
    pass_minute(&queue);
    assert!(queue.stats().failing, "one failed in this minute");
    fs::remove_dir_all(&aside.0).and_then(|()| fs::rename(&folder.0, &aside.0)).expect("a folder of ours");
    pass_minute(&queue);
    assert!(queue.stats().failing && queue.error_streak().count() > 0, "no file can be written");
    fs::rename(&aside.0, &folder.0).expect("its place is free");
    let names = folder.names();
    pass_minute(&queue);
    assert!(!queue.stats().failing, "a file can be written again");
    assert_eq!((queue.error_streak().count(), folder.names()), (0, names));
    let recording = begin(&queue, 3);
    end(&queue, recording);
    assert!(queue.stats().failing);
    end(&queue, good);
    assert!(!queue.stats().failing, "a replay is complete");
    drop(queue);
    assert!(writer.close(Duration::from_secs(30)));
}
