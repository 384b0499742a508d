//! Backup of a server that plays, and what is restored from it.

use std::{fs, path::Path, thread};

use framehouse_harness::live::wait_until;
use framehouse_tools::replays::Folder;

use super::{ENDED_S, append, lines, matches, played, start};
use crate::programs::{server, text};

/// Runs a command that has to work, and returns what it prints.
fn store(data_dir: &Path, arguments: &[&str]) -> String {
    let told = server(&["store"]).args(arguments).arg("--data-dir").arg(data_dir).output().expect("a program");
    assert!(told.status.success(), "{arguments:?}: {}", text(&told.stderr));
    text(&told.stdout)
}

/// What is in a backup, without its first entry, which has its time: a head and a block.
fn content(backup: &Path) -> Vec<u8> {
    let bytes = zstd::decode_all(&fs::read(backup).expect("it is there")[..]).expect("a backup");
    bytes[1024..].to_vec()
}

#[test]
fn a_backup_of_a_playing_server_is_that_of_what_is_restored_from_it() {
    let folder = Folder::new("store-backup");
    let running = start(folder.path(), &[]);
    append(folder.path(), &matches(0..500));
    wait_until("some are stored", || running.status().store.stored > 0);
    let backup = folder.path().join("backup");
    let name = backup.to_str().expect("UTF-8").to_owned();
    thread::scope(|scope| {
        // Matches end while it is made.
        scope.spawn(|| (500..3000).step_by(50).for_each(|id| append(folder.path(), &matches(id..id + 50))));
        store(folder.path(), &["backup", &name]);
    });
    wait_until("all are stored", || running.status().store.stored == 3000);
    let (other, again) = (folder.path().join("other"), folder.path().join("again"));
    store(&other, &["restore", &name]);
    store(&other, &["backup", again.to_str().expect("UTF-8")]);
    assert!(content(&backup) == content(&again), "the backups differ");
    assert!(store(&other, &["check"]).contains("differences:   0"));
}

#[test]
fn a_restore_until_a_moment_between_two_matches_has_the_first_one_only() {
    let folder = Folder::new("store-until");
    let (first, mut second) = (played(1, &[(1, 7), (2, 3)]), played(2, &[(1, 9), (3, 3)]));
    second.started_unix += 2;
    append(folder.path(), &[first.clone(), second]);
    let running = start(folder.path(), &[]);
    wait_until("they are stored", || running.status().store.stored == 2);
    let backup = folder.path().join("backup");
    let name = backup.to_str().expect("UTF-8");
    store(folder.path(), &["backup", name]);
    let other = folder.path().join("other");
    // A second after the first one and before the second one.
    assert_eq!(ENDED_S, 1_800_000_000);
    let told = store(&other, &["restore", name, "--until", "2027-01-15T08:00:01Z"]);
    assert!(told.starts_with("restored: 1 matches and 0 messages in the database, 1 results"), "{told}");
    assert_eq!(fs::read(other.join("results.jsonl")).expect("it is restored"), lines(&[first]));
    let restored = start(&other, &[]);
    assert_eq!((super::player(&restored, 1).best, super::player(&restored, 2).matches), (7, 1));
    assert!(ureq::get(format!("{}/v1/matches/{:032x}", restored.url(), 2)).call().is_err(), "the second one");
}
