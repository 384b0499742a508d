//! The verdict of the tool `door`: each bound that does not hold is named.

use framehouse_tools::{
    door::report::{AttackReport, Report},
    load::status::Quantiles,
};

const fn times(p99: f64) -> Option<Quantiles> {
    Some(Quantiles { p50: 33.3, p99, p999: p99, max: p99 })
}

/// A run that just holds all bounds.
fn good() -> Report {
    let attack = AttackReport { name: "held-rooms", tried: 9, refused: 1, accepted: 8, accepted_max: 8, what: "rooms" };
    Report {
        frames_before_ms: times(36.0),
        frames_during_ms: times(39.0),
        look_ms: times(1.5),
        joins: 60,
        join_ms: times(1000.0),
        rss_before_mb: 30.0,
        rss_max_mb: 94.0,
        attacks: vec![attack],
        ..Report::default()
    }
}

/// What is said of the run with this change.
fn said(change: impl Fn(&mut Report)) -> Vec<String> {
    let mut report = good();
    change(&mut report);
    report.check_numbers();
    report.failures
}

#[test]
fn a_run_that_holds_all_bounds_is_good() {
    assert_eq!(said(|_| ()), Vec::<String>::new());
}

#[test]
fn each_bound_that_does_not_hold_is_named() {
    let cases: [(fn(&mut Report), &str); 7] = [
        (|report| report.joins_failed = 1, "1 of 60 honest players could not join"),
        (|report| report.joins = 0, "0 of 0 honest players"),
        (|report| report.join_ms = times(1001.0), "waited 1001 ms"),
        (|report| report.frames_during_ms = times(40.0), "rose from 36.0 to 40.0 ms"),
        (|report| report.rss_max_mb = 94.5, "64.5 MB more memory"),
        (|report| report.attacks[0].accepted = 9, "held-rooms: 9 rooms, 8 are allowed"),
        (|report| report.attacks[0].tried = 0, "held-rooms: nothing was tried"),
    ];
    for (change, sentence) in cases {
        let said = said(change);
        assert!(said.len() == 1 && said[0].contains(sentence), "{sentence}: {said:?}");
    }
}

#[test]
fn long_times_of_a_starved_machine_are_doubts_and_nothing_else_is() {
    let mut report = good();
    (report.frames_during_ms, report.rss_max_mb, report.starved_pct) = (times(80.0), 200.0, 20.0);
    (report.join_ms, report.joins_failed) = (times(4000.0), 1);
    report.check_numbers();
    assert_eq!((report.failures.len(), report.doubts.len()), (2, 2));
}

#[test]
fn lenient_times_are_doubts_on_a_quiet_machine_too() {
    let mut report = good();
    (report.frames_during_ms, report.lenient_times) = (times(80.0), true);
    report.check_numbers();
    assert_eq!((report.failures.len(), report.doubts.len()), (0, 1));
}
