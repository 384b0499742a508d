//! A machine that is too slow, with a modelled cost of simulating a tick.

use super::*;

const TICK: Duration = Duration::from_nanos(1_000_000_000 / 30);
/// Duration of a rendered frame in which nothing is simulated.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Age of the newest frame when it arrives, in ticks.
const WAY: u32 = 4;
/// Lead of the inputs over the room, in ticks.
const LEAD: u32 = 4;

/// A client whose predictions are all wrong, on a machine that advances only as fast as its work is done.
struct Machine {
    prediction: Prediction,
    frames: Vec<Frame>,
    now: Duration,
    tick_cost: Duration,
    tells_cost: bool,
}

impl Machine {
    fn new(tells_cost: bool) -> Self {
        let (opening, frames) = played_match(1);
        let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
        prediction.load(&opening).expect("our own state");
        let frames = frames.into_iter().map(|(frame, _)| frame).collect();
        Self { prediction, frames, now: TICK * WAY, tick_cost: Duration::ZERO, tells_cost }
    }

    fn ticks_until(&self, now: Duration) -> u32 {
        (now.as_nanos() / TICK.as_nanos()) as u32
    }

    /// Runs one rendered frame; returns how long it took.
    fn update(&mut self) -> Duration {
        let room = self.ticks_until(self.now);
        let due = (room - WAY).saturating_sub(self.prediction.next_confirmed().0);
        let steps_max = self.prediction.budget_ticks() + due.min(RESIMULATED_TICKS_MAX);
        let mut steps = 0;
        for tick in self.prediction.next_confirmed().0..room - WAY {
            if steps < steps_max && (tick as usize) < self.frames.len() {
                let frame = &self.frames[tick as usize];
                steps += u32::from(self.prediction.confirm(frame, None).expect("no panic").simulated);
            }
        }
        let nonsense = |tick: Tick| Some(Input([1 + tick.0 as u8 % 3, 9, 0, 0, 0, 0, 0, 0]));
        steps += self.prediction.predict(Tick(room + LEAD), steps_max, OWN, nonsense).expect("no panic");
        let took = self.tick_cost * steps;
        if self.tells_cost {
            self.prediction.note_cost(took);
        }
        let passed = took.max(FRAME);
        self.now += passed;
        passed
    }

    /// The longest frame at this cost of a tick, without the first ten frames, in which the cost is learnt.
    fn longest_frame(&mut self, tick_cost: Duration, seconds: f64) -> Duration {
        self.tick_cost = tick_cost;
        for _ in 0..10 {
            self.update();
        }
        let end = self.now + Duration::from_secs_f64(seconds);
        let mut longest = Duration::ZERO;
        while self.now < end {
            longest = longest.max(self.update());
        }
        longest
    }

    /// Number of ticks predicted beyond the last confirmed one.
    fn depth(&self) -> u32 {
        self.prediction.simulation().next_tick().since(self.prediction.next_confirmed())
    }

    fn lag(&self) -> u32 {
        (self.ticks_until(self.now) - WAY).saturating_sub(self.prediction.next_confirmed().0)
    }
}

/// Cost at which eight wrongly predicted ticks, thirty times a second, take twice the time of a frame.
const OVERLOAD: Duration = Duration::from_micros(4200);

#[test]
fn an_overload_holds_prediction_and_does_not_spiral() {
    let mut machine = Machine::new(true);
    let longest = machine.longest_frame(OVERLOAD, 2.0);
    assert!(longest <= FRAME + OVERLOAD, "a frame took {longest:?}");
    assert!(machine.prediction.is_throttled());
    assert!(machine.depth() <= 2, "{} ticks are predicted", machine.depth());
    assert!(machine.lag() <= 1, "confirmed frames are {} ticks behind", machine.lag());
}

#[test]
fn without_a_budget_the_same_overload_doubles_the_frame() {
    let longest = Machine::new(false).longest_frame(OVERLOAD, 2.0);
    assert!(longest > 2 * FRAME, "the test tests nothing: {longest:?}");
}

#[test]
fn after_an_overload_everything_is_predicted_again_within_a_second() {
    let mut machine = Machine::new(true);
    machine.longest_frame(OVERLOAD, 2.0);
    let longest = machine.longest_frame(Duration::from_micros(4), 1.0);
    assert_eq!(longest, FRAME);
    assert_eq!(machine.prediction.budget_ticks(), RESIMULATED_TICKS_MAX);
    assert!(machine.depth() >= WAY + LEAD - 1, "{} ticks are predicted", machine.depth());
}

#[test]
fn even_ticks_that_take_half_their_time_are_kept_up_with() {
    let mut machine = Machine::new(true);
    machine.longest_frame(TICK / 2, 3.0);
    assert!(machine.lag() <= 3, "confirmed frames are {} ticks behind", machine.lag());
    assert_eq!(machine.prediction.budget_ticks(), 1);
}
