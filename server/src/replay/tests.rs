//! Tests of the writer thread: its files, and its behaviour when something fails.

mod failures;
mod recovery;
mod reports;
mod shares;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime},
};

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    ids::MatchId,
    input::{Frame, Input},
    match_end::MatchEnd,
    protocol::datagram::encode_frame,
    replay::{Header, PartialReplay, Replay, ServerKey, canned_replay, is_hash_tick},
    state_hash::StateHashes,
    tick::Tick,
};

use super::{
    folder::{part_path, whole_path},
    queue::{Job, Times, queue},
    recording::Recording,
    verify::verify,
    writer::ReplayWriter,
};
use crate::config::ReplaySettings;

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("framehouse-writer-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("there is room for temporary files");
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder is there");
        let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
        let names = entries.map(|entry| name(entry.expect("readable").path()));
        let mut names: Vec<String> = names.filter(|name| name != "owners.txt").collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: u64 = 1_800_000_000;

/// Starts the writer thread and waits until it has finished.
fn run(folder: &Path, settings: &ReplaySettings) {
    run_with(folder, settings, &[]);
}

/// The same, and tells the thread these times: minutes since the start, and days after [`NOW`].
fn run_with(folder: &Path, settings: &ReplaySettings, times: &[(u64, u64)]) {
    let writer = ReplayWriter::start(folder.to_owned(), settings, key()).expect("a folder");
    for (minutes, days) in times {
        let times = Times { elapsed: Duration::from_secs(60 * minutes), unix_s: NOW + days * 86_400 };
        writer.queue().send(Job::Clock(times)).expect("there is room");
    }
    assert!(writer.close(Duration::from_secs(30)));
}

fn key() -> ServerKey {
    ServerKey::from_secret([7; 32])
}

fn is_signed(bytes: &[u8]) -> bool {
    let signature = Replay::read(bytes).expect("a whole replay").signature;
    signature.is_some_and(|signature| signature.key == key().public() && signature.is_right())
}

fn whole_name(id: u128) -> String {
    format!("{}.fhr", MatchId(id))
}

#[test]
fn what_a_crash_left_is_completed_up_to_its_last_whole_block() {
    let folder = Folder::new("crash");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 750);
    let end_of_blocks = PartialReplay::read(&bytes).expect("a replay").length();
    // After all blocks, inside the third block, inside the first block, and inside the header.
    let ticks_in = |length: usize| PartialReplay::read(&bytes[..length]).map_or(0, |beginning| beginning.ticks());
    let first_block = (0..).find(|length| ticks_in(*length) > 0).expect("there is a block");
    let cuts = [(1, end_of_blocks, 750), (2, end_of_blocks - 9, 600), (3, first_block - 1, 0), (4, 30, 0)];
    for (id, length, _) in cuts {
        fs::write(part_path(&folder.0, MatchId(id)), &bytes[..length]).expect("a file");
    }
    fs::write(part_path(&folder.0, MatchId(5)), &bytes).expect("a file");
    run(&folder.0, &ReplaySettings { keep_days: 0, ..Default::default() });
    assert_eq!(folder.names(), [whole_name(1), whole_name(2), whole_name(5)]);
    for (id, _, ticks) in &cuts[..2] {
        let bytes = fs::read(whole_path(&folder.0, MatchId(*id))).expect("a file");
        let verified = verify(ArenaPlugin, &bytes).expect("what is there comes out the same");
        assert_eq!((verified.ticks, verified.ending), (*ticks, MatchEnd::ServerCrashed));
        assert!(is_signed(&bytes), "completed recordings are signed");
    }
    assert_eq!(fs::read(whole_path(&folder.0, MatchId(5))).expect("a file"), bytes, "only its name was missing");
}

/// Writes `count` files of 1000 bytes, each one day younger than the one before, and a file that is not a replay.
fn fill(folder: &Folder, count: u64) {
    for number in 0..count {
        let path = whole_path(&folder.0, MatchId(number.into()));
        fs::write(&path, vec![0; 1000]).expect("a file");
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - (count - number) * 86_400);
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("a file");
    }
    fs::write(folder.0.join("notes.txt"), vec![0; 5_000_000]).expect("a file");
}

#[test]
fn the_oldest_replays_go_first_when_they_take_too_much() {
    let folder = Folder::new("bytes");
    fill(&folder, 5);
    run(&folder.0, &ReplaySettings { keep_bytes: 3500, keep_days: 0, ..Default::default() });
    assert_eq!(folder.names(), [whole_name(2), whole_name(3), whole_name(4), "notes.txt".to_owned()]);
}

#[test]
fn replays_go_when_they_are_too_old_but_not_at_once() {
    let folder = Folder::new("days");
    fill(&folder, 5);
    let settings = ReplaySettings { keep_days: 2, ..Default::default() };
    let left = |times: &[(u64, u64)]| {
        run_with(&folder.0, &settings, times);
        folder.names().len() - 1
    };
    assert_eq!(left(&[]), 5, "the start removes nothing");
    assert_eq!(left(&[(0, 0), (59, 0)]), 5, "nor does the first hour");
    assert_eq!(left(&[(60, 0), (61, 0), (1000, 0)]), 4, "at least one a day");
    assert_eq!(folder.names()[0], whole_name(1), "the oldest");
    assert_eq!(left(&[(60, 0), (60 + 1440, 0), (60 + 2880, 0)]), 2, "and no younger one than two days");
    let forever = ReplaySettings { keep_days: 0, ..Default::default() };
    run_with(&folder.0, &forever, &[(60, 10_000)]);
    assert_eq!(folder.names().len(), 3, "0 keeps them whatever their age");
}

