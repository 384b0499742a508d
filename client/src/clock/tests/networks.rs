//! Input time and view time over arrival traces. Every step of each trace checks that neither jumps or goes back.

use super::*;

/// Required bounds on one network, over 300 s after the first three.
struct Bounds {
    network: &'static str,
    /// Average number of 4 ms steps between stalls of 50 to 150 ms.
    stall_every: u32,
    late_percent: f64,
    lead: f64,
}

fn check(bounds: &Bounds) {
    for seed in 1..=5 {
        let mut trace = Trace::new(bounds.network, bounds.stall_every, seed);
        trace.run(6.0);
        trace.lead_max = 0.0;
        let late = trace.late_percent_in(300.0);
        assert!(late <= bounds.late_percent, "{}, seed {seed}: {late} % late", bounds.network);
        assert!(trace.lead_max <= bounds.lead, "{}, seed {seed}: {} ticks of lead", bounds.network, trace.lead_max);
        assert_eq!(trace.jumps, 0, "{}, seed {seed}", bounds.network);
    }
}

#[test]
fn good_wifi_is_hardly_ever_late() {
    check(&Bounds { network: "delay=5,jitter=2,loss=0.002", stall_every: 0, late_percent: 0.3, lead: 2.5 });
    check(&Bounds { network: "wifi", stall_every: 0, late_percent: 0.7, lead: 3.2 });
}

#[test]
fn bursty_wifi_is_late_in_its_stalls_and_does_not_run_away() {
    // A stall of 100 ms on average every 2.8 s: 3.6 % of the time.
    check(&Bounds { network: "delay=5,jitter=3,loss=0.005,burst=2", stall_every: 700, late_percent: 3.0, lead: 2.8 });
}

#[test]
fn mobile_and_far_networks_are_late_less_than_one_time_in_a_hundred() {
    check(&Bounds { network: "4g", stall_every: 0, late_percent: 0.7, lead: 5.5 });
    check(&Bounds { network: "transatlantic", stall_every: 0, late_percent: 0.4, lead: 4.0 });
    check(&Bounds { network: "delay=100,jitter=20", stall_every: 0, late_percent: 0.3, lead: 7.5 });
}

#[test]
fn an_awful_network_costs_inputs_and_not_the_clock() {
    check(&Bounds { network: "awful", stall_every: 0, late_percent: 8.0, lead: 12.0 });
}

#[test]
fn nothing_is_late_on_a_perfect_network() {
    check(&Bounds { network: "delay=0", stall_every: 0, late_percent: 0.0, lead: 1.3 });
    check(&Bounds { network: "delay=100", stall_every: 0, late_percent: 0.0, lead: 4.3 });
}

#[test]
fn every_tick_rate_that_a_server_can_have_is_kept() {
    for (rate, lead) in [(10, 1.9), (20, 2.6), (60, 5.2), (120, 8.0)] {
        let mut trace = Trace::at_rate(rate, "wifi", 0, 6);
        trace.run(6.0);
        trace.lead_max = 0.0;
        let late = trace.late_percent_in(100.0);
        assert!(late <= 0.6, "{rate} Hz: {late} % late");
        assert!(trace.lead_max <= lead, "{rate} Hz: {} ticks of lead", trace.lead_max);
    }
}

#[test]
fn in_economy_mode_inputs_are_late_as_rarely_and_are_made_up_to_three_ticks_earlier_and_four_with_loss() {
    for (network, late_percent, lead) in [
        ("delay=0", 0.0, 2.3),
        ("delay=100", 0.0, 5.3),
        ("wifi", 0.7, 5.2),
        ("4g", 0.7, 7.5),
        ("transatlantic", 0.4, 7.0),
        ("delay=100,jitter=20", 0.3, 9.9),
    ] {
        for seed in 1..=5 {
            let mut trace = Trace::new(network, 0, seed).in_economy();
            trace.run(6.0);
            trace.lead_max = 0.0;
            let late = trace.late_percent_in(300.0);
            assert!(late <= late_percent, "{network}, seed {seed}: {late} % late");
            assert!(trace.lead_max <= lead, "{network}, seed {seed}: {} ticks of lead", trace.lead_max);
            assert_eq!(trace.jumps, 0, "{network}, seed {seed}");
        }
    }
}

