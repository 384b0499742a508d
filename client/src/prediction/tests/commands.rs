//! Own commands in the prediction: right, late, and dropped when a state is replaced.

use framehouse_shared::input::CommandBytes;

use super::*;

/// A match in which the player's commands are applied in every tenth tick: 5, 15, ..
fn talked_match() -> (Vec<u8>, Vec<(Frame, u64)>) {
    let mut simulation = open();
    let opening = simulation.encode();
    let mut frames = Vec::new();
    for tick in (0..60).map(Tick) {
        let mut frame = Frame { tick, ..Default::default() };
        if tick.0 == 0 {
            frame.events.push(RosterEvent { change: RosterChange::Join, slot: OWN });
        }
        if tick.0 % 10 == 5 {
            frame.commands.push(Command { slot: OWN, bytes: said(tick.0) });
        }
        simulation.step(&frame);
        frames.push((frame, simulation.hashes().combined()));
    }
    (opening, frames)
}

fn said(tick: u32) -> CommandBytes {
    [tick as u8].into_iter().collect()
}

fn loaded(opening: &[u8]) -> Prediction {
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    assert_eq!(prediction.load(opening), Ok(Tick(0)));
    prediction
}

/// Confirms the frames before `end`; returns the ticks in which something was undone.
fn confirm_before(prediction: &mut Prediction, frames: &[(Frame, u64)], end: u32) -> Vec<u32> {
    let mut undone = Vec::new();
    for (frame, hash) in &frames[prediction.next_confirmed().0 as usize..end as usize] {
        let outcome = prediction.confirm(frame, Some(*hash)).expect("no panic");
        assert!(!outcome.differs, "tick {}", frame.tick);
        undone.extend(outcome.undone.map(|_| frame.tick.0));
        prediction.predict(frame.tick.plus(6), 8, OWN, |_| Some(Input::NEUTRAL)).expect("no panic");
    }
    undone
}

fn heard(prediction: &Prediction) -> Vec<(u32, u8)> {
    prediction.commands().map(|(tick, command)| (tick.0, command.bytes[0])).collect()
}

#[test]
fn a_command_that_comes_in_time_is_seen_at_once_and_never_undone() {
    let (opening, frames) = talked_match();
    let mut prediction = loaded(&opening);
    confirm_before(&mut prediction, &frames, 3);
    for tick in [15, 25, 35, 45, 55] {
        assert_eq!(prediction.predict_command(Tick(tick), said(tick)), Some(Tick(tick)));
    }
    // Tick 5 was predicted without the other player's command.
    assert_eq!(confirm_before(&mut prediction, &frames, 12), [5]);
    assert_eq!(heard(&prediction), [(5, 5), (15, 15)], "the second one is predicted");
    assert_eq!(prediction.simulation().next_tick(), Tick(17));
    assert_eq!(prediction.simulation().hashes().combined(), frames[16].1);
    assert_eq!(confirm_before(&mut prediction, &frames, 60), [0; 0]);
}

#[test]
fn a_late_command_is_put_right_and_not_doubled() {
    let (opening, frames) = talked_match();
    let mut prediction = loaded(&opening);
    confirm_before(&mut prediction, &frames, 1);
    assert_eq!(prediction.predict_command(Tick(7), said(15)), Some(Tick(7)));
    prediction.predict(Tick(8), 8, OWN, |_| Some(Input::NEUTRAL)).expect("no panic");
    confirm_before(&mut prediction, &frames, 3);
    assert_eq!(heard(&prediction), [(7, 15)]);
    assert_eq!(confirm_before(&mut prediction, &frames, 18), [5, 7, 15]);
    assert_eq!(heard(&prediction), [(5, 5), (15, 15)]);
}

#[test]
fn a_new_state_forgets_what_was_predicted() {
    let (opening, frames) = talked_match();
    let mut prediction = loaded(&opening);
    confirm_before(&mut prediction, &frames, 8);
    prediction.predict_command(Tick(20), said(1));
    assert_eq!(prediction.load(&opening), Ok(Tick(0)));
    assert_eq!(heard(&prediction), []);
    prediction.predict(Tick(30), 30, OWN, |_| Some(Input::NEUTRAL)).expect("no panic");
    assert_eq!(heard(&prediction), []);
}
