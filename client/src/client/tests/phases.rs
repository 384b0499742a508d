//! A match begins once for a client, whatever phase it comes in.

use super::*;

const LOADING: Phase = Phase::Loading { match_no: 1 };
const COUNTDOWN: Phase = Phase::Countdown { match_no: 1, ticks: 30 };
const PLAYING: Phase = Phase::Playing { match_no: 1 };

fn is_loaded(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::Loaded { .. })
}

#[test]
fn what_was_loaded_stays_when_the_countdown_begins() {
    let mut harness = Harness::in_lobby();
    harness.load_match();
    harness.run_ticks(60);
    assert_eq!(harness.client.state(), Some(PlayerState::Loading));
    assert!(harness.client.simulation().is_some());
    assert_eq!((harness.client.clock().room_time(), harness.sampled.len()), (None, 0), "the room has no time yet");
    harness.count_down();
    harness.phase(PLAYING);
    harness.play(60);
    assert_eq!(harness.said(is_loaded), 1);
    assert_eq!((harness.client.stats().ticks_confirmed, harness.client.stats().errors.count()), (60, 0));
    assert_eq!(harness.sampled.first(), Some(&Tick(0)));
}

#[test]
fn the_first_inputs_are_at_the_server_before_their_ticks() {
    let mut harness = Harness::in_lobby();
    harness.load_match();
    harness.count_down();
    assert!(harness.heard.iter().any(|message| message.newest == Tick(0) && !message.inputs.is_empty()));
}

#[test]
fn a_newcomer_gets_the_state_in_every_phase() {
    for phase in [LOADING, COUNTDOWN] {
        let mut harness = Harness::welcomed_in(phase.clone());
        harness.load_set_match();
        if phase == LOADING {
            harness.count_down();
        } else {
            harness.wait_for_tick_0();
        }
        harness.phase(PLAYING);
        harness.play(30);
        assert_eq!((harness.said(is_loaded), harness.client.stats().ticks_confirmed), (1, 30), "{phase:?}");
    }
}

#[test]
fn whoever_comes_into_a_running_match_begins_with_the_present() {
    let mut harness = Harness::welcomed_in(PLAYING);
    harness.is_mute = true;
    harness.begin_unheard();
    harness.play(50);
    harness.send_snapshot();
    harness.is_mute = false;
    harness.play(30);
    let stats = harness.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (30, 0, 0));
    assert!(harness.sampled.first().is_some_and(|tick| *tick >= Tick(50)), "no input for the past");
}

#[test]
fn a_match_that_does_not_begin_is_forgotten() {
    let mut harness = Harness::in_lobby();
    harness.load_match();
    harness.phase(Phase::Lobby { reason: Some("nobody is left to play with".to_owned()) });
    harness.run_ticks(2);
    assert!(harness.client.simulation().is_none() && harness.client.match_no().is_none());
    harness.phase(Phase::Loading { match_no: 2 });
    harness.run_ticks(2);
    assert_eq!((harness.client.match_no(), harness.client.stats().matches_seen), (Some(2), 0));
}
