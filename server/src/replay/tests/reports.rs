//! Tests of desync reports: they are next to replays and are removed with them.

use std::sync::Arc;

use framehouse_shared::{
    ids::{PlayerId, RoomCode, Slot},
    simulation::Simulation,
};

use super::*;
use crate::replay::{
    desync::{DesyncJob, Finding, FirstBad, HashJob, LinkFigures, MakeSimulation, Source},
    queue::{ReplayQueue, ReplayStats},
    reports::Reports,
};

/// A finding about slot 1 of a match.
pub(super) fn finding(match_id: u128, tick: u32) -> Finding {
    Finding {
        match_id: MatchId(match_id),
        room: RoomCode::from_number(0),
        player: PlayerId(5),
        name: "ada".to_owned(),
        slot: Slot::new(1),
        detected: Tick(tick),
        detected_unix_ms: NOW * 1000,
        link: LinkFigures::default(),
        first_bad: None,
    }
}

pub(super) fn send(queue: &ReplayQueue, finding: Finding) {
    let simulation = MakeSimulation(Arc::new(|| Simulation::new(ArenaPlugin)));
    let job =
        DesyncJob { finding, protocol: 1, source: Source { simulation, unfinished: None }, callback: Box::new(|_| {}) };
    queue.send(Job::Report(Box::new(job))).expect("there is room");
}

/// Starts the writer thread, lets it write these reports, and returns its statistics.
fn report(folder: &Folder, findings: Vec<Finding>) -> ReplayStats {
    let settings = ReplaySettings { keep_days: 0, ..Default::default() };
    let writer = ReplayWriter::start(folder.0.clone(), &settings, key()).expect("a folder");
    let progress = writer.queue().progress();
    findings.into_iter().for_each(|finding| send(&writer.queue(), finding));
    assert!(writer.close(Duration::from_secs(30)));
    progress.stats()
}

pub(super) fn report_name(match_id: u128, tick: u32) -> String {
    format!("{}.desync-1-{tick}.json", MatchId(match_id))
}

/// Writes a file named like a complete replay, and one named like a report on it.
fn replay_with_report(folder: &Folder, match_id: u128) {
    fs::write(whole_path(&folder.0, MatchId(match_id)), vec![0; 1000]).expect("a file");
    fs::write(folder.0.join(report_name(match_id, 9)), vec![b' '; 1000]).expect("a file");
}

#[test]
fn a_report_goes_with_its_replay_and_counts_against_the_same_quota() {
    let folder = Folder::new("reports-quota");
    (1..=3).for_each(|id| replay_with_report(&folder, id));
    run(&folder.0, &ReplaySettings { keep_bytes: 4000, keep_days: 0, ..Default::default() });
    let names = folder.names();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.chunks(2).all(|pair| pair[0].replace("desync-1-9.json", "fhr") == pair[1]), "{names:?}");
}

#[test]
fn a_report_on_a_complete_replay_keeps_the_quota_too() {
    let folder = Folder::new("reports-over");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 40);
    fs::write(whole_path(&folder.0, MatchId(1)), &bytes).expect("a file");
    let settings = ReplaySettings { keep_bytes: bytes.len() as u64 + 10, keep_days: 0, ..Default::default() };
    let writer = ReplayWriter::start(folder.0.clone(), &settings, key()).expect("a folder");
    let progress = writer.queue().progress();
    send(&writer.queue(), finding(1, 3));
    assert!(writer.close(Duration::from_secs(30)));
    let stats = progress.stats();
    assert_eq!((stats.reports, stats.removed, folder.names()), (1, 1, Vec::new()));
}

#[test]
fn a_report_without_a_replay_and_a_torn_one_are_removed_at_the_start() {
    let folder = Folder::new("reports-orphans");
    replay_with_report(&folder, 1);
    fs::write(folder.0.join(report_name(2, 7)), "{}").expect("a file");
    fs::write(folder.0.join(report_name(1, 8).replace(".json", ".json-part")), "{").expect("a file");
    fs::write(folder.0.join("somebody.desync-notes.json"), "{}").expect("a file");
    run(&folder.0, &ReplaySettings { keep_days: 0, ..Default::default() });
    let kept = [report_name(1, 9), whole_name(1), "somebody.desync-notes.json".to_owned()];
    assert_eq!(folder.names(), kept, "only what is ours is touched");
}