#[test]
fn a_clock_that_is_wrong_by_weeks_removes_a_tenth_a_day() {
    let folder = Folder::new("clock");
    fill(&folder, 30);
    let left = |times: &[(u64, u64)]| {
        run_with(&folder.0, &ReplaySettings::default(), times);
        folder.names().len() - 1
    };
    assert_eq!(left(&[(0, 40), (59, 40)]), 30);
    assert_eq!(left(&[(60, 40), (61, 40), (1499, 40)]), 27);
    assert_eq!(left(&[(60, 0), (61, 0)]), 27, "it is right again");
}

fn header(id: u128) -> Header {
    let bytes = canned_replay(ArenaPlugin, 1, 2, 1);
    Header { match_id: MatchId(id), started_unix_s: NOW, ..Replay::read(&bytes).expect("a replay").header().clone() }
}

/// Records `ticks` ticks in which nothing happens, with encoded frames of at least `frame_bytes` bytes.
fn record(recording: &mut Recording, first: u32, ticks: u32, frame_bytes: usize) {
    let hashes = StateHashes::default();
    for tick in (first..first + ticks).map(Tick) {
        let frame = Frame { tick, ..Frame::default() };
        let mut encoded_frame =
            encode_frame(&frame, &[Input::NEUTRAL; 16], is_hash_tick(tick).then(|| hashes.combined()));
        encoded_frame.resize(encoded_frame.len().max(frame_bytes), 0);
        recording.record(&frame, &encoded_frame, |_| "", Some(&hashes));
    }
}

#[test]
fn a_finished_replay_counts_against_the_quota() {
    let folder = Folder::new("finished");
    fill(&folder, 3);
    let settings = ReplaySettings { keep_bytes: 3100, keep_days: 0, ..Default::default() };
    let writer = ReplayWriter::start(folder.0.clone(), &settings, key()).expect("a folder");
    let mut recording = Recording::new(writer.queue(), header(9), vec![0; 100]).expect("a small opening");
    record(&mut recording, 0, 400, 0);
    assert!(recording.end(MatchEnd::TimeUp, None, None).is_some(), "it is on its way");
    drop(recording);
    assert!(writer.close(Duration::from_secs(30)));
    assert_eq!(folder.names(), [whole_name(1), whole_name(2), whole_name(9), "notes.txt".to_owned()]);
    let bytes = fs::read(whole_path(&folder.0, MatchId(9))).expect("a file");
    assert_eq!(Replay::read(&bytes).expect("a whole replay").trailer.ticks, 400);
    assert!(is_signed(&bytes));
}

#[test]
fn with_a_clock_that_is_behind_the_newest_replay_is_not_taken_for_the_oldest() {
    let folder = Folder::new("behind");
    fill(&folder, 3);
    let settings = ReplaySettings { keep_bytes: 3100, keep_days: 0, ..Default::default() };
    let writer = ReplayWriter::start(folder.0.clone(), &settings, key()).expect("a folder");
    let ended = [9, 10].map(|id| {
        let header = Header { started_unix_s: 1000 - id as u64, ..header(id) };
        let mut recording = Recording::new(writer.queue(), header, vec![0; 100]).expect("a small opening");
        record(&mut recording, 0, 400, 0);
        recording.end(MatchEnd::TimeUp, None, None).expect("it is on its way")
    });
    assert!(writer.close(Duration::from_secs(30)));
    assert_eq!(ended.map(|replay| replay.is_written()), [Some(true); 2]);
    for id in [9, 10] {
        assert!(folder.names().contains(&whole_name(id)), "{:?}", folder.names());
    }
    assert!(!folder.names().contains(&whole_name(0)), "the oldest at the start went first");
}

#[test]
fn a_replay_is_given_up_when_the_queue_is_full_and_nobody_waits() {
    let (queue, jobs) = queue();
    let mut recording = Recording::new(queue.clone(), header(1), Vec::new()).expect("a small opening");
    // 32 MiB fit; nothing is taken out.
    record(&mut recording, 0, 300 * 100, 1500);
    assert_eq!(queue.stats().given_up, 1);
    assert!(recording.end(MatchEnd::TimeUp, None, None).is_none(), "there is nothing to end");
    assert!(queue.stats().waiting < 100);
    let mut other = Recording::new(queue.clone(), header(2), Vec::new()).expect("a small opening");
    record(&mut other, 0, 300, 1500);
    assert_eq!(queue.stats().given_up, 2);
    drop((recording, other, queue));
    let mut abandoned = Vec::new();
    jobs.for_each(|job| {
        if let Job::Abandon(id) = job {
            abandoned.push(id);
        }
    });
    assert_eq!(abandoned, [MatchId(1), MatchId(2)], "their files are removed");
}

#[test]
fn a_replay_that_cannot_be_written_fails_alone() {
    let folder = Folder::new("fails");
    // A folder blocks the name of the first replay.
    fs::create_dir(whole_path(&folder.0, MatchId(1))).expect("a folder");
    let writer = ReplayWriter::start(folder.0.clone(), &ReplaySettings::default(), key()).expect("a folder");
    let ended = [1, 2].map(|id| {
        let mut recording = Recording::new(writer.queue(), header(id), vec![0; 100]).expect("a small opening");
        record(&mut recording, 0, 400, 0);
        recording.end(MatchEnd::TimeUp, None, None).expect("it is on its way")
    });
    let progress = writer.queue().progress();
    assert!(writer.close(Duration::from_secs(30)));
    let stats = progress.stats();
    assert_eq!((stats.failed, stats.written, stats.waiting), (1, 1, 0));
    assert_eq!(ended.map(|replay| replay.is_written()), [Some(false), Some(true)]);
    assert!(folder.names().contains(&whole_name(2)));
}
