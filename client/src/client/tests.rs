//! A client against a server that the test plays by hand. Real rooms are tested in the workspace's tests crate.

pub(crate) mod harness;
mod phases;
mod rewinding;
mod session;
mod watching;

use framehouse_shared::{
    ids::Slot,
    input::Input,
    protocol::messages::{ClientMessage, Phase, PlayerState, RoomEvent, ServerMessage},
    tick::Tick,
};

use super::*;
use crate::{
    fake_server::{OWN, welcome},
    stats::Distribution,
    test_game::{POISON, TEST_GAME_TICKS},
};
use harness::Harness;

#[test]
fn a_match_is_played_to_its_results() {
    let mut harness = Harness::in_match();
    harness.play(TEST_GAME_TICKS);
    harness.phase(Phase::Results { match_no: 1, last_tick: Tick(TEST_GAME_TICKS - 1), ranking: Vec::new() });
    harness.run_ticks(30);
    let stats = harness.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.matches_seen), (u64::from(TEST_GAME_TICKS), 1));
    assert_eq!((stats.desyncs, stats.errors.messages()), (0, &[][..]));
    let ms = |tenths: &Distribution| tenths.quantile(0.99) as f64 / 10.0;
    // A tick of delay; and a frame comes within the tick, when the input's own margin is over.
    assert!(ms(&stats.input_to_view_tenth_ms) <= 43.0, "{} ms", ms(&stats.input_to_view_tenth_ms));
    assert!(ms(&stats.input_to_confirm_tenth_ms) <= 100.0, "{} ms", ms(&stats.input_to_confirm_tenth_ms));
    assert!(stats.input_to_view_tenth_ms.count() >= u64::from(TEST_GAME_TICKS) - 3);
    assert!(stats.confirmed_lag_ticks_max <= 2, "{} ticks", stats.confirmed_lag_ticks_max);
    let simulation = harness.client.simulation().expect("the last state is still shown");
    assert_eq!(simulation.hashes(), harness.simulation.hashes());
    assert!(harness.client.results().is_some());
    let reported: Vec<u32> = harness.heard.iter().filter_map(|message| Some(message.report?.0.0)).collect();
    assert_eq!(reported, (0..TEST_GAME_TICKS / 30).map(|n| n * 30 + 14).collect::<Vec<_>>());
    assert_eq!(harness.said(|message| matches!(message, ClientMessage::Hashes { .. })), 0, "all was well");
}

#[test]
fn every_tick_is_asked_for_once_and_in_order() {
    let mut harness = Harness::in_match();
    harness.play(100);
    let asked: Vec<u32> = harness.sampled.iter().map(|tick| tick.0).collect();
    assert!(asked.len() >= 100);
    assert_eq!(asked, (0..asked.len() as u32).collect::<Vec<_>>());
    assert_eq!(harness.client.stats().late_inputs, 0);
    // From tick 1 on (the join takes effect in tick 0) the server's frames hold the sampled inputs.
    assert!((2..90).all(|tick| harness.frames[tick].inputs[OWN.index()] == Harness::input(Tick(tick as u32))));
}

#[test]
fn a_delay_that_grows_and_shrinks_loses_and_doubles_no_input() {
    let mut harness = Harness::in_match();
    let mut delays = Vec::new();
    for (frames_on_their_way, ticks) in [(0, 70), (12, 90), (0, 75)] {
        // A frame a tick is one late or early, as when the network path slowly becomes longer.
        while harness.frames_on_their_way != frames_on_their_way {
            let grows = frames_on_their_way > harness.frames_on_their_way;
            harness.frames_on_their_way = harness.frames_on_their_way + usize::from(grows) - usize::from(!grows);
            harness.play(1);
        }
        harness.play(ticks - 12);
        delays.push(harness.client.clock().delay_ticks());
    }
    assert!(delays[0] <= 1.0 && delays[1] > 3.0, "{delays:?}");
    let asked: Vec<u32> = harness.sampled.iter().map(|tick| tick.0).collect();
    assert_eq!(asked, (0..asked.len() as u32).collect::<Vec<_>>());
    let played = harness.frames.len() - 10;
    assert!((2..played).all(|tick| harness.frames[tick].inputs[OWN.index()] == Harness::input(Tick(tick as u32))));
}

