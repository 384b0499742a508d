//! Tests of recovery: what cannot be read, or is not known, is set aside, and concerns no other file.

use std::iter;

use framehouse_shared::replay::MAGIC;

use super::*;
use crate::replay::folder::SET_ASIDE;

/// The names of the files that were set aside.
fn aside(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.0.join(SET_ASIDE)).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn part_name(id: u128) -> String {
    format!("{}.fhr.part", MatchId(id))
}

fn recovered(folder: &Folder) -> Vec<String> {
    run(&folder.0, &ReplaySettings { keep_days: 0, ..Default::default() });
    folder.names().into_iter().filter(|name| name != SET_ASIDE).collect()
}

#[test]
fn what_cannot_be_read_or_is_not_known_is_set_aside_whole() {
    let folder = Folder::new("unknown");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 40);
    let mut newer = bytes[..bytes.len() / 2].to_vec();
    newer[8] += 1;
    // The header is there, but not as it was written.
    let mut damaged = bytes.clone();
    damaged[20] ^= 1;
    for (id, content) in [(1, &newer), (2, &damaged), (3, &b"notes".to_vec())] {
        fs::write(part_path(&folder.0, MatchId(id)), content).expect("a file");
    }
    // Reading a folder fails, for everybody.
    fs::create_dir(part_path(&folder.0, MatchId(4))).expect("a folder");
    fs::write(part_path(&folder.0, MatchId(5)), &bytes).expect("a file");
    assert_eq!(recovered(&folder), [whole_name(5)], "the good one is completed beside them");
    assert_eq!(aside(&folder), [1, 2, 3, 4].map(part_name));
    assert_eq!(fs::read(folder.0.join(SET_ASIDE).join(part_name(1))).expect("a file"), newer, "not a byte is lost");
}

#[test]
fn a_damaged_end_is_set_aside_and_what_is_before_it_completed() {
    let folder = Folder::new("damaged");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 750);
    let mut zeros = bytes[..PartialReplay::read(&bytes).expect("a replay").length() - 200].to_vec();
    zeros.extend([0; 4096]);
    fs::write(part_path(&folder.0, MatchId(1)), &zeros).expect("a file");
    assert_eq!(recovered(&folder), [whole_name(1)]);
    assert_eq!(aside(&folder), [part_name(1)]);
    let whole = fs::read(whole_path(&folder.0, MatchId(1))).expect("a file");
    assert_eq!(verify(ArenaPlugin, &whole).expect("what is there comes out the same").ticks, 600);
    assert!(is_signed(&whole));
}

#[test]
fn a_damaged_length_is_not_taken_for_the_end_of_the_file() {
    let folder = Folder::new("length");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 750);
    for (id, section) in (1..).zip(sections(&bytes).take(3)) {
        let mut longer = bytes.clone();
        longer[section + 4] ^= 0x40;
        fs::write(part_path(&folder.0, MatchId(id)), &longer).expect("a file");
    }
    assert_eq!(recovered(&folder), [""; 0]);
    assert_eq!(aside(&folder), [1, 2, 3].map(part_name), "not a tick is lost");
}

/// The starts of the sections, which are a tag, a length, the content, and a checksum.
fn sections(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let next = |start: &usize| {
        let length: [u8; 4] = bytes[start + 1..start + 5].try_into().expect("four bytes");
        Some(start + 5 + u32::from_le_bytes(length) as usize + 8)
    };
    iter::successors(Some(MAGIC.len() + 2), next)
}

#[test]
fn only_a_recording_without_a_whole_block_is_removed() {
    let folder = Folder::new("short");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 40);
    for (id, length) in [(1, 0), (2, 5), (3, 9), (4, 60), (5, bytes.len() - 200)] {
        fs::write(part_path(&folder.0, MatchId(id)), &bytes[..length]).expect("a file");
    }
    assert_eq!(recovered(&folder), [""; 0]);
    assert_eq!(aside(&folder), [""; 0]);
}

#[test]
fn files_of_one_name_do_not_replace_each_other() {
    let folder = Folder::new("names");
    for content in ["first", "second"] {
        fs::write(part_path(&folder.0, MatchId(1)), content).expect("a file");
        assert_eq!(recovered(&folder), [""; 0]);
    }
    assert_eq!(aside(&folder), [part_name(1), format!("{}.1", part_name(1))]);
}

#[test]
fn a_report_goes_where_its_replay_goes() {
    let folder = Folder::new("aside-report");
    let report = format!("{}.desync-1-9.json", MatchId(1));
    fs::write(part_path(&folder.0, MatchId(1)), "what is this").expect("a file");
    fs::write(folder.0.join(&report), "{}").expect("a file");
    assert_eq!(recovered(&folder), [""; 0]);
    assert_eq!(aside(&folder), [report, part_name(1)]);
}

#[test]
fn a_damaged_recording_that_cannot_be_set_aside_is_not_overwritten() {
    let folder = Folder::new("not-aside");
    let bytes = canned_replay(ArenaPlugin, 1, 2, 750);
    let mut zeros = bytes[..PartialReplay::read(&bytes).expect("a replay").length() - 200].to_vec();
    zeros.extend([0; 4096]);
    fs::write(part_path(&folder.0, MatchId(1)), &zeros).expect("a file");
    // A file blocks the name of the subfolder.
    fs::write(folder.0.join(SET_ASIDE), "").expect("a file");
    assert_eq!(recovered(&folder), [part_name(1)]);
    assert_eq!(fs::read(part_path(&folder.0, MatchId(1))).expect("a file"), zeros, "not a byte is lost");
}
