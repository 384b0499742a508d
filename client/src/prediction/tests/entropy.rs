//! Tests: entropy undoes a prediction only where a number was drawn.

use super::*;

fn with_entropy(frame: &Frame) -> Frame {
    Frame { entropy: Some(Entropy(0xfeed)), ..frame.clone() }
}

/// The hash after these frames, simulated one after the other.
fn straight<'a>(opening: &[u8], frames: impl IntoIterator<Item = &'a Frame>) -> StateHashes {
    let mut simulation = Simulation::new(TestGamePlugin);
    simulation.decode(opening).expect("our own state");
    frames.into_iter().for_each(|frame| simulation.step(frame));
    simulation.hashes()
}

/// A prediction of 8 ticks of a match in which nobody plays: no number is drawn.
fn nobody_plays() -> (Vec<u8>, Prediction) {
    let opening = open().encode();
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    prediction.predict(Tick(8), 8, OWN, |_| None).expect("no panic");
    (opening, prediction)
}

#[test]
fn entropy_that_nothing_depends_on_yet_undoes_nothing() {
    let (opening, mut prediction) = nobody_plays();
    let first = with_entropy(&Frame::default());
    let expected = straight(&opening, [&first]);
    let outcome = prediction.confirm(&first, Some(expected.combined())).expect("no panic");
    assert_eq!(outcome, Confirmed::default());
    let frames: Vec<Frame> = (1..8).map(|tick| Frame { tick: Tick(tick), ..Default::default() }).collect();
    let newest = straight(&opening, std::iter::once(&first).chain(&frames));
    assert_eq!(prediction.simulation().hashes(), newest, "the predicted present has it too");
    for frame in &frames {
        assert_eq!(prediction.confirm(frame, None).expect("no panic"), Confirmed::default());
    }
    assert_eq!(prediction.hashes_after(Tick(7)), Some(&newest));
}

#[test]
fn entropy_beside_another_surprise_undoes_the_prediction_once() {
    let (opening, mut prediction) = nobody_plays();
    let mut first = with_entropy(&Frame::default());
    first.inputs[2] = Input([5; 8]);
    let expected = straight(&opening, [&first]).combined();
    let outcome = prediction.confirm(&first, Some(expected)).expect("no panic");
    assert_eq!(outcome, Confirmed { differs: false, simulated: true, undone: Some(8) });
}

#[test]
fn entropy_before_numbers_that_were_drawn_undoes_the_prediction() {
    let (opening, frames) = played_match(3);
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(&opening).expect("our own state");
    prediction.confirm(&frames[0].0, None).expect("no panic");
    prediction.predict(Tick(5), 8, OWN, |_| None).expect("no panic");
    let guessed = prediction.ring.front().expect("it is predicted").frame.clone();
    let confirmed = with_entropy(&guessed);
    let expected = straight(&opening, [&frames[0].0, &confirmed]).combined();
    let outcome = prediction.confirm(&confirmed, Some(expected)).expect("no panic");
    assert_eq!(outcome, Confirmed { differs: false, simulated: true, undone: Some(4) });
}