#[test]
fn a_machine_that_is_too_slow_predicts_less_and_confirms_everything() {
    let mut harness = Harness::in_match();
    harness.frames_on_their_way = 6;
    for tick in 0..100 {
        harness.play(1);
        // Until tick 60 the work of a tick takes longer than the tick, afterwards hardly any time.
        harness.client.note_cost(Duration::from_millis(if tick < 60 { 40 } else { 0 }));
        let prediction = harness.client.prediction().expect("not thin");
        let depth = prediction.simulation().next_tick().since(prediction.next_confirmed());
        match tick {
            20..60 => assert!(prediction.is_throttled() && depth <= 2, "{depth} ticks predicted at tick {tick}"),
            75.. => assert!(!prediction.is_throttled() && depth >= 5, "{depth} ticks predicted at tick {tick}"),
            _ => {}
        }
    }
    assert_eq!(harness.client.stats().ticks_confirmed, 94);
}

#[test]
fn a_large_hole_is_asked_for_and_filled() {
    let mut harness = Harness::in_match();
    harness.play(30);
    harness.is_mute = true;
    harness.play(40);
    assert_eq!(harness.said(|message| matches!(message, ClientMessage::WantFrames { .. })), 0, "nothing was seen yet");
    harness.is_mute = false;
    harness.play(3);
    assert_eq!(harness.said(|message| *message == ClientMessage::WantFrames { match_no: 1, first: Tick(30) }), 1);
    harness.send_old_frames(30, 70);
    harness.play(20);
    let stats = harness.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (93, 0, 0));
}

#[test]
fn another_state_is_reported_at_once_and_replaced() {
    let mut harness = Harness::in_match();
    harness.play(40);
    harness.lies_about_hashes = true;
    harness.play(21);
    assert_eq!(harness.client.stats().desyncs, 1);
    let reported = |message: &ClientMessage| matches!(message, ClientMessage::Hashes { tick: Tick(59), .. });
    assert_eq!(harness.said(reported), 1);
    harness.lies_about_hashes = false;
    harness.send_snapshot();
    harness.play(60);
    let stats = harness.client.stats();
    assert_eq!((stats.desyncs, stats.resyncs, stats.errors.count()), (1, 1, 0));
    assert!(harness.client.drain_notices().any(|notice| notice == Notice::Resynced));
}

#[test]
fn whoever_comes_late_catches_up_a_few_ticks_an_update() {
    let mut harness = Harness::in_lobby();
    harness.is_mute = true;
    harness.begin_unheard();
    harness.play(100);
    harness.phase(Phase::Playing { match_no: 1 });
    harness.send_snapshot();
    harness.play(60);
    harness.is_mute = false;
    harness.send_old_frames(100, 160);
    harness.run_ticks(1);
    let confirmed = harness.client.stats().ticks_confirmed;
    assert!((8..=64).contains(&confirmed), "{confirmed} ticks in four updates");
    harness.play(20);
    assert_eq!(harness.client.stats().ticks_confirmed, 80);
    assert!(harness.sampled.first().is_some_and(|tick| *tick > Tick(100)), "no input for the past");
}

#[test]
fn a_thin_client_acknowledges_and_sends_what_changes() {
    let mut harness = Harness::thin();
    harness.begin();
    harness.play(100);
    assert_eq!(harness.client.stats().ticks_confirmed, 100);
    assert!(harness.client.simulation().is_none());
    assert!(harness.sampled.is_empty());
    let own = |tick: usize| harness.frames[tick].inputs[OWN.index()];
    assert_eq!((10..90).filter(|tick| own(*tick) != own(*tick - 1)).count(), 40);
}

#[test]
fn a_panic_in_the_game_ends_the_client_and_not_the_process() {
    let mut harness = Harness::in_match();
    harness.play(20);
    harness.send_poisoned_frame(Input([POISON; 8]));
    harness.run_ticks(2);
    assert!(harness.client.ended().is_some_and(|reason| reason.contains("tick 20")));
}

#[test]
fn nonsense_is_counted_and_changes_nothing() {
    let mut harness = Harness::in_match();
    harness.play(10);
    harness.server.send_datagram(&[0x41, 0x10]);
    harness.server.send_datagram(&[0x4f]);
    harness.server.send_bytes(&[0xee]);
    let chunk =
        ServerMessage::SnapshotChunk { match_no: 1, next_tick: Tick(3), index: 0, count: 1, bytes: vec![1, 2, 3] };
    harness.server.send_message(&chunk);
    harness.play(10);
    assert_eq!(harness.client.stats().errors.count(), 4);
    assert_eq!(harness.client.stats().ticks_confirmed, 20);
    assert_eq!(Slot::new(1), harness.client.slot());
}
