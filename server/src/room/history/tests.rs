use framehouse_shared::state_hash::is_compared;
use framehouse_shared::{
    input::{RosterChange, RosterEvent},
    replay::{PastTick, read_range},
};
use proptest::prelude::*;

use super::*;

/// A frame with one input. If `seed` is a multiple of 16, a player joins.
fn frame(tick: u32, seed: u8) -> Frame {
    let mut frame = Frame { tick: Tick(tick), ..default() };
    let slot = Slot::all().nth(usize::from(seed) % SLOTS_MAX).expect("in range");
    frame.inputs[slot.index()].0[usize::from(seed / 16) % 8] = seed ^ tick as u8;
    if seed.is_multiple_of(16) {
        frame.events.push(RosterEvent { change: RosterChange::Join, slot });
    }
    frame
}

fn name(slot: Slot) -> &'static str {
    ["Ada", "Bob"][slot.index() % 2]
}

fn hashes(tick: u32) -> StateHashes {
    StateHashes(vec![Some(u64::from(tick))].into_iter().collect())
}

/// The ticks of the range that contains `first`, decoded as a client does.
fn read(history: &FrameHistory, first: Tick, inputs: &[[Input; SLOTS_MAX]]) -> Vec<PastTick> {
    let (content, bytes) = history.range(first).expect("the frame is there");
    let HistoryContent::Frames { first, ticks, is_compressed } = content else { panic!("{content:?} is no frames") };
    let unpacked = is_compressed.then(|| zstd::bulk::decompress(&bytes, RANGE_BYTES_MAX).expect("a block of ours"));
    let previous = first.0.checked_sub(1).map_or([Input::NEUTRAL; SLOTS_MAX], |before| inputs[before as usize]);
    read_range(unpacked.as_deref().unwrap_or(&bytes), first, ticks.into(), previous).expect("a range of ours")
}

proptest! {
    /// Compressed and uncompressed frames agree: for any requested tick, a range has the ticks that were recorded.
    #[test]
    fn every_range_holds_what_was_recorded(
        seeds in proptest::collection::vec(any::<u8>(), 1..900),
        frames in 30usize..400,
        spread in 0usize..1000,
        start: prop::sample::Index,
    ) {
        let (mut history, mut raw) = (FrameHistory::default(), FrameHistory::default());
        let recorded: Vec<Frame> = seeds.iter().zip(0..).map(|(seed, tick)| frame(tick, *seed)).collect();
        let inputs: Vec<[Input; SLOTS_MAX]> = recorded.iter().map(|frame| frame.inputs).collect();
        for frame in &recorded {
            let after = is_compared(frame.tick).then(|| hashes(frame.tick.0));
            history.record(frame, name, after.as_ref(), 300);
            history.compress_old(frames, spread);
            raw.record(frame, name, after.as_ref(), 300);
        }
        prop_assert!(history.newest.len() < 3 * frames);
        prop_assert!(history.joined.iter().all(|(tick, _)| *tick >= history.first()));
        prop_assert_eq!((history.len(), history.end()), (seeds.len(), Tick(seeds.len() as u32)));
        let mut tick = Tick(start.index(seeds.len()) as u32);
        while tick < history.end() {
            let (stored, plain) = (read(&history, tick, &inputs), read(&raw, tick, &inputs));
            let known = stored.iter().position(|past| past.frame.tick == tick).expect("the range has the tick");
            let common = plain.len().min(stored.len() - known);
            prop_assert_eq!(&stored[known..known + common], &plain[..common]);
            for past in &stored {
                let frame = &recorded[past.frame.tick.0 as usize];
                prop_assert_eq!(&past.frame, frame);
                prop_assert!(past.joined.iter().map(|(slot, _)| *slot).eq(joined_in(frame)));
                prop_assert!(past.joined.iter().all(|(slot, joined)| joined == name(*slot)));
                let hash = is_hash_tick(past.frame.tick).then(|| hashes(past.frame.tick.0).combined());
                prop_assert_eq!(past.hash, hash);
            }
            tick = stored.last().expect("no range is empty").frame.tick.plus(1);
        }
        prop_assert!(history.range(history.end()).is_none());
        for tick in (0..history.end().0).map(Tick) {
            let is_kept = is_compared(tick) && history.end().since(tick) <= 285;
            let expected = is_kept.then(|| hashes(tick.0));
            prop_assert!(!is_kept || history.hashes(tick) == expected.as_ref(), "after {}", tick);
            prop_assert!(is_compared(tick) || history.hashes(tick).is_none());
        }
        prop_assert!(history.hashes.len() <= 21);
    }
}

#[test]
fn the_opening_state_is_kept_once() {
    let mut history = FrameHistory::default();
    assert_eq!(history.opening(), None);
    history.keep_opening(b"first");
    history.keep_opening(b"second");
    assert_eq!((history.opening().as_deref(), history.bytes()), (Some(&b"first"[..]), 5));
}
