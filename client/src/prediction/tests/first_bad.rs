//! Comparison with the server's hashes, and the state kept to explain a difference.

use super::*;

/// A prediction after the first frames of a match, and the hashes after them. The server's hash after tick `agreed` was
/// the last to agree.
fn confirmed(frames: &[(Frame, u64)], opening: &[u8], agreed: Option<Tick>) -> (Prediction, Vec<u64>) {
    let mut prediction = Prediction::new(Simulation::new(TestGamePlugin));
    prediction.load(opening).expect("our own state");
    for (frame, hash) in frames {
        let outcome = prediction.confirm(frame, (agreed == Some(frame.tick)).then_some(*hash)).expect("no panic");
        assert!(!outcome.differs);
    }
    (prediction, frames.iter().map(|(_, hash)| *hash).collect())
}

/// The test game's sums after this many frames.
fn sum_after(frames: &[(Frame, u64)]) -> String {
    let mut simulation = open();
    frames.iter().for_each(|(frame, _)| simulation.step(frame));
    let sums = simulation.get::<crate::test_game::Sums>().expect("a match is open");
    let mut list = framehouse_shared::fields::FieldList::default();
    framehouse_shared::room_state::Digest::list_all(sums, &mut list);
    list.into_fields()[0].value.clone()
}

#[test]
fn the_first_bad_tick_is_found_and_its_state_can_be_shown_once() {
    let (opening, frames) = played_match(7);
    for bad in [3, 11, 19] {
        let (mut prediction, mut hashes) = confirmed(&frames[..20], &opening, None);
        prediction.predict(Tick(26), 8, OWN, |_| None).expect("no panic");
        hashes[bad..].iter_mut().for_each(|hash| *hash ^= 1);
        let (tick, ours) = prediction.find_first_bad(Tick(0), &hashes).expect("it differs");
        assert_eq!((tick, ours.combined()), (Tick(bad as u32), frames[bad].1));
        assert!(prediction.fields(Tick(0), "sums").is_empty(), "nobody asked for that tick");
        let fields = prediction.fields(tick, "sums");
        assert_eq!(fields[0].value, sum_after(&frames[..=bad]));
        assert!(prediction.fields(tick, "sums").is_empty(), "once");
    }
}

#[test]
fn neither_predicted_nor_absent_states_are_compared() {
    let (opening, frames) = played_match(8);
    let (mut prediction, hashes) = confirmed(&frames[..20], &opening, None);
    prediction.predict(Tick(26), 8, OWN, |_| None).expect("no panic");
    assert!(prediction.hashes_after(Tick(19)).is_some() && prediction.hashes_after(Tick(20)).is_none());
    assert_eq!(prediction.find_first_bad(Tick(20), &[0; 30]), None, "they are only predicted");
    assert_eq!(prediction.find_first_bad(Tick(u32::MAX), &[0; 30]), None);
    assert_eq!(prediction.find_first_bad(Tick(0), &hashes), None, "nothing differs");
}

#[test]
fn a_corrected_state_can_be_asked_for_until_the_next_one() {
    let (opening, frames) = played_match(8);
    let mut simulation = open();
    frames[..20].iter().for_each(|(frame, _)| simulation.step(frame));
    let right = simulation.encode();
    for bad in [4, 19] {
        let (mut prediction, mut hashes) = confirmed(&frames[..20], &opening, None);
        hashes[bad..].iter_mut().for_each(|hash| *hash ^= 1);
        prediction.correct(&right).expect("our own state");
        let (tick, ours) = prediction.find_first_bad(Tick(0), &hashes).expect("it differed");
        assert_eq!((tick, ours.combined()), (Tick(bad as u32), frames[bad].1));
        assert_eq!(prediction.fields(tick, "sums")[0].value, sum_after(&frames[..=bad]));
        prediction.correct(&right).expect("our own state");
        assert_eq!(prediction.find_first_bad(Tick(0), &hashes), None, "it was another state");
    }
    let (mut prediction, _) = confirmed(&frames[..20], &opening, None);
    prediction.load(&opening).expect("our own state");
    assert_eq!(prediction.find_first_bad(Tick(0), &[0; 20]), None, "another match has begun");
}

#[test]
fn what_the_server_agreed_with_is_not_kept() {
    let (opening, frames) = played_match(9);
    let (mut prediction, mut hashes) = confirmed(&frames[..20], &opening, Some(Tick(9)));
    hashes.iter_mut().for_each(|hash| *hash ^= 1);
    let (tick, _) = prediction.find_first_bad(Tick(4), &hashes[4..]).expect("it differs");
    assert!(prediction.fields(tick, "sums").is_empty());
    let (tick, _) = prediction.find_first_bad(Tick(10), &hashes[10..]).expect("it differs");
    assert!(!prediction.fields(tick, "sums").is_empty());
}
