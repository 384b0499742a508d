//! A match begins once for a client, whatever phase it comes in.

use super::*;

const LOADING: Phase = Phase::Loading { match_no: 1 };
const COUNTDOWN: Phase = Phase::Countdown { match_no: 1, ticks: 30 };
const PLAYING: Phase = Phase::Playing { match_no: 1 };

fn is_loaded(message: &ControlUp) -> bool {
    matches!(message, ControlUp::Loaded { .. })
}

#[test]
fn what_was_loaded_stays_when_the_countdown_begins() {
    let mut stage = Stage::in_lobby();
    stage.load_match();
    stage.run_ticks(60);
    assert_eq!(stage.client.state(), Some(PlayerState::Loading));
    assert!(stage.client.simulation().is_some());
    assert_eq!((stage.client.clock().room_time(), stage.sampled.len()), (None, 0), "the room has no time yet");
    stage.count_down();
    stage.phase(PLAYING);
    stage.play(60);
    assert_eq!(stage.said(is_loaded), 1);
    assert_eq!((stage.client.stats().ticks_confirmed, stage.client.stats().errors.count()), (60, 0));
    assert_eq!(stage.sampled.first(), Some(&Tick(0)));
}

#[test]
fn the_first_inputs_are_at_the_server_before_their_ticks() {
    let mut stage = Stage::in_lobby();
    stage.load_match();
    stage.count_down();
    assert!(stage.heard.iter().any(|message| message.newest == Tick(0) && !message.inputs.is_empty()));
}

#[test]
fn a_newcomer_gets_the_state_in_every_phase() {
    for phase in [LOADING, COUNTDOWN] {
        let mut stage = Stage::welcomed_in(phase.clone());
        stage.load_set_match();
        if phase == LOADING {
            stage.count_down();
        } else {
            stage.wait_for_tick_0();
        }
        stage.phase(PLAYING);
        stage.play(30);
        assert_eq!((stage.said(is_loaded), stage.client.stats().ticks_confirmed), (1, 30), "{phase:?}");
    }
}

#[test]
fn whoever_comes_into_a_running_match_begins_with_the_present() {
    let mut stage = Stage::welcomed_in(PLAYING);
    stage.is_mute = true;
    stage.begin_unheard();
    stage.play(50);
    stage.send_snapshot();
    stage.is_mute = false;
    stage.play(30);
    let stats = stage.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (30, 0, 0));
    assert!(stage.sampled.first().is_some_and(|tick| *tick >= Tick(50)), "no input for the past");
}

#[test]
fn a_match_that_does_not_begin_is_forgotten() {
    let mut stage = Stage::in_lobby();
    stage.load_match();
    stage.phase(Phase::Lobby { reason: Some("nobody is left to play with".to_owned()) });
    stage.run_ticks(2);
    assert!(stage.client.simulation().is_none() && stage.client.match_no().is_none());
    stage.phase(Phase::Loading { match_no: 2 });
    stage.run_ticks(2);
    assert_eq!((stage.client.match_no(), stage.client.stats().matches_seen), (Some(2), 0));
}
