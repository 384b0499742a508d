//! Tests of the results file: incomplete lines, stored results, moved files.

use std::{collections::BTreeSet, fs, io::Write};

use proptest::prelude::*;

use super::*;
use crate::results::{file::ResultsFile, sink::ResultSink};

fn open(folder: &Folder) -> ResultsFile {
    ResultsFile::open(folder.file()).expect("the file can be used")
}

fn append(file: &mut ResultsFile, ids: impl IntoIterator<Item = u128>) {
    file.append(&results(ids)).expect("there is space");
}

#[test]
fn a_torn_last_line_is_cut_off_with_and_without_its_newline() {
    let folder = Folder::new();
    for torn in ["{", "{\n", "\0\0\0", "\n", &line(3)[..40], line(3).trim_end(), &format!("{}\n", &line(3)[..40])] {
        folder.write(&format!("{}{}{torn}", line(1), line(2)));
        let mut file = open(&folder);
        assert_eq!(folder.ids(), [1, 2], "{torn:?}");
        append(&mut file, [2, 3, 4]);
        assert_eq!(folder.ids(), [1, 2, 3, 4], "{torn:?}");
    }
}

#[test]
fn a_strange_line_in_the_middle_is_left_alone() {
    let folder = Folder::new();
    let text = format!("{}what an operator wrote\n{{\"by\": \"somebody else\"}}\n\n{}", line(1), line(2));
    folder.write(&text);
    append(&mut open(&folder), [1, 2, 3]);
    assert_eq!(folder.text(), text + &line(3));
}

#[test]
fn a_result_is_written_once_in_one_call_and_in_many() {
    let folder = Folder::new();
    let mut file = open(&folder);
    append(&mut file, [1, 2, 1]);
    append(&mut file, [2, 1]);
    append(&mut open(&folder), [1, 3, 2]);
    assert_eq!(folder.ids(), [1, 2, 3]);
}

#[test]
fn a_file_that_was_moved_away_or_deleted_is_made_again() {
    let folder = Folder::new();
    let mut file = open(&folder);
    append(&mut file, [1]);
    fs::rename(folder.file(), folder.join("results.1.jsonl")).expect("same folder");
    append(&mut file, [2]);
    assert_eq!(folder.ids(), [2]);
    fs::remove_file(folder.file()).expect("it is there");
    append(&mut file, [3]);
    assert_eq!(folder.ids(), [3]);
}

#[test]
fn a_file_that_somebody_else_wrote_to_is_read_again() {
    let folder = Folder::new();
    let mut file = open(&folder);
    append(&mut file, [1]);
    let mut other = fs::OpenOptions::new().append(true).open(folder.file()).expect("it is there");
    write!(other, "{}{{\"half", line(2)).expect("there is space");
    append(&mut file, [2, 3]);
    assert_eq!(folder.ids(), [1, 2, 3]);
    folder.write(&line(9));
    append(&mut file, [1]);
    assert_eq!(folder.ids(), [9, 1], "copied and emptied, as log rotation does");
}

/// A batch to append. A crash leaves the beginning of a batch, and a new process opens the file.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u128>),
    CrashWhileAppending { ids: Vec<u128>, written: prop::sample::Index, resubmitted: bool },
}

fn step() -> impl Strategy<Value = Step> {
    // Few ids, so that they repeat.
    let ids = || prop::collection::vec(0u128..24, 0..6);
    let crash = (ids(), any::<prop::sample::Index>(), any::<bool>());
    prop_oneof![
        ids().prop_map(Step::Append),
        crash.prop_map(|(ids, written, resubmitted)| Step::CrashWhileAppending { ids, written, resubmitted }),
    ]
}

/// Leaves the file as a process does that is killed during a write.
fn crash(folder: &Folder, ids: &[u128], known: &[u128], written: prop::sample::Index) {
    let fresh: BTreeSet<u128> = ids.iter().copied().filter(|id| !known.contains(id)).collect();
    let lines: String = fresh.into_iter().map(line).collect();
    let part = &lines.as_bytes()[..written.index(lines.len() + 1)];
    let mut file = fs::OpenOptions::new().append(true).open(folder.file()).expect("it is there");
    file.write_all(part).expect("there is space");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_was_acknowledged_is_in_the_file_once(steps in prop::collection::vec(step(), 1..12)) {
        let folder = Folder::new();
        let mut file = open(&folder);
        let mut acknowledged = BTreeSet::new();
        for step in steps {
            let (ids, is_submitted) = match step {
                Step::Append(ids) => (ids, true),
                Step::CrashWhileAppending { ids, written, resubmitted } => {
                    drop(file);
                    crash(&folder, &ids, &folder.ids(), written);
                    file = open(&folder);
                    (ids, resubmitted)
                }
            };
            if is_submitted {
                append(&mut file, ids.iter().copied());
                acknowledged.extend(ids);
            }
            let found = folder.ids();
            let set: BTreeSet<u128> = found.iter().copied().collect();
            prop_assert_eq!(set.len(), found.len(), "a result is there twice");
            prop_assert!(set.is_superset(&acknowledged), "an acknowledged result is not there");
        }
    }
}
