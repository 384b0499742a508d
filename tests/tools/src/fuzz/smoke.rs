//! Smoke test of the fuzz targets without libFuzzer: the corpus, and a fixed number of seeded mutations of it.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
};

use framehouse_client::complain;
use framehouse_shared::rng::SimRng;

use super::{TARGETS, Target, mutate::mutate};

/// Runs the target of this name over its corpus and over a number of mutations of it. Returns the number of inputs.
///
/// # Panics
/// If the target panics, after printing the input; and if there is no such target or no corpus.
pub fn smoke(name: &str, mutations: u64, seed: u64) -> u64 {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let inputs = corpus(target);
    inputs.iter().for_each(|input| run(target, input));
    let mut rng = SimRng::new(seed);
    for _ in 0..mutations {
        let mut pick = || &inputs[rng.below(inputs.len() as u32) as usize];
        let (mut input, other) = (pick().clone(), pick());
        mutate(&mut input, other, &mut rng);
        run(target, &input);
    }
    inputs.len() as u64 + mutations
}

/// The seeds of this version, then the files of the repository in the order of their names.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target.name);
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
        complain!("the fuzz target {} fails on {input:02x?}", target.name);
        resume_unwind(panic);
    }
}