#[test]
fn a_report_stays_with_a_recording_that_the_start_could_not_complete() {
    let folder = Folder::new("reports-part");
    fs::write(part_path(&folder.0, MatchId(1)), "the disk was full").expect("a file");
    fs::write(folder.0.join(report_name(1, 9)), "{}").expect("a file");
    Reports::open(&folder.0).expect("readable");
    assert!(folder.names().contains(&report_name(1, 9)), "{:?}", folder.names());
}

#[test]
fn a_report_that_cannot_be_written_is_lost_alone() {
    let folder = Folder::new("reports-fail");
    fs::write(whole_path(&folder.0, MatchId(1)), canned_replay(ArenaPlugin, 1, 2, 40)).expect("a file");
    // A folder blocks the path of the first report.
    fs::create_dir(folder.0.join(report_name(1, 3))).expect("a folder");
    let stats = report(&folder, vec![finding(1, 3), finding(1, 4), finding(2, 5)]);
    assert_eq!((stats.reports, stats.reports_lost), (1, 2), "the last one has no replay");
    assert!(folder.names().contains(&report_name(1, 4)) && folder.names().contains(&whole_name(1)));
    assert!(!folder.names().iter().any(|name| name.ends_with("part")), "{:?}", folder.names());
}

#[test]
fn a_match_has_only_so_many_reports() {
    let folder = Folder::new("reports-many");
    fs::write(whole_path(&folder.0, MatchId(1)), canned_replay(ArenaPlugin, 1, 2, 40)).expect("a file");
    let stats = report(&folder, (0..20).map(|tick| finding(1, tick)).collect());
    assert_eq!((stats.reports, stats.reports_lost), (16, 4));
    assert_eq!(folder.names().len(), 17);
}

#[test]
fn a_report_says_what_the_recording_says_and_why_nothing_if_nothing() {
    let folder = Folder::new("reports-values");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 40);
    fs::write(whole_path(&folder.0, MatchId(1)), &bytes).expect("a file");
    fs::write(whole_path(&folder.0, MatchId(2)), &bytes[..bytes.len() / 2]).expect("a file");
    let components: Vec<&'static str> = Simulation::new(ArenaPlugin).states().names().collect();
    let index = components.iter().position(|name| *name == "roster").expect("the engine's");
    let hashes = StateHashes(components.iter().map(|_| None).collect());
    let theirs = framehouse_shared::fields::Field { slot: None, name: "made up".into(), value: "1".into() };
    let named = |match_id, tick| {
        let (ours, components) = (hashes.clone(), components.clone());
        let fields = vec![theirs.clone()];
        let first = FirstBad { tick: Tick(tick), index, components, theirs: ours.clone(), ours, fields };
        Finding { first_bad: Some(first), ..finding(match_id, tick) }
    };
    report(&folder, vec![named(1, 20), named(1, 99), named(1, 4_000_000), named(2, 20)]);
    let read = |match_id, tick| -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.0.join(report_name(match_id, tick))).expect("a file")).expect("JSON")
    };
    let good = read(1, 20);
    let seated = serde_json::json!({"slot": 0, "field": "seated", "server": "true", "client": null});
    assert_eq!((&good["differences"][0], &good["component"]), (&seated, &"roster".into()), "{good}");
    assert_eq!(good["replay_agrees"], false, "the hashes are made up");
    for (match_id, tick, reason) in [(1, 99, "up to tick 40"), (1, 4_000_000, "too long"), (2, 20, "recording")] {
        let note = read(match_id, tick)["note"].as_str().expect("a sentence").to_owned();
        assert!(note.contains(reason), "{note}");
    }
}

