//! A short run of every fuzz target, without libFuzzer: the corpus, and seeded mutations of it.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
};

use framehouse_shared::rng::SimRng;
use framehouse_tests::fuzz::{TARGETS, Target, mutate::mutate};

/// Mutations of each target's inputs; a lane is made anew for each, which takes its time.
const MUTATIONS: [(&str, u32); 5] = [
    ("hot_decode", 1_000_000),
    ("control_decode", 500_000),
    ("guard", 100_000),
    ("state_decode", 50_000),
    ("lane", 10_000),
];

fn corpus_folder(target: &Target) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name)
}

/// The seeds of this version, then the files of the repository in the order of their names.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    let folder = corpus_folder(target);
    if std::env::var_os("FRAMEHOUSE_BLESS").is_some() {
        fs::create_dir_all(&folder).expect("the corpus can be written");
        for (number, seed) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed).expect("the corpus can be written");
        }
    }
    let entries = fs::read_dir(&folder).expect("every target has a corpus");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    inputs.extend(files.iter().map(|file| fs::read(file).expect("a readable file")));
    inputs
}

fn run(target: &Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        eprintln!("the fuzz target {} fails on {input:02x?}", target.name);
        resume_unwind(panic);
    }
}

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let (_, mutations) = MUTATIONS.iter().find(|(of, _)| *of == name).expect("a count for this target");
    let inputs = corpus(target);
    inputs.iter().for_each(|input| run(target, input));
    let mut rng = SimRng::new(1);
    for _ in 0..*mutations {
        let mut pick = || &inputs[rng.below(inputs.len() as u32) as usize];
        let (mut input, other) = (pick().clone(), pick());
        mutate(&mut input, other, &mut rng);
        run(target, &input);
    }
}

#[test]
fn hot_messages_decode_or_are_refused() {
    smoke("hot_decode");
}

#[test]
fn control_messages_decode_or_are_refused() {
    smoke("control_decode");
}

#[test]
fn what_passes_the_guards_does_not_make_renet_panic() {
    smoke("guard");
}

#[test]
fn states_decode_or_are_refused() {
    smoke("state_decode");
}

#[test]
fn a_lane_and_a_client_survive_whatever_comes() {
    smoke("lane");
}