#[test]
fn a_machine_that_draws_slower_than_the_ticks_has_all_its_inputs_in_time() {
    for (update_ms, lead) in [(32, 4.0), (64, 5.5), (100, 7.5), (200, 13.0)] {
        let mut trace = Trace::new("wifi", 0, 7);
        trace.steps_per_update = update_ms / 4;
        trace.run(6.0);
        trace.lead_max = 0.0;
        let late = trace.late_percent_in(100.0);
        assert!(late <= 0.6, "an update every {update_ms} ms: {late} % late");
        assert!(trace.lead_max <= lead, "an update every {update_ms} ms: {} ticks of lead", trace.lead_max);
    }
}

#[test]
fn a_lead_that_begins_wrong_is_right_after_three_seconds() {
    // Pings cannot show that the whole round trip is in one direction.
    for (up_ms, down_ms) in [(0, 100), (100, 0)] {
        let mut trace = Trace::new("delay=0", 0, 1);
        trace.change_network(&format!("delay={up_ms}"), &format!("delay={down_ms}"));
        trace.run(6.0);
        assert!(trace.lead_error(up_ms.into()).abs() < 0.6, "{up_ms} ms: off by {}", trace.lead_error(up_ms.into()));
        assert_eq!(trace.late_percent_in(60.0), 0.0);
    }
}

#[test]
fn a_new_way_is_followed_within_three_seconds() {
    let mut trace = Trace::new("delay=20,jitter=2", 0, 1);
    trace.run(10.0);
    for way_ms in [80, 20] {
        let way = format!("delay={way_ms},jitter=2");
        trace.change_network(&way, &way);
        trace.run(3.0);
        assert!(trace.lead_error(way_ms.into()).abs() < 0.7, "{way_ms} ms: off by {}", trace.lead_error(way_ms.into()));
    }
    assert_eq!(trace.jumps, 0);
}

#[test]
fn a_laptop_that_slept_goes_on_within_a_second_whether_its_clock_slept_or_not() {
    for (slept_too, moment) in (0..40).flat_map(|moment| [(false, moment), (true, moment)]) {
        let mut trace = Trace::new("delay=10,jitter=5", 0, moment);
        trace.clock_ahead = Duration::from_secs(60);
        trace.run(20.0 + moment as f64 / 100.0);
        trace.is_asleep = true;
        trace.run(5.0);
        trace.is_asleep = false;
        trace.clock_ahead -= Duration::from_secs(if slept_too { 5 } else { 0 });
        trace.run(1.0);
        assert!(trace.lead_error(10.0).abs() < 1.5, "off by {} ticks", trace.lead_error(10.0));
        trace.run(1.0);
        let late = trace.late_percent_in(30.0);
        assert!(late < 0.3, "{late} % late afterwards");
    }
}

#[test]
fn a_clock_that_jumps_changes_nothing_for_long() {
    let jumps = [-10.0, -3.0, -0.3, 0.3, 3.0, 10.0];
    for (jump, moment) in jumps.into_iter().flat_map(|jump| (0..20).map(move |moment| (jump, moment))) {
        let mut trace = Trace::new("delay=30,jitter=2", 0, moment);
        trace.clock_ahead = Duration::from_secs(20);
        trace.run(10.0 + moment as f64 / 100.0);
        trace.clock_ahead = Duration::from_secs_f64(20.0 + jump);
        trace.run(2.5);
        assert!(trace.lead_error(30.0).abs() < 1.0, "{jump} s: off by {} ticks", trace.lead_error(30.0));
        let late = trace.late_percent_in(30.0);
        assert!(late < 0.3, "{jump} s: {late} % late afterwards");
    }
}

#[test]
fn a_room_that_lost_time_is_waited_for() {
    for (lost, moment) in [0.1, 1.0, 5.0].into_iter().flat_map(|lost| (0..20).map(move |moment| (lost, moment))) {
        let mut trace = Trace::new("delay=30,jitter=2", 0, moment);
        trace.run(10.0 + moment as f64 / 100.0);
        trace.room.epoch += lost;
        trace.run(lost + 3.0);
        assert!(trace.lead_error(30.0).abs() < 1.0, "{lost} s: off by {} ticks", trace.lead_error(30.0));
    }
}

#[test]
fn an_update_every_two_seconds_is_slow_and_no_sleep() {
    let mut clock = Clock::new(30, Duration::ZERO);
    let mut answer = None;
    for second in (0..60).step_by(2) {
        let now = Duration::from_secs(second);
        if let Some(nonce) = answer.take() {
            clock.take_pong(now, &Pong { nonce, room_time: Some((second as i64 - 2) * 30 * 256) });
        }
        clock.advance(now);
        answer = clock.due_ping(now).map(|ping| ping.nonce);
    }
    let off = clock.room_time().expect("known") - 58.0 * 30.0;
    assert!(off.abs() <= 31.0, "off by {off} ticks, half a round trip is 30");
}
