//! A client against a server that a test plays by hand. What real rooms do is tested in the workspace's own tests crate.

mod phases;
mod rewinding;
mod session;
pub(crate) mod stage;
mod watching;

use framehouse_shared::{
    ids::Slot,
    input::Input,
    protocol::control::{ControlDown, ControlUp, Phase, PlayerState, RoomEvent},
    tick::Tick,
};

use super::*;
use crate::{
    fake_server::{OWN, welcome},
    stats::Distribution,
    toy::{POISON, TOY_TICKS},
};
use stage::Stage;

#[test]
fn a_match_is_played_to_its_results() {
    let mut stage = Stage::in_match();
    stage.play(TOY_TICKS);
    stage.phase(Phase::Results { match_no: 1, last_tick: Tick(TOY_TICKS - 1), ranking: Vec::new() });
    stage.run_ticks(30);
    let stats = stage.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.matches_seen), (u64::from(TOY_TICKS), 1));
    assert_eq!((stats.desyncs, stats.errors.messages()), (0, &[][..]));
    let ms = |tenths: &Distribution| tenths.quantile(0.99) as f64 / 10.0;
    // A tick of delay; and a frame comes within the tick, when the input's own margin is over.
    assert!(ms(&stats.input_to_view_tenth_ms) <= 43.0, "{} ms", ms(&stats.input_to_view_tenth_ms));
    assert!(ms(&stats.input_to_confirm_tenth_ms) <= 100.0, "{} ms", ms(&stats.input_to_confirm_tenth_ms));
    assert!(stats.input_to_view_tenth_ms.count() >= u64::from(TOY_TICKS) - 3);
    assert!(stats.confirmed_lag_ticks_max <= 2, "{} ticks", stats.confirmed_lag_ticks_max);
    let simulation = stage.client.simulation().expect("the last state is still shown");
    assert_eq!(simulation.hashes(), stage.simulation.hashes());
    assert!(stage.client.results().is_some());
    let reported: Vec<u32> = stage.heard.iter().filter_map(|message| Some(message.report?.0.0)).collect();
    assert_eq!(reported, (0..TOY_TICKS / 30).map(|n| n * 30 + 14).collect::<Vec<_>>());
    assert_eq!(stage.said(|message| matches!(message, ControlUp::Hashes { .. })), 0, "all was well");
}

#[test]
fn every_tick_is_asked_for_once_and_in_order() {
    let mut stage = Stage::in_match();
    stage.play(100);
    let asked: Vec<u32> = stage.sampled.iter().map(|tick| tick.0).collect();
    assert!(asked.len() >= 100);
    assert_eq!(asked, (0..asked.len() as u32).collect::<Vec<_>>());
    assert_eq!(stage.client.stats().late_inputs, 0);
    // From tick 1 on (the join takes effect with tick 0) the server's frames hold what was sampled.
    assert!((2..90).all(|tick| stage.frames[tick].inputs[OWN.index()] == Stage::input(Tick(tick as u32))));
}

#[test]
fn a_delay_that_grows_and_shrinks_loses_and_doubles_no_input() {
    let mut stage = Stage::in_match();
    let mut delays = Vec::new();
    for (frames_on_their_way, ticks) in [(0, 70), (12, 90), (0, 75)] {
        // A frame a tick is late or early by one, as when a way becomes longer bit by bit.
        while stage.frames_on_their_way != frames_on_their_way {
            let grows = frames_on_their_way > stage.frames_on_their_way;
            stage.frames_on_their_way = stage.frames_on_their_way + usize::from(grows) - usize::from(!grows);
            stage.play(1);
        }
        stage.play(ticks - 12);
        delays.push(stage.client.clock().delay_ticks());
    }
    assert!(delays[0] <= 1.0 && delays[1] > 3.0, "{delays:?}");
    let asked: Vec<u32> = stage.sampled.iter().map(|tick| tick.0).collect();
    assert_eq!(asked, (0..asked.len() as u32).collect::<Vec<_>>());
    let played = stage.frames.len() - 10;
    assert!((2..played).all(|tick| stage.frames[tick].inputs[OWN.index()] == Stage::input(Tick(tick as u32))));
}

