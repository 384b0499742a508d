use framehouse_shared::rng::SimRng;

use super::*;

/// A server whose room time is known, at the end of a road whose length varies.
struct Trace {
    clock: Clock,
    now: Duration,
    epoch: f64,
    rng: SimRng,
    base_ms: u64,
    jitter_ms: u32,
    /// When it arrives, and the answer.
    on_the_way: Vec<(Duration, Pong)>,
}

const STEP: Duration = Duration::from_millis(4);

impl Trace {
    fn new(base_ms: u64, jitter_ms: u32) -> Self {
        let clock = Clock::new(30, Duration::ZERO);
        let rng = SimRng::new(11);
        Self { clock, now: Duration::ZERO, epoch: 3.0, rng, base_ms, jitter_ms, on_the_way: Vec::new() }
    }

    fn room_time(&self, at: Duration) -> f64 {
        (at.as_secs_f64() - self.epoch) * 30.0
    }

    fn way(&mut self) -> Duration {
        Duration::from_millis(self.base_ms + u64::from(self.rng.below(self.jitter_ms + 1)))
    }

    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        let (arrived, later) = self.on_the_way.drain(..).partition(|(arrival, _)| *arrival <= now);
        self.on_the_way = later;
        for (_, pong) in Vec::from_iter::<Vec<(Duration, Pong)>>(arrived) {
            self.clock.take_pong(now, &pong);
        }
        if let Some(ping) = self.clock.due_ping(now) {
            let answered = now + self.way();
            let arrival = answered + self.way();
            let room_time = Some((self.room_time(answered) * 256.0) as i64);
            self.on_the_way.push((arrival, Pong { nonce: ping.nonce, room_time }));
        }
        self.clock.advance(now);
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.step();
        }
    }

    fn error(&self) -> f64 {
        self.clock.room_time().expect("a room time is known") - self.room_time(self.now)
    }
}

#[test]
fn an_even_way_gives_the_exact_time() {
    let mut trace = Trace::new(40, 0);
    trace.run(1);
    assert!(trace.error().abs() < 0.3, "off by {} ticks", trace.error());
    trace.run(5);
    assert!(trace.error().abs() < 0.15, "off by {} ticks", trace.error());
    let rtt = trace.clock.rtt().expect("measured");
    assert!(rtt.abs_diff(Duration::from_millis(80)) <= STEP * 2, "{rtt:?}");
    assert!(trace.clock.jitter() <= STEP);
    assert!((trace.clock.lead_ticks() - (1.2 + MARGIN_TICKS)).abs() < 0.2);
}

#[test]
fn jitter_costs_less_than_a_tick() {
    let mut trace = Trace::new(30, 60);
    trace.run(3);
    for _ in 0..10_000 {
        trace.step();
        assert!(trace.error().abs() < 1.0, "off by {} ticks at {:?}", trace.error(), trace.now);
    }
    assert!(trace.clock.jitter() > Duration::from_millis(5));
}

#[test]
fn time_never_goes_backwards_and_never_runs() {
    let mut trace = Trace::new(10, 200);
    trace.run(1);
    for _ in 0..10_000 {
        let before = trace.clock.room_time().expect("known");
        trace.step();
        let step = trace.clock.room_time().expect("known") - before;
        assert!((0.0..=0.12 * 1.06).contains(&step), "a step of {step} ticks");
    }
}

#[test]
fn a_room_that_lost_a_second_is_waited_for() {
    let mut trace = Trace::new(20, 10);
    trace.run(6);
    trace.epoch += 1.0;
    let before = trace.clock.room_time().expect("known");
    trace.run(3);
    assert!(trace.error().abs() < 1.0, "off by {} ticks", trace.error());
    assert!(trace.clock.room_time().expect("known") > before);
}

#[test]
fn a_client_that_slept_jumps() {
    let mut trace = Trace::new(20, 0);
    trace.run(6);
    trace.now += Duration::from_secs(30);
    trace.run(2);
    assert!(trace.error().abs() < 0.5, "off by {} ticks", trace.error());
}

#[test]
fn a_new_match_forgets_the_old_ones_time() {
    let mut trace = Trace::new(20, 5);
    trace.run(10);
    trace.epoch = trace.now.as_secs_f64() + 3.0;
    trace.clock.start_match(trace.now);
    assert_eq!(trace.clock.room_time(), None);
    assert!(trace.clock.rtt().is_some());
    trace.run(1);
    assert!(trace.error().abs() < 0.5, "off by {} ticks", trace.error());
    assert!(trace.clock.input_tick().is_none(), "the countdown takes no input");
}

#[test]
fn an_answer_counts_once_and_only_when_asked_for() {
    let mut clock = Clock::new(30, Duration::ZERO);
    let ping = clock.due_ping(Duration::ZERO).expect("due at once");
    let pong = Pong { nonce: ping.nonce, room_time: Some(0) };
    assert!(clock.take_pong(STEP, &Pong { nonce: 99, room_time: Some(0) }).is_none());
    assert_eq!(clock.take_pong(STEP, &pong), Some(STEP));
    assert!(clock.take_pong(STEP, &pong).is_none());
}
