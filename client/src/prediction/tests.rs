mod commands;
mod entropy;
mod first_bad;
mod overload;

use framehouse_shared::{
    input::{RosterChange, RosterEvent},
    rng::SimRng,
    sim::MatchSetup,
};

use super::*;
use crate::test_game::{POISON, TEST_GAME_TICKS, TestGamePlugin};

/// At 30 Hz.
const PREDICTED_TICKS_MAX: u32 = 64;
/// At 30 Hz.
const RESIMULATED_TICKS_MAX: u32 = 8;
const OWN: Slot = Slot::new(1).expect("in range");

fn open() -> Simulation {
    let mut simulation = Simulation::new(TestGamePlugin);
    simulation.open(&MatchSetup { seed: 7, map: String::new(), seats: 4, rate: SimRate::DEFAULT });
    simulation
}

/// A match as the server plays it: opening state, frames, and the hash after each.
fn played_match(seed: u64) -> (Vec<u8>, Vec<(Frame, u64)>) {
    let mut simulation = open();
    let opening = simulation.encode();
    let mut rng = SimRng::new(seed);
    let mut frames = Vec::new();
    for tick in (0..TEST_GAME_TICKS).map(Tick) {
        let mut frame = Frame { tick, ..Default::default() };
        for slot in Slot::all().take(3) {
            let is_seated = simulation.roster().seated & slot.bit() != 0;
            if tick.0 == u32::from(u8::from(slot)) * 40 {
                frame.events.push(RosterEvent { change: RosterChange::Join, slot });
            } else if is_seated {
                frame.inputs[slot.index()] = simulation.bot_input(slot, &mut rng);
            }
        }
        simulation.step(&frame);
        frames.push((frame, simulation.hashes().combined()));
    }
    (opening, frames)
}

#[test]
fn prediction_ends_where_straight_simulation_does_whatever_the_network_did() {
    for seed in 0..20 {
        let (opening, frames) = played_match(seed);
        let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
        assert_eq!(prediction.load(&opening), Ok(Tick(0)));
        let mut rng = SimRng::new(!seed);
        let mut confirmed = 0;
        let mut rollbacks = 0;
        while confirmed < frames.len() {
            for _ in 0..rng.below(5) {
                let Some((frame, hash)) = frames.get(confirmed) else { break };
                let outcome = prediction.confirm(frame, Some(*hash)).expect("no panic");
                assert!(!outcome.differs, "seed {seed}, tick {confirmed}");
                rollbacks += u32::from(outcome.undone.is_some());
                confirmed += 1;
            }
            // One own input in eight is lost on its way, so that the server's frame holds another one.
            let lost = rng.below(8);
            let own = |tick: Tick| {
                let is_lost = tick.0 % 8 == lost;
                frames.get(tick.0 as usize).filter(|_| !is_lost).map(|(frame, _)| frame.inputs[OWN.index()])
            };
            let end = Tick(confirmed as u32 + rng.below(12));
            prediction.predict(end, 1 + rng.below(8), OWN, own).expect("no panic");
        }
        let (_, last_hash) = frames.last().expect("a match has frames");
        prediction.predict(Tick(0), 0, OWN, |_| None).expect("no panic");
        assert_eq!(prediction.simulation().hashes().combined(), *last_hash, "seed {seed}");
        assert!(prediction.is_over());
        assert!(rollbacks > 10, "seed {seed} tests nothing: {rollbacks} rollbacks");
    }
}

#[test]
fn a_right_prediction_runs_nothing_again() {
    let (opening, frames) = played_match(3);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    // No slot is occupied before the first frame, so the second is the first that can be predicted.
    prediction.confirm(&frames[0].0, None).expect("no panic");
    prediction.predict(Tick(2), 8, OWN, |_| None).expect("no panic");
    let guessed = prediction.ring.front().expect("one tick is predicted").frame.clone();
    let outcome = prediction.confirm(&guessed, None).expect("no panic");
    assert_eq!(outcome, Confirmed::default());
    assert_eq!(prediction.next_confirmed(), Tick(2));
}

#[test]
fn a_wrong_prediction_tells_how_far_it_moved_what_is_seen() {
    let (opening, frames) = played_match(3);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    prediction.confirm(&frames[0].0, None).expect("no panic");
    let place = |simulation: &Simulation| simulation.view_position(OWN);
    prediction.predict(Tick(6), 8, OWN, |_| None).expect("no panic");
    let shown = place(prediction.simulation()).expect("everything is seen");
    let mut surprise = frames[1].0.clone();
    surprise.inputs[0] = Input([7; 8]);
    prediction.confirm(&surprise, None).expect("no panic");
    assert_eq!(prediction.take_correction(), None, "the tick that was shown is not simulated again yet");
    // Two ticks in the first update, the rest in the second: only the same tick is compared.
    prediction.predict(Tick(7), 2, OWN, |_| None).expect("no panic");
    assert_eq!(prediction.take_correction(), None);
    prediction.predict(Tick(6), 8, OWN, |_| None).expect("no panic");
    let moved = shown.distance(place(prediction.simulation()).expect("everything is seen"));
    let largest = prediction.take_correction().expect("it was shown");
    assert!(largest >= moved && largest > 0.0, "{largest}, {moved}");
    assert_eq!(prediction.take_correction(), None, "once");
}

#[test]
fn prediction_stops_at_its_bounds_and_catches_up() {
    let (opening, frames) = played_match(4);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    assert_eq!(prediction.predict(Tick(100), 8, OWN, |_| None), Ok(8));
    assert_eq!(prediction.predict(Tick(100), 200, OWN, |_| None), Ok(PREDICTED_TICKS_MAX - 8));
    assert_eq!(prediction.confirm(&frames[0].0, None).expect("no panic").undone, Some(PREDICTED_TICKS_MAX));
    assert_eq!(prediction.predict(Tick(100), 8, OWN, |_| None), Ok(8));
}

#[test]
fn another_state_is_noticed_by_its_hash_and_remembered() {
    let (opening, frames) = played_match(5);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    for (frame, hash) in &frames[..10] {
        assert!(!prediction.confirm(frame, Some(*hash)).expect("no panic").differs);
    }
    assert!(prediction.confirm(&frames[10].0, Some(1)).expect("no panic").differs);
    assert_eq!(prediction.hashes_after(Tick(9)).expect("kept").combined(), frames[9].1);
    assert!(prediction.hashes_after(Tick(11)).is_none());
}

#[test]
fn a_panic_in_the_game_is_an_error() {
    let (opening, frames) = played_match(6);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    prediction.confirm(&frames[0].0, None).expect("no panic");
    let mut frame = Frame { tick: Tick(1), ..Default::default() };
    frame.inputs[0] = Input([POISON; 8]);
    assert_eq!(prediction.confirm(&frame, None), Err(SimulationFailed(Tick(1))));
}
