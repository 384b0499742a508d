//! Estimates of the room's time from pings.

use super::*;

#[test]
fn an_even_way_gives_the_exact_time() {
    let mut trace = Trace::new("delay=40", 0, 1);
    trace.run(1.0);
    assert!(trace.error().abs() < 0.5, "off by {} ticks", trace.error());
    trace.run(5.0);
    assert!(trace.error().abs() < 0.3, "off by {} ticks", trace.error());
    let rtt = trace.clock.rtt().expect("measured");
    assert!((80..=104).contains(&rtt.as_millis()), "{rtt:?}");
    assert!(trace.clock.jitter() <= Duration::from_millis(16));
}

#[test]
fn jitter_costs_less_than_a_tick() {
    let mut trace = Trace::new("delay=30,spread=60", 0, 2);
    trace.run(3.0);
    for _ in 0..10_000 {
        trace.step();
        assert!(trace.error().abs() < 1.0, "off by {} ticks at {:?}", trace.error(), trace.now);
    }
    assert!(trace.clock.jitter() > Duration::from_millis(5));
}

#[test]
fn a_room_that_lost_a_second_is_waited_for() {
    let mut trace = Trace::new("delay=20,spread=10", 0, 3);
    trace.run(6.0);
    trace.room.epoch += 1.0;
    let before = trace.clock.room_time().expect("known");
    trace.run(3.0);
    assert!(trace.error().abs() < 1.0, "off by {} ticks", trace.error());
    assert!(trace.clock.room_time().expect("known") > before);
}

#[test]
fn a_new_match_forgets_the_old_ones_time() {
    let mut trace = Trace::new("delay=20,spread=5", 0, 4);
    trace.run(2.0);
    trace.room.epoch = trace.now.as_secs_f64() + 3.0;
    trace.clock.start_match(trace.now, 1);
    assert_eq!((trace.clock.room_time(), trace.clock.input_time()), (None, None));
    assert!(trace.clock.rtt().is_some());
    trace.run(1.0);
    assert!(trace.error().abs() < 0.5, "off by {} ticks", trace.error());
    assert!(trace.clock.input_tick().is_none(), "the countdown takes no input");
    assert_eq!(trace.clock.view_end(), Tick(0));
}

#[test]
fn an_answer_counts_once_and_only_when_asked_for() {
    let mut clock = Clock::new(30, Duration::ZERO);
    let ping = clock.due_ping(Duration::ZERO).expect("due at once");
    let pong = Pong { nonce: ping.nonce, room_time: Some(0) };
    let rtt = Duration::from_millis(4);
    assert!(clock.take_pong(rtt, &Pong { nonce: 99, room_time: Some(0) }).is_none());
    assert_eq!(clock.take_pong(rtt, &pong), Some(rtt));
    assert!(clock.take_pong(rtt, &pong).is_none());
}