#[test]
fn a_report_is_not_overwritten_by_a_later_one_of_its_name() {
    let folder = Folder::new("reports-twice");
    fs::write(whole_path(&folder.0, MatchId(1)), canned_replay(ArenaPlugin, 1, 2, 40)).expect("a file");
    let later = Finding { name: "somebody with a longer name".to_owned(), ..finding(1, 3) };
    let stats = report(&folder, vec![finding(1, 3), later]);
    assert_eq!((stats.reports, stats.reports_lost), (1, 1));
    let text = fs::read_to_string(folder.0.join(report_name(1, 3))).expect("a report");
    assert!(text.contains("\"ada\""), "{text}");
}

#[test]
fn a_report_has_the_size_with_which_it_was_added_and_goes_with_all_of_its_match() {
    let folder = Folder::new("reports-sum");
    replay_with_report(&folder, 1);
    let mut reports = Reports::open(&folder.0).expect("readable");
    assert_eq!(reports.bytes_of(MatchId(1)), 1000);
    let path = folder.0.join(report_name(1, 7));
    assert!(reports.has_room(MatchId(1), &path));
    reports.add(MatchId(1), path.clone(), 500);
    assert!(!reports.has_room(MatchId(1), &path), "it is there");
    // The operator removes one file and edits the other.
    fs::remove_file(folder.0.join(report_name(1, 9))).expect("a file");
    fs::write(&path, "{}").expect("a file");
    reports.remove(MatchId(1));
    assert_eq!((reports.bytes_of(MatchId(1)), folder.names()), (0, vec![whole_name(1)]));
}

#[test]
fn reports_wait_until_nothing_else_does() {
    let (sender, jobs) = queue();
    send(&sender, finding(1, 3));
    send(&sender, finding(1, 4));
    let source = Source { simulation: MakeSimulation(Arc::new(|| Simulation::new(ArenaPlugin))), unfinished: None };
    let job = HashJob { match_id: MatchId(1), ticks: 0..=9, source, callback: Box::new(|_| ()) };
    sender.send(Job::Hash(Box::new(job))).expect("there is room");
    sender.send(Job::Abandon(MatchId(2))).expect("there is room");
    drop(sender);
    let (progress, mut order) = (Arc::clone(&jobs.progress), Vec::new());
    jobs.for_each(|job| {
        order.push(match job {
            Job::Report(job) => format!("report {}", job.finding.detected),
            Job::Hash(_) => "hashes".to_owned(),
            _ => "other".to_owned(),
        });
    });
    assert_eq!(order, ["other", "hashes", "report 3", "report 4"]);
    assert_eq!(progress.stats().waiting, 0);
}

#[test]
fn a_panic_over_one_report_is_counted_and_costs_no_other_one() {
    let folder = Folder::new("reports-panic");
    fs::write(whole_path(&folder.0, MatchId(1)), canned_replay(ArenaPlugin, 1, 2, 40)).expect("a file");
    let components: Vec<&'static str> = Simulation::new(ArenaPlugin).states().names().collect();
    let index = components.iter().position(|name| *name == "roster").expect("the engine's");
    let ours = StateHashes(components.iter().map(|_| None).collect());
    let fields = vec![framehouse_shared::fields::Field { slot: None, name: "made up".into(), value: "1".into() }];
    let first = FirstBad { tick: Tick(20), index, components, theirs: ours.clone(), ours, fields };
    let finding_with_fields = Finding { first_bad: Some(first), ..finding(1, 20) };
    let writer = ReplayWriter::start(folder.0.clone(), &ReplaySettings::default(), key()).expect("a folder");
    let simulation = MakeSimulation(Arc::new(|| Simulation::new(ArenaPlugin)));
    let callback = Box::new(|_| panic!("a test wants the thread to panic"));
    let source = Source { simulation, unfinished: None };
    let job = DesyncJob { finding: finding_with_fields, protocol: 1, source, callback };
    writer.queue().send(Job::Report(Box::new(job))).expect("there is room");
    send(&writer.queue(), finding(1, 30));
    let progress = writer.queue().progress();
    assert!(writer.close(Duration::from_secs(30)));
    let stats = progress.stats();
    assert_eq!((stats.panics, stats.reports, stats.waiting), (1, 1, 0));
    assert!(folder.names().contains(&report_name(1, 30)));
}
