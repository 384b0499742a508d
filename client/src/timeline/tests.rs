use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    replay::{Recorded, Replay, canned_replay},
    simulation::bot_match,
    state_hash::StateHashes,
};

use super::*;
use crate::test_game::TestGamePlugin;

const TICKS: u32 = 700;

fn recorded() -> (Vec<u8>, Vec<PastTick>) {
    let bytes = canned_replay(ArenaPlugin, 5, 4, TICKS);
    let replay = Replay::read(&bytes).expect("a whole replay");
    let past = |recorded: Recorded| PastTick {
        frame: recorded.frame,
        joined: recorded.joined,
        hash: recorded.hashes.as_ref().map(StateHashes::combined),
    };
    let ticks = replay.beginning.iter_ticks().map(|recorded| past(recorded.expect("a whole tick"))).collect();
    (replay.beginning.opening().expect("an opening"), ticks)
}

fn timeline() -> Timeline {
    let (opening, ticks) = recorded();
    let mut timeline = Timeline::open(Simulation::new(ArenaPlugin), &opening, 30).expect("a state of this game");
    ticks.into_iter().for_each(|past| timeline.push(past).expect("there is room"));
    timeline
}

/// The hashes of the match that was recorded, by tick.
fn truth() -> Vec<StateHashes> {
    let mut hashes = Vec::new();
    bot_match(ArenaPlugin, 5, 4, TICKS, |_, simulation| hashes.push(simulation.hashes()));
    hashes
}

/// Advances the timeline until it has reached the moment of the last seek.
fn settle(timeline: &mut Timeline) {
    (0..10).for_each(|_| timeline.advance(0.0));
}

#[test]
fn a_timeline_shows_what_was_played_from_any_moment() {
    let (mut timeline, truth) = (timeline(), truth());
    assert_eq!(timeline.ticks(), TICKS);
    for moment in [0.0, 650.0, 10.5, 299.0, 300.0, 301.0, 699.0, 3.0] {
        timeline.seek(moment);
        settle(&mut timeline);
        let shown = timeline.simulation().next_tick().minus(1);
        assert_eq!(shown.0, moment as u32);
        assert_eq!(timeline.simulation().hashes(), truth[shown.0 as usize], "after tick {shown}");
        assert!((timeline.render_alpha() - moment.fract() as f32).abs() < 1e-6);
    }
    assert_eq!(timeline.broken(), None);
}

#[test]
fn time_passes_and_ends_with_the_match() {
    let mut timeline = timeline();
    timeline.advance(2.0);
    assert_eq!((timeline.position(), timeline.simulation().next_tick()), (60.0, Tick(61)));
    assert_eq!(timeline.name_of(Slot::new(0).expect("in range")), Some("Ada"));
    timeline.advance(1e9);
    settle(&mut timeline);
    assert!(timeline.is_over());
    assert_eq!((timeline.simulation().next_tick(), timeline.render_alpha()), (Tick(TICKS), 1.0));
    timeline.seek(f64::NAN);
    assert_eq!(timeline.position(), 0.0);
}

#[test]
fn names_are_those_of_the_moment() {
    let mut timeline = timeline();
    let late = timeline.joins.iter().find(|(tick, ..)| tick.0 > 0).cloned().expect("somebody comes later");
    timeline.seek(f64::from(late.0.0) + 5.0);
    settle(&mut timeline);
    assert_eq!(timeline.name_of(late.1), Some(late.2.as_str()));
    timeline.seek(0.0);
    assert_eq!(timeline.name_of(late.1), None);
}

#[test]
fn a_timeline_that_comes_out_differently_ends_before() {
    let mut timeline = timeline();
    let (tick, hash) = &mut timeline.hashes[20];
    let tick = *tick;
    *hash ^= 1;
    timeline.seek(690.0);
    settle(&mut timeline);
    assert_eq!((timeline.broken(), timeline.ticks()), (Some(tick), tick.0));
    timeline.advance(1e9);
    settle(&mut timeline);
    assert!(timeline.is_over() && timeline.simulation().next_tick() == tick);
}

