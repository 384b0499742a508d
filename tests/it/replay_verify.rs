//! Verification of replays: an unaltered replay verifies, and any other is refused with a sentence.

use framehouse_arena::ArenaPlugin;
use framehouse_server::replay::{
    info::summary,
    verify::{Verified, VerifyError, verify},
};
use framehouse_shared::{
    ids::Slot,
    input::Command,
    match_end::MatchEnd,
    protocol::codec,
    replay::{Header, RankedPlayer, Replay, canned_replay, record_bots, rules_hash},
    simulation::BotMatch,
    tick::{SimRate, Tick},
};
use framehouse_tiny::{BROKEN_LUCK, TinyPlugin};
use framehouse_tools::replays::{ArenaFor, Parts};

#[test]
fn a_changed_input_is_told_by_tick_and_component() {
    let mut parts = Parts::of(&canned_replay(ArenaPlugin, 7, 4, 400));
    assert!(verify(ArenaPlugin, &parts.build()).is_ok());
    parts.ticks[100].frame.inputs[1].0[0] ^= 0x55;
    let error = verify(ArenaPlugin, &parts.build()).expect_err("another input gives another match");
    let VerifyError::Desync { tick, good, component, .. } = &error else { panic!("{error}") };
    assert_eq!((*tick, *good, component.as_str()), (Tick(119), Some(Tick(89)), "bodies"));
    let told = "tick 119: the state differs from the recorded one in `bodies` (it was right after tick 89)";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn a_changed_last_tick_is_told_too() {
    let mut parts = Parts::of(&canned_replay(ArenaPlugin, 7, 4, 400));
    parts.ticks[399].frame.inputs[1].0[0] ^= 0x55;
    let Err(VerifyError::Desync { tick, good, .. }) = verify(ArenaPlugin, &parts.build()) else {
        panic!("the state after the last tick is recorded");
    };
    assert_eq!((tick, good), (Tick(399), Some(Tick(389))));
}

#[test]
fn a_changed_score_is_told_by_its_place() {
    let bytes = canned_replay(ArenaPlugin, 7, 4, 200);
    let with = |edit: fn(&mut Vec<RankedPlayer>)| {
        let mut parts = Parts::of(&bytes);
        edit(parts.trailer.ranking.as_mut().expect("a ranking"));
        verify(ArenaPlugin, &parts.build())
    };
    assert_eq!(with(|ranking| ranking[1].score.points += 1), Err(VerifyError::Ranking { tick: Tick(199), rank: 2 }));
    assert_eq!(with(|ranking| ranking[0].name.push('!')), Err(VerifyError::Ranking { tick: Tick(199), rank: 1 }));
    assert_eq!(with(|ranking| drop(ranking.pop())), Err(VerifyError::Ranking { tick: Tick(199), rank: 4 }));
}

#[test]
fn commands_are_recorded() {
    let mut parts = Parts::of(&canned_replay(TinyPlugin, 8, 2, 40));
    let slot = Slot::new(1).expect("a seat");
    parts.ticks[5].frame.commands.push(Command { slot, bytes: [1, 2, 3].into_iter().collect() });
    let bytes = parts.build();
    assert_eq!(Parts::of(&bytes).ticks, parts.ticks);
    assert!(verify(TinyPlugin, &bytes).is_ok(), "the tiny game takes no commands");
}

#[test]
fn another_game_or_release_is_told_in_a_sentence() {
    let bytes = canned_replay(TinyPlugin, 9, 2, 40);
    assert_eq!(verify(ArenaPlugin, &bytes), Err(VerifyError::OtherGame("tiny".to_owned(), "arena")));
    let with = |edit: fn(&mut Header)| {
        let mut parts = Parts::of(&bytes);
        edit(&mut parts.header);
        verify(TinyPlugin, &parts.build()).expect_err("it is of another release").to_string()
    };
    let told = with(|header| header.protocol = 5);
    assert!(told.starts_with("it was recorded by a test with protocol 0000000000000005"), "{told}");
    let told = with(|header| header.rules_version += 1);
    assert!(told.starts_with("it was recorded by a test with version 2 of the game's rules"), "{told}");
    let told = with(|header| header.components[5].push('s'));
    assert!(told.contains("other components"), "{told}");
    assert_eq!(with(|header| header.rules_hash += 1), "its opening state is not one of this game");
}

/// The tiny game panics on this `luck`, the last number of its state.
#[test]
fn a_state_that_cannot_be_simulated_is_told_and_does_not_end_the_program() {
    let mut parts = Parts::of(&canned_replay(TinyPlugin, 9, 2, 40));
    let luck = codec::encode(&BROKEN_LUCK);
    let presses = parts.opening.len() - 18;
    assert_eq!(parts.opening[presses], 18, "one more than the bytes of the last component");
    parts.opening[presses] += luck.len() as u8 - 1;
    parts.opening.pop();
    parts.opening.extend(luck);
    parts.header.rules_hash = rules_hash(&parts.opening).expect("a state");
    assert_eq!(verify(TinyPlugin, &parts.build()), Err(VerifyError::Failed(Tick(0))));
    parts.opening.truncate(20);
    assert!(matches!(verify(TinyPlugin, &parts.build()), Err(VerifyError::BadOpening)));
}

#[test]
fn a_match_verifies_at_the_tick_rate_it_was_played_at_and_at_no_other() {
    for hz in [10, 60, 120] {
        let rate = SimRate::new(hz).expect("in range");
        let bytes = record_bots(ArenaPlugin, BotMatch { seed: 15, seats: 4, ticks_max: 90, rate });
        assert!(verify(ArenaPlugin, &bytes).is_ok(), "{hz} Hz");
        let mut parts = Parts::of(&bytes);
        parts.header.tick_rate = 30;
        assert!(matches!(verify(ArenaPlugin, &parts.build()), Err(VerifyError::Desync { .. })), "{hz} Hz");
        parts.header.tick_rate = 9;
        assert_eq!(verify(ArenaPlugin, &parts.build()), Err(VerifyError::BadOpening));
    }
}

/// The rules are in the replay: a match by other rules verifies with a program that has the embedded ones.
#[test]
fn a_replay_verifies_after_the_rules_files_changed() {
    let bytes = canned_replay(ArenaFor { match_s: 15 }, 10, 4, 1000);
    let ending = MatchEnd::TimeUp;
    assert_eq!(verify(ArenaPlugin, &bytes), Ok(Verified { ticks: 450, ending }));
    let hash = |bytes: &[u8]| Replay::read(bytes).expect("a replay").header().rules_hash;
    let embedded = canned_replay(ArenaPlugin, 10, 4, 1);
    assert_ne!(hash(&bytes), hash(&embedded));
    assert_eq!(hash(&canned_replay(ArenaPlugin, 11, 4, 1)), hash(&embedded), "it tells rules apart, not matches");
}

#[test]
fn any_flipped_byte_makes_verification_fail() {
    let bytes = canned_replay(TinyPlugin, 12, 2, 35);
    assert!(verify(TinyPlugin, &bytes).is_ok());
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0xff;
        assert!(matches!(verify(TinyPlugin, &flipped), Err(VerifyError::File(_))), "byte {place}");
    }
}

#[test]
fn a_summary_says_who_played_and_how_it_ended() {
    let text = summary(&canned_replay(ArenaPlugin, 13, 4, 100)).expect("a replay");
    for line in ["date     2023-11-14 22:13:20 UTC", "length   100 ticks, 3.3 s at 30 Hz", "map      basin, seed"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("player ").count(), 4, "{text}");
}
