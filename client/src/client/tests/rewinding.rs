//! Going back in a running match: what is asked for, and what a hostile server may say.

use framehouse_shared::{
    protocol::control::{HistoryContent, HistoryPart},
    replay::{joined_in, put_past_tick},
    sim::MatchSetup,
    tick::SimRate,
};

use super::*;
use crate::toy::toy;

/// A spectator in the middle of a match.
fn spectator() -> Stage {
    let mut stage = Stage::spectator();
    stage.begin();
    stage.play(150);
    stage
}

fn say_history(stage: &mut Stage, content: HistoryContent, bytes: &[u8]) {
    let chunks: Vec<&[u8]> = bytes.chunks(1000).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        stage.server.say(&ControlDown::HistoryChunk {
            match_no: 1,
            content,
            index: index as u16,
            count: chunks.len() as u16,
            bytes: chunk.to_vec(),
        });
    }
    stage.run_ticks(2);
}

fn opening() -> Vec<u8> {
    let mut simulation = toy()();
    simulation.open(&MatchSetup { seed: 5, map: String::new(), seats: 4, rate: SimRate::DEFAULT });
    zstd::encode_all(&simulation.encode()[..], 1).expect("compresses")
}

fn frames(stage: &Stage, from: usize, to: usize) -> (HistoryContent, Vec<u8>) {
    let mut bytes = Vec::new();
    for (frame, blob) in stage.frames[from..to].iter().zip(&stage.blobs()[from..to]) {
        put_past_tick(&mut bytes, blob, joined_in(frame).map(|_| "ada"));
    }
    let ticks = (to - from) as u16;
    (HistoryContent::Frames { first: Tick(from as u32), ticks, is_compressed: false }, bytes)
}

fn asked(stage: &Stage, part: HistoryPart) -> usize {
    stage.said(|message| *message == ControlUp::WantHistory { match_no: 1, part })
}

#[test]
fn parts_are_asked_for_one_after_the_other_and_the_past_is_shown() {
    let mut stage = spectator();
    stage.client.rewind_to(10.0);
    stage.run_ticks(3);
    assert_eq!((asked(&stage, HistoryPart::Opening), asked(&stage, HistoryPart::From(Tick(0)))), (1, 0));
    assert!(stage.client.rewound().is_none(), "the live match is shown meanwhile");
    say_history(&mut stage, HistoryContent::Opening, &opening());
    assert_eq!(asked(&stage, HistoryPart::From(Tick(0))), 1);
    let (content, bytes) = frames(&stage, 0, 40);
    say_history(&mut stage, content, &bytes);
    stage.client.advance_rewound(0.0);
    let timeline = stage.client.rewound().expect("the moment is here");
    assert_eq!((timeline.position(), timeline.simulation().next_tick()), (10.0, Tick(11)));
    assert_eq!(asked(&stage, HistoryPart::From(Tick(40))), 1);
    // A part that begins before what is here adds only what is new.
    let (content, bytes) = frames(&stage, 30, 90);
    say_history(&mut stage, content, &bytes);
    assert_eq!(stage.client.rewound().map(|timeline| timeline.loaded()), Some(90));
    stage.play(30);
    assert_eq!((stage.client.stats().desyncs, stage.client.stats().errors.count()), (0, 0));
    assert!(stage.client.simulation().is_some_and(|live| live.next_tick() > Tick(170)), "the live match goes on");
}

#[test]
fn an_answer_that_stays_away_is_asked_for_again() {
    let mut stage = spectator();
    stage.client.rewind_to(0.0);
    stage.play(30);
    assert_eq!(asked(&stage, HistoryPart::Opening), 1);
    stage.play(60);
    assert_eq!(asked(&stage, HistoryPart::Opening), 2);
}

#[test]
fn a_past_that_makes_no_sense_is_given_up_and_the_live_match_goes_on() {
    let bomb = zstd::encode_all(&vec![0; 5 << 20][..], 3).expect("compresses");
    let garbage = HistoryContent::Frames { first: Tick(0), ticks: 9, is_compressed: false };
    let beyond = HistoryContent::Frames { first: Tick(70), ticks: 1, is_compressed: false };
    let packed = HistoryContent::Frames { first: Tick(0), ticks: 9, is_compressed: true };
    let cases: [(bool, HistoryContent, &[u8]); 5] = [
        (false, HistoryContent::Opening, b"nonsense"),
        (false, HistoryContent::Opening, &bomb),
        (true, garbage, b"nonsense"),
        (true, beyond, &[1, 0]),
        (true, packed, &bomb),
    ];
    for (is_open, content, bytes) in cases {
        let mut stage = spectator();
        stage.client.rewind_to(0.0);
        stage.run_ticks(2);
        if is_open {
            say_history(&mut stage, HistoryContent::Opening, &opening());
        }
        say_history(&mut stage, content, bytes);
        assert_eq!((stage.client.rewind_position(), stage.client.stats().errors.count()), (None, 1), "{content:?}");
        let before = stage.client.stats().ticks_confirmed;
        stage.play(30);
        assert!(stage.client.stats().ticks_confirmed >= before + 29 && stage.client.ended().is_none());
    }
}

#[test]
fn history_that_nobody_asked_for_is_not_kept() {
    let mut stage = spectator();
    say_history(&mut stage, HistoryContent::Opening, &opening());
    assert_eq!((stage.client.rewind_position(), stage.client.stats().errors.count()), (None, 0));
    // The end of an answer to somebody before.
    stage.client.rewind_to(0.0);
    let content = HistoryContent::Opening;
    stage.server.say(&ControlDown::HistoryChunk { match_no: 1, content, index: 1, count: 2, bytes: vec![7] });
    stage.run_ticks(2);
    assert_eq!((stage.client.rewind_position(), stage.client.stats().errors.count()), (Some(0.0), 0));
}

#[test]
fn only_who_watches_a_match_that_runs_goes_back() {
    let mut stage = Stage::in_match();
    stage.play(100);
    stage.client.rewind_to(0.0);
    stage.run_ticks(2);
    assert_eq!((stage.client.can_rewind(), stage.client.rewind_position()), (false, None));
    let mut stage = spectator();
    stage.client.rewind_to(149.0);
    assert_eq!(stage.client.rewind_position(), None, "that is the present");
    stage.client.rewind_to(f64::NAN);
    assert_eq!(stage.client.rewind_position(), Some(0.0));
    stage.phase(Phase::Results { match_no: 1, last_tick: Tick(149), ranking: Vec::new() });
    stage.run_ticks(2);
    assert_eq!((stage.client.can_rewind(), stage.client.rewind_position()), (false, None));
    stage.client.rewind_to(0.0);
    assert_eq!(stage.client.rewind_position(), None);
}