#[test]
fn a_machine_that_is_too_slow_predicts_less_and_confirms_everything() {
    let mut stage = Stage::in_match();
    stage.frames_on_their_way = 6;
    for tick in 0..100 {
        stage.play(1);
        // Until tick 60 the work of a tick takes longer than the tick, then hardly any time.
        stage.client.note_cost(Duration::from_millis(if tick < 60 { 40 } else { 0 }));
        let prediction = stage.client.prediction().expect("not thin");
        let depth = prediction.simulation().next_tick().since(prediction.next_confirmed());
        match tick {
            20..60 => assert!(prediction.is_held() && depth <= 2, "{depth} ticks predicted at tick {tick}"),
            75.. => assert!(!prediction.is_held() && depth >= 5, "{depth} ticks predicted at tick {tick}"),
            _ => {}
        }
    }
    assert_eq!(stage.client.stats().ticks_confirmed, 94);
}

#[test]
fn a_large_hole_is_asked_for_and_filled() {
    let mut stage = Stage::in_match();
    stage.play(30);
    stage.is_mute = true;
    stage.play(40);
    assert_eq!(stage.said(|message| matches!(message, ControlUp::WantFrames { .. })), 0, "nothing was seen yet");
    stage.is_mute = false;
    stage.play(3);
    assert_eq!(stage.said(|message| *message == ControlUp::WantFrames { match_no: 1, first: Tick(30) }), 1);
    stage.send_old_frames(30, 70);
    stage.play(20);
    let stats = stage.client.stats();
    assert_eq!((stats.ticks_confirmed, stats.desyncs, stats.errors.count()), (93, 0, 0));
}

#[test]
fn another_state_is_reported_at_once_and_replaced() {
    let mut stage = Stage::in_match();
    stage.play(40);
    stage.lies_about_hashes = true;
    stage.play(21);
    assert_eq!(stage.client.stats().desyncs, 1);
    let reported = |message: &ControlUp| matches!(message, ControlUp::Hashes { tick: Tick(59), .. });
    assert_eq!(stage.said(reported), 1);
    stage.lies_about_hashes = false;
    stage.send_snapshot();
    stage.play(60);
    let stats = stage.client.stats();
    assert_eq!((stats.desyncs, stats.resyncs, stats.errors.count()), (1, 1, 0));
    assert!(stage.client.drain_notices().any(|notice| notice == Notice::Resynced));
}

#[test]
fn whoever_comes_late_catches_up_a_few_ticks_an_update() {
    let mut stage = Stage::in_lobby();
    stage.is_mute = true;
    stage.begin_unheard();
    stage.play(100);
    stage.phase(Phase::Playing { match_no: 1 });
    stage.send_snapshot();
    stage.play(60);
    stage.is_mute = false;
    stage.send_old_frames(100, 160);
    stage.run_ticks(1);
    let confirmed = stage.client.stats().ticks_confirmed;
    assert!((8..=64).contains(&confirmed), "{confirmed} ticks in four updates");
    stage.play(20);
    assert_eq!(stage.client.stats().ticks_confirmed, 80);
    assert!(stage.sampled.first().is_some_and(|tick| *tick > Tick(100)), "no input for the past");
}

#[test]
fn a_thin_client_acknowledges_and_sends_what_changes() {
    let mut stage = Stage::thin();
    stage.begin();
    stage.play(100);
    assert_eq!(stage.client.stats().ticks_confirmed, 100);
    assert!(stage.client.simulation().is_none());
    assert!(stage.sampled.is_empty());
    let own = |tick: usize| stage.frames[tick].inputs[OWN.index()];
    assert_eq!((10..90).filter(|tick| own(*tick) != own(*tick - 1)).count(), 40);
}

#[test]
fn a_panic_in_the_game_ends_the_client_and_not_the_process() {
    let mut stage = Stage::in_match();
    stage.play(20);
    stage.send_poisoned_frame(Input([POISON; 8]));
    stage.run_ticks(2);
    assert!(stage.client.ended().is_some_and(|reason| reason.contains("tick 20")));
}

#[test]
fn nonsense_is_counted_and_changes_nothing() {
    let mut stage = Stage::in_match();
    stage.play(10);
    stage.server.send_datagram(&[0x41, 0x10]);
    stage.server.send_datagram(&[0x4f]);
    stage.server.say_bytes(&[0xee]);
    let chunk =
        ControlDown::SnapshotChunk { match_no: 1, next_tick: Tick(3), index: 0, count: 1, bytes: vec![1, 2, 3] };
    stage.server.say(&chunk);
    stage.play(10);
    assert_eq!(stage.client.stats().errors.count(), 4);
    assert_eq!(stage.client.stats().ticks_confirmed, 20);
    assert_eq!(Slot::new(1), stage.client.slot());
}
