//! Life cycles of rooms: nothing is left of them. The tool `lifecycles` runs many more and measures memory, too.

use framehouse_tools::lifecycles::{run, run_hours};

#[test]
fn nothing_is_left_of_two_thousand_rooms_whatever_their_players_do() {
    let report = run(7, 2000, 1000, || 0);
    assert!(report.rooms >= 2000 && report.matches > 100 && report.clients > 2000, "{report:?}");
    assert_eq!((report.cleanup.failed, report.cleanup.orphans), (0, 0), "{report:?}");
}

#[test]
fn a_busy_server_fires_no_alert_and_no_counter_stands_still() {
    let report = run_hours(9, 0.05, || 0);
    assert!(report.hours >= 0.05 && report.matches > 10, "{report:?}");
}
