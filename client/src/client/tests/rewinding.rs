//! Going back in a running match: the client's requests, and hostile answers.

use framehouse_shared::{
    protocol::messages::{HistoryContent, HistoryPart},
    replay::{joined_in, put_past_tick},
    sim::MatchSetup,
    tick::SimRate,
};

use super::*;
use crate::test_game::test_game;

/// A spectator in the middle of a match.
fn spectator() -> Harness {
    let mut harness = Harness::spectator();
    harness.begin();
    harness.play(150);
    harness
}

fn say_history(harness: &mut Harness, content: HistoryContent, bytes: &[u8]) {
    let chunks: Vec<&[u8]> = bytes.chunks(1000).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        harness.server.send_message(&ServerMessage::HistoryChunk {
            match_no: 1,
            content,
            index: index as u16,
            count: chunks.len() as u16,
            bytes: chunk.to_vec(),
        });
    }
    harness.run_ticks(2);
}

fn opening() -> Vec<u8> {
    let mut simulation = test_game()();
    simulation.open(&MatchSetup { seed: 5, map: String::new(), seats: 4, rate: SimRate::DEFAULT });
    zstd::encode_all(&simulation.encode()[..], 1).expect("compresses")
}

fn frames(harness: &Harness, from: usize, to: usize) -> (HistoryContent, Vec<u8>) {
    let mut bytes = Vec::new();
    for (frame, encoded_frame) in harness.frames[from..to].iter().zip(&harness.encoded_frames()[from..to]) {
        put_past_tick(&mut bytes, encoded_frame, joined_in(frame).map(|_| "ada"));
    }
    let ticks = (to - from) as u16;
    (HistoryContent::Frames { first: Tick(from as u32), ticks, is_compressed: false }, bytes)
}

fn asked(harness: &Harness, part: HistoryPart) -> usize {
    harness.said(|message| *message == ClientMessage::WantHistory { match_no: 1, part })
}

#[test]
fn parts_are_asked_for_one_after_the_other_and_the_past_is_shown() {
    let mut harness = spectator();
    harness.client.rewind_to(10.0);
    harness.run_ticks(3);
    assert_eq!((asked(&harness, HistoryPart::Opening), asked(&harness, HistoryPart::From(Tick(0)))), (1, 0));
    assert!(harness.client.rewound().is_none(), "the live match is shown meanwhile");
    say_history(&mut harness, HistoryContent::Opening, &opening());
    assert_eq!(asked(&harness, HistoryPart::From(Tick(0))), 1);
    let (content, bytes) = frames(&harness, 0, 40);
    say_history(&mut harness, content, &bytes);
    harness.client.advance_rewound(0.0);
    let timeline = harness.client.rewound().expect("the moment is here");
    assert_eq!((timeline.position(), timeline.simulation().next_tick()), (10.0, Tick(11)));
    assert_eq!(asked(&harness, HistoryPart::From(Tick(40))), 1);
    // A part that begins before the loaded frames adds only the new ones.
    let (content, bytes) = frames(&harness, 30, 90);
    say_history(&mut harness, content, &bytes);
    assert_eq!(harness.client.rewound().map(|timeline| timeline.loaded()), Some(90));
    harness.play(30);
    assert_eq!((harness.client.stats().desyncs, harness.client.stats().errors.count()), (0, 0));
    assert!(harness.client.simulation().is_some_and(|live| live.next_tick() > Tick(170)), "the live match goes on");
}

#[test]
fn an_answer_that_stays_away_is_asked_for_again() {
    let mut harness = spectator();
    harness.client.rewind_to(0.0);
    harness.play(30);
    assert_eq!(asked(&harness, HistoryPart::Opening), 1);
    harness.play(60);
    assert_eq!(asked(&harness, HistoryPart::Opening), 2);
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
        let mut harness = spectator();
        harness.client.rewind_to(0.0);
        harness.run_ticks(2);
        if is_open {
            say_history(&mut harness, HistoryContent::Opening, &opening());
        }
        say_history(&mut harness, content, bytes);
        assert_eq!((harness.client.rewind_position(), harness.client.stats().errors.count()), (None, 1), "{content:?}");
        let before = harness.client.stats().ticks_confirmed;
        harness.play(30);
        assert!(harness.client.stats().ticks_confirmed >= before + 29 && harness.client.ended().is_none());
    }
}

#[test]
fn history_that_nobody_asked_for_is_not_kept() {
    let mut harness = spectator();
    say_history(&mut harness, HistoryContent::Opening, &opening());
    assert_eq!((harness.client.rewind_position(), harness.client.stats().errors.count()), (None, 0));
    // The end of an answer to an earlier client.
    harness.client.rewind_to(0.0);
    let content = HistoryContent::Opening;
    harness.server.send_message(&ServerMessage::HistoryChunk {
        match_no: 1,
        content,
        index: 1,
        count: 2,
        bytes: vec![7],
    });
    harness.run_ticks(2);
    assert_eq!((harness.client.rewind_position(), harness.client.stats().errors.count()), (Some(0.0), 0));
}

#[test]
fn only_who_watches_a_match_that_runs_goes_back() {
    let mut harness = Harness::in_match();
    harness.play(100);
    harness.client.rewind_to(0.0);
    harness.run_ticks(2);
    assert_eq!((harness.client.can_rewind(), harness.client.rewind_position()), (false, None));
    let mut harness = spectator();
    harness.client.rewind_to(149.0);
    assert_eq!(harness.client.rewind_position(), None, "that is the present");
    harness.client.rewind_to(f64::NAN);
    assert_eq!(harness.client.rewind_position(), Some(0.0));
    harness.phase(Phase::Results { match_no: 1, last_tick: Tick(149), ranking: Vec::new() });
    harness.run_ticks(2);
    assert_eq!((harness.client.can_rewind(), harness.client.rewind_position()), (false, None));
    harness.client.rewind_to(0.0);
    assert_eq!(harness.client.rewind_position(), None);
}
