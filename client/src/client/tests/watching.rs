//! Clients that only watch: spectators, and players who gave up.

use super::*;

/// The displayed time, in ticks.
fn shown(harness: &Harness) -> f64 {
    let simulation = harness.client.simulation().expect("a match is loaded");
    f64::from(simulation.next_tick().0) - 1.0 + f64::from(harness.client.render_alpha())
}

#[test]
fn a_spectator_acknowledges_and_sends_no_inputs() {
    let mut harness = Harness::spectator();
    harness.begin();
    let before = harness.heard.len();
    harness.play(90);
    assert!(harness.sampled.is_empty() && harness.heard.iter().all(|message| message.inputs.is_empty()));
    let acks = harness.heard.len() - before;
    assert!((29..=31).contains(&acks), "{acks} in three seconds");
    assert!(harness.heard.last().is_some_and(|message| message.next_frame >= Tick(86)));
    assert!(harness.client.is_spectator() && harness.client.is_watching() && !harness.client.is_host());
    assert_eq!((harness.client.slot(), harness.client.state()), (None, Some(PlayerState::Spectating)));
}

#[test]
fn a_spectator_sees_a_match_to_its_end_and_checks_it() {
    let mut harness = Harness::spectator();
    harness.begin();
    harness.play(TEST_GAME_TICKS);
    harness.phase(Phase::Results { match_no: 1, last_tick: Tick(TEST_GAME_TICKS - 1), ranking: Vec::new() });
    harness.run_ticks(30);
    let stats = harness.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (TEST_GAME_TICKS.into(), 0, 0));
    assert!(stats.confirmed_lag_ticks_max <= 2, "{} ticks", stats.confirmed_lag_ticks_max);
    assert_eq!(harness.client.simulation().map(Simulation::hashes), Some(harness.simulation.hashes()));
    let reports = harness.heard.iter().filter(|message| message.report.is_some()).count();
    assert_eq!(reports, TEST_GAME_TICKS as usize / 30);
}

#[test]
fn a_spectators_picture_moves_evenly() {
    let mut harness = Harness::spectator();
    harness.begin();
    harness.play(60);
    let before = shown(&harness);
    harness.play(60);
    assert!((shown(&harness) - before - 60.0).abs() < 0.5);
    let behind = 120.0 - shown(&harness);
    assert!((1.0..3.0).contains(&behind), "{behind} ticks");
}

#[test]
fn a_spectator_that_comes_late_catches_up() {
    let mut harness = Harness::spectator();
    harness.is_mute = true;
    harness.begin_unheard();
    harness.play(100);
    harness.phase(Phase::Playing { match_no: 1 });
    harness.send_snapshot();
    harness.is_mute = false;
    harness.play(30);
    assert_eq!((harness.client.stats().errors.count(), harness.client.stats().desyncs), (0, 0));
    assert!(shown(&harness) > 125.0);
}

#[test]
fn whoever_gives_up_only_watches_until_the_next_match() {
    let mut harness = Harness::in_match();
    harness.play(30);
    harness.client.give_up();
    harness.run_ticks(1);
    assert_eq!(harness.said(|message| *message == ClientMessage::GiveUp), 1);
    harness.tell(RoomEvent::State { slot: OWN, state: PlayerState::Aborted });
    harness.run_ticks(1);
    assert!(harness.client.is_watching() && !harness.client.is_spectator());
    let (sampled, heard) = (harness.sampled.len(), harness.heard.len());
    harness.play(60);
    assert_eq!(harness.sampled.len(), sampled, "nothing is asked of the player");
    assert!(harness.heard[heard..].iter().all(|message| message.inputs.is_empty()));
    assert_eq!((harness.client.stats().desyncs, harness.client.stats().errors.count()), (0, 0));
    harness.phase(Phase::Loading { match_no: 2 });
    harness.run_ticks(1);
    assert!(!harness.client.is_watching());
}
