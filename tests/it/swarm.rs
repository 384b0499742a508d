//! Seeded runs in which everything happens to everybody. `cargo run --release -p framehouse-tests --bin swarm` runs more.

use std::thread;

use framehouse_tests::swarm::failing;

/// Seeds that failed once, and for what; they run first.
const KEPT_SEEDS: [u64; 0] = [];
const SEEDS: u64 = 36;
const TICKS: u32 = 600;
const THREADS: u64 = 4;

#[test]
fn nobody_suffers_from_what_happens_to_others_and_everything_ends() {
    let kept = failing(KEPT_SEEDS.into_iter(), TICKS, |_, _| {});
    assert!(kept.is_empty(), "these seeds fail again: {kept:?}");
    let run = |thread| failing((1..=SEEDS).filter(|seed| seed % THREADS == thread), TICKS, |_, _| {});
    let failed: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("failures are caught")).collect()
    });
    assert!(failed.is_empty(), "these seeds fail; add them to KEPT_SEEDS: {failed:?}");
}
