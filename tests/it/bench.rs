//! The microbenchmarks: that they run, and that a slower one is named. Nothing here depends on how long they take.

use std::path::Path;

use framehouse_tools::bench::{Baseline, Measured, Measurement, Timer, all, failures, table};

const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/baseline.tsv");

fn measurement(reference_ns: f64, ns: f64) -> Measurement {
    Measurement { reference_ns, benchmarks: vec![Measured { name: "one", ns, ns_max: Some(900.0) }] }
}

fn baseline(of: &Measurement) -> Baseline {
    let mut baseline = Baseline::default();
    baseline.update(of);
    baseline
}

#[test]
fn every_benchmark_runs_twice() {
    for benchmark in all() {
        let (mut body, mut timer) = ((benchmark.prepare)(), Timer::default());
        body(&mut timer);
        let operations = timer.operations();
        body(&mut timer);
        assert!(operations > 0, "\"{}\" times nothing", benchmark.name);
        assert_eq!(timer.operations(), 2 * operations, "\"{}\" does not always do the same", benchmark.name);
    }
}

#[test]
fn the_stored_baseline_has_every_benchmark() {
    let baseline = Baseline::read(Path::new(STORED)).expect("a baseline");
    let mut names: Vec<&str> = all().iter().map(|benchmark| benchmark.name).collect();
    names.sort_unstable();
    assert_eq!(baseline.names().collect::<Vec<_>>(), names, "store it again with `bench --save`");
}

#[test]
fn a_benchmark_is_compared_with_the_baseline_as_a_share_of_the_reference_calculation() {
    let stored = baseline(&measurement(1000.0, 500.0));
    let slower_machine = measurement(1500.0, 750.0);
    assert_eq!(failures(&slower_machine, &stored, 25), [""; 0]);
    let slower = measurement(1000.0, 700.0);
    assert_eq!(failures(&slower, &stored, 25), ["\"one\" is 40 % slower than the baseline: 25 % are allowed"]);
    assert_eq!(failures(&slower, &stored, 45), [""; 0]);
}

#[test]
fn a_benchmark_beyond_its_limit_fails_whatever_the_baseline_says() {
    let slow = measurement(1000.0, 950.0);
    for stored in [baseline(&slow), Baseline::default()] {
        assert_eq!(failures(&slow, &stored, 25), ["\"one\" takes 950.0 ns: 900.0 ns are allowed"]);
    }
}

#[test]
fn a_baseline_survives_its_file_and_another_text_does_not_become_one() {
    let file = std::env::temp_dir().join(format!("framehouse-baseline-{}", std::process::id()));
    let stored = baseline(&measurement(1000.0, 500.0));
    stored.write(&file).expect("there is room for temporary files");
    let read = Baseline::read(&file).expect("it was written just now");
    std::fs::write(&file, "one\tfast\n").expect("there is room for temporary files");
    let refused = Baseline::read(&file).map_err(|error| error.to_string());
    std::fs::remove_file(&file).expect("it is there");
    assert_eq!(read, stored);
    assert_eq!(refused, Err("the line \"one\\tfast\" is not a name, a tab and a positive number".to_owned()));
}

#[test]
fn a_table_has_a_line_for_each_benchmark_with_the_time_that_the_baseline_predicts() {
    let stored = baseline(&measurement(1000.0, 500.0));
    let table = table(&measurement(3000.0, 1200.0), &stored);
    let cells: Vec<&str> = table.lines().nth(1).expect("a benchmark").split_whitespace().collect();
    assert_eq!(cells, ["one", "1.20", "us", "1.50", "us", "0.80", "900.0", "ns"]);
}
