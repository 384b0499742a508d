//! Tests of long files: they are put away, and a start reads a limited part of them.

use std::collections::HashSet;

use framehouse_shared::ids::MatchId;

use super::*;
use crate::results::{file::ResultsFile, find, sink::ResultSink};

/// A file that is put away when it has three lines.
fn open(folder: &Folder) -> ResultsFile {
    ResultsFile::open_with(folder.file(), 3 * line(1).len() as u64).expect("the file can be used")
}

fn append(file: &mut ResultsFile, id: u128) {
    file.append(&[result(id)]).expect("there is space");
}

/// The match ids in the file that was put away under this number.
fn old_ids(folder: &Folder, number: u32) -> Vec<u128> {
    let text = fs::read_to_string(folder.join(format!("results-{number}.jsonl"))).expect("it was put away");
    text.lines().map(|line| serde_json::from_str::<MatchResult>(line).expect("a result").match_id.0).collect()
}

#[test]
fn a_long_file_is_put_away_and_none_is_overwritten() {
    let folder = Folder::new();
    let mut file = open(&folder);
    (0..8).for_each(|id| append(&mut file, id));
    assert_eq!((old_ids(&folder, 1), old_ids(&folder, 2), folder.ids()), (vec![0, 1, 2], vec![3, 4, 5], vec![6, 7]));
    // After a restart, and beside the files of an operator.
    fs::write(folder.join("results-old.jsonl"), "kept").expect("a file");
    let mut file = open(&folder);
    (8..12).for_each(|id| append(&mut file, id));
    assert_eq!((old_ids(&folder, 3), folder.ids()), (vec![6, 7, 8], vec![9, 10, 11]));
    assert_eq!(fs::read_to_string(folder.join("results-old.jsonl")).expect("a file"), "kept");
}

#[test]
fn a_result_in_the_file_before_is_not_written_again() {
    let folder = Folder::new();
    let mut file = open(&folder);
    (0..4).for_each(|id| append(&mut file, id));
    (0..4).for_each(|id| append(&mut file, id));
    assert_eq!(folder.ids(), [3], "it remembers");
    let mut file = open(&folder);
    (0..4).for_each(|id| append(&mut file, id));
    assert_eq!(folder.ids(), [3], "and reads both files after a restart");
}

#[test]
fn a_start_reads_the_end_of_a_long_file_only() {
    let folder = Folder::new();
    folder.write(&(0..1000).map(line).collect::<String>());
    let mut file = open(&folder);
    append(&mut file, 998);
    assert_eq!(folder.text(), "", "it was put away at once, and the last results are known");
    assert_eq!(old_ids(&folder, 1).len(), 1000);
    append(&mut file, 5);
    assert_eq!(folder.ids(), [5], "an old one is not: no more than three lines were read");
    // A line that a crash has torn is found also there.
    let folder = Folder::new();
    folder.write(&format!("{}{}", (0..1000).map(line).collect::<String>(), &line(1)[..40]));
    drop(open(&folder));
    assert_eq!(folder.ids().len(), 1000);
}

#[test]
fn a_result_is_found_in_every_file() {
    let folder = Folder::new();
    let mut file = open(&folder);
    (0..8).for_each(|id| append(&mut file, id));
    let wanted: HashSet<MatchId> = [1, 4, 7, 99].map(MatchId).into();
    let found = find::results(&folder, &wanted).expect("readable");
    let mut ids: Vec<u128> = found.keys().map(|id| id.0).collect();
    ids.sort();
    assert_eq!(ids, [1, 4, 7]);
    assert!(find::results(&folder.join("nowhere"), &wanted).expect("there is nothing").is_empty());
}

#[test]
fn nothing_is_written_into_another_folder_in_its_place() {
    let folder = Folder::new();
    let mut file = open(&folder);
    append(&mut file, 1);
    let moved = folder.with_extension("moved");
    fs::rename(&*folder, &moved).expect("a folder of ours");
    fs::create_dir(&*folder).expect("its place is free");
    let error = file.append(&[result(2)]).expect_err("another server may have that folder").to_string();
    assert!(error.contains("restart the server"), "{error}");
    assert!(!folder.file().exists());
    fs::remove_dir(&*folder).expect("it is empty");
    fs::rename(&moved, &*folder).expect("its place is free");
    append(&mut file, 2);
    assert_eq!(folder.ids(), [1, 2]);
}

/// Without a list of the names that are there, every number below would be looked at: the test would not end.
#[test]
fn a_result_is_found_beside_copies_with_any_number() {
    let folder = Folder::new();
    let mut file = open(&folder);
    (0..4).for_each(|id| append(&mut file, id));
    for (number, id) in [("20261129", 10), ("4294967295", 11), ("007", 12)] {
        fs::write(folder.join(format!("results-{number}.jsonl")), line(id)).expect("a file");
    }
    let wanted: HashSet<MatchId> = [1, 3, 10, 11, 12].map(MatchId).into();
    let found = find::results(&folder, &wanted).expect("readable");
    let mut ids: Vec<u128> = found.keys().map(|id| id.0).collect();
    ids.sort();
    assert_eq!(ids, [1, 3, 10, 11], "007 is no number of ours");
}

#[test]
fn results_are_written_when_no_number_is_left_to_put_a_file_away() {
    let folder = Folder::new();
    fs::write(folder.join("results-4294967295.jsonl"), "kept").expect("a file");
    let mut file = open(&folder);
    (0..8).for_each(|id| append(&mut file, id));
    assert_eq!(folder.ids(), (0..8).collect::<Vec<_>>(), "the file grows on");
    assert_eq!(fs::read_to_string(folder.join("results-4294967295.jsonl")).expect("a file"), "kept");
    // The operator renames the copy, and restarts the server.
    fs::rename(folder.join("results-4294967295.jsonl"), folder.join("copy")).expect("a file of ours");
    let mut file = open(&folder);
    (8..10).for_each(|id| append(&mut file, id));
    assert_eq!((old_ids(&folder, 1).len(), folder.ids()), (8, vec![8, 9]));
}