#[test]
fn a_keyframe_that_cannot_be_decoded_is_passed_over() {
    let (mut timeline, truth) = (timeline(), truth());
    timeline.seek(699.0);
    settle(&mut timeline);
    timeline.keys[2] = b"nonsense".as_slice().into();
    for (moment, key) in [(650.0, 2), (310.0, 1), (640.0, 2)] {
        timeline.seek(moment);
        settle(&mut timeline);
        let shown = timeline.simulation().next_tick().minus(1);
        assert_eq!(shown.0, moment as u32);
        assert_eq!(timeline.simulation().hashes(), truth[shown.0 as usize], "from keyframe {key}");
    }
    timeline.keys[1] = b"nonsense".as_slice().into();
    timeline.stop_before(Tick(680));
    settle(&mut timeline);
    assert_eq!((timeline.broken(), timeline.ticks()), (Some(Tick(680)), 680));
}

#[test]
fn frames_that_are_still_to_come_are_waited_for() {
    let (opening, ticks) = recorded();
    let mut timeline = Timeline::open(Simulation::new(ArenaPlugin), &opening, 30).expect("a state of this game");
    timeline.set_end(TICKS);
    timeline.seek(200.0);
    assert_eq!((timeline.position(), timeline.ticks(), timeline.loaded()), (200.0, TICKS, 0));
    let mut ticks = ticks.into_iter();
    ticks.by_ref().take(150).for_each(|past| timeline.push(past).expect("there is room"));
    timeline.advance(1.0);
    assert_eq!((timeline.position(), timeline.simulation().next_tick()), (200.0, Tick(150)));
    assert!(!timeline.is_caught_up());
    ticks.by_ref().take(100).for_each(|past| timeline.push(past).expect("there is room"));
    timeline.advance(1.0);
    assert_eq!((timeline.position(), timeline.simulation().next_tick()), (230.0, Tick(231)));
    timeline.advance(9.0);
    assert_eq!(timeline.position(), 250.0, "the frames end there");
    ticks.for_each(|past| timeline.push(past).expect("there is room"));
    timeline.seek(1e9);
    settle(&mut timeline);
    assert!(timeline.is_over() && timeline.is_caught_up());
    assert_eq!(timeline.simulation().hashes(), truth()[TICKS as usize - 1]);
}

#[test]
fn a_state_of_another_game_or_tick_opens_nothing() {
    let open = |opening: &[u8]| Timeline::open(Simulation::new(ArenaPlugin), opening, 30).err();
    let mut states = Vec::new();
    bot_match(ArenaPlugin, 5, 4, 3, |_, simulation| states.push(simulation.encode()));
    assert_eq!(open(&states[1]), Some(BadOpening));
    assert_eq!(open(b"nonsense"), Some(BadOpening));
    let (opening, _) = recorded();
    assert_eq!(open(&opening), None);
    assert!(Timeline::open(Simulation::new(TestGamePlugin), &opening, 30).is_err());
}

#[test]
fn a_timeline_holds_only_so_many_joins() {
    let (opening, _) = recorded();
    let mut timeline = Timeline::open(Simulation::new(ArenaPlugin), &opening, 30).expect("a state of this game");
    let crowd = |tick| PastTick {
        frame: Frame { tick: Tick(tick), ..Frame::default() },
        joined: Slot::all().map(|slot| (slot, "Ada".to_owned())).collect(),
        hash: None,
    };
    let ticks_max = (JOINS_MAX / SLOTS_MAX) as u32;
    assert!((0..ticks_max).all(|tick| timeline.push(crowd(tick)).is_ok()));
    assert_eq!(timeline.push(crowd(ticks_max)), Err(TimelineFull::Joins));
}
