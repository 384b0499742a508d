//! Who only watches: spectators, and players who have given up.

use super::*;

/// How far the picture has got, in ticks.
fn shown(stage: &Stage) -> f64 {
    let simulation = stage.client.simulation().expect("a match is loaded");
    f64::from(simulation.next_tick().0) - 1.0 + f64::from(stage.client.render_alpha())
}

#[test]
fn a_spectator_acknowledges_and_sends_no_inputs() {
    let mut stage = Stage::spectator();
    stage.begin();
    let before = stage.heard.len();
    stage.play(90);
    assert!(stage.sampled.is_empty() && stage.heard.iter().all(|message| message.inputs.is_empty()));
    let acks = stage.heard.len() - before;
    assert!((29..=31).contains(&acks), "{acks} in three seconds");
    assert!(stage.heard.last().is_some_and(|message| message.next_frame >= Tick(86)));
    assert!(stage.client.is_spectator() && stage.client.is_watching() && !stage.client.is_host());
    assert_eq!((stage.client.slot(), stage.client.state()), (None, Some(PlayerState::Spectating)));
}

#[test]
fn a_spectator_sees_a_match_to_its_end_and_checks_it() {
    let mut stage = Stage::spectator();
    stage.begin();
    stage.play(TOY_TICKS);
    stage.phase(Phase::Results { match_no: 1, last_tick: Tick(TOY_TICKS - 1), ranking: Vec::new() });
    stage.run_ticks(30);
    let stats = stage.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (TOY_TICKS.into(), 0, 0));
    assert!(stats.confirmed_lag_ticks_max <= 2, "{} ticks", stats.confirmed_lag_ticks_max);
    assert_eq!(stage.client.simulation().map(Simulation::hashes), Some(stage.simulation.hashes()));
    let reports = stage.heard.iter().filter(|message| message.report.is_some()).count();
    assert_eq!(reports, TOY_TICKS as usize / 30);
}

#[test]
fn a_spectators_picture_moves_evenly() {
    let mut stage = Stage::spectator();
    stage.begin();
    stage.play(60);
    let before = shown(&stage);
    stage.play(60);
    assert!((shown(&stage) - before - 60.0).abs() < 0.5);
    let behind = 120.0 - shown(&stage);
    assert!((1.0..3.0).contains(&behind), "{behind} ticks");
}

#[test]
fn a_spectator_that_comes_late_catches_up() {
    let mut stage = Stage::spectator();
    stage.is_mute = true;
    stage.begin_unheard();
    stage.play(100);
    stage.phase(Phase::Playing { match_no: 1 });
    stage.send_snapshot();
    stage.is_mute = false;
    stage.play(30);
    assert_eq!((stage.client.stats().errors.count(), stage.client.stats().desyncs), (0, 0));
    assert!(shown(&stage) > 125.0);
}

#[test]
fn whoever_gives_up_only_watches_until_the_next_match() {
    let mut stage = Stage::in_match();
    stage.play(30);
    stage.client.give_up();
    stage.run_ticks(1);
    assert_eq!(stage.said(|message| *message == ControlUp::GiveUp), 1);
    stage.tell(RoomEvent::State { slot: OWN, state: PlayerState::Aborted });
    stage.run_ticks(1);
    assert!(stage.client.is_watching() && !stage.client.is_spectator());
    let (sampled, heard) = (stage.sampled.len(), stage.heard.len());
    stage.play(60);
    assert_eq!(stage.sampled.len(), sampled, "nothing is asked of the player");
    assert!(stage.heard[heard..].iter().all(|message| message.inputs.is_empty()));
    assert_eq!((stage.client.stats().desyncs, stage.client.stats().errors.count()), (0, 0));
    stage.phase(Phase::Loading { match_no: 2 });
    stage.run_ticks(1);
    assert!(!stage.client.is_watching());
}
