//! Tests: any bytes are a replay or an error, and reading a replay returns what was recorded.

use arrayvec::ArrayVec;
use proptest::prelude::*;

use super::{section::*, *};
use crate::{
    ids::{SLOTS_MAX, Slot},
    input::{Command, Frame, Input, RosterChange, RosterEvent},
    protocol::datagram::encode_frame,
    simulation::bot_match,
    state_hash::StateHashes,
    test_game::TestGame,
};

/// A replay of 70 ticks, with two hashes, joins, and a block that is not full.
fn short() -> Vec<u8> {
    canned_replay(TestGame, 7, 2, 70)
}

/// Reads everything. The result only matters where the test expects a certain one; no bytes may cause a panic.
fn read_all(bytes: &[u8]) -> Result<u32, ReplayError> {
    let replay = Replay::read(bytes)?;
    replay.beginning.opening()?;
    let mut ticks = 0;
    for tick in replay.beginning.iter_ticks() {
        assert_eq!(tick?.frame.tick.0, ticks);
        ticks += 1;
    }
    assert_eq!(ticks, replay.trailer.ticks);
    Ok(ticks)
}

#[test]
fn a_recorded_match_reads_back_tick_by_tick() {
    let bytes = canned_replay(TestGame, 7, 4, 700);
    let replay = Replay::read(&bytes).expect("a whole replay");
    let mut ticks = replay.beginning.iter_ticks();
    bot_match(TestGame, 7, 4, 700, |tick, simulation| {
        let recorded = ticks.next().expect("a tick").expect("a good one");
        assert_eq!(Some(&recorded.frame), simulation.get::<Frame>());
        assert_eq!(recorded.hashes, is_hash_tick(tick).then(|| simulation.hashes()));
    });
    assert!(ticks.next().is_none());
    assert_eq!((replay.beginning.ticks(), replay.trailer.ticks), (700, 700));
    assert_eq!(replay.header().map, "plain");
}

#[test]
fn who_joins_is_recorded_by_name() {
    let bytes = short();
    let replay = Replay::read(&bytes).expect("a whole replay");
    let mut joined = replay.beginning.iter_ticks().flat_map(|tick| tick.expect("a good tick").joined);
    let slot = |number| Slot::new(number).expect("in range");
    assert_eq!(joined.next(), Some((slot(0), "Ada".to_owned())));
    assert_eq!(joined.next(), Some((slot(1), "Bo".to_owned())));
}

#[test]
fn any_flipped_bit_is_found() {
    let bytes = short();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[place] ^= 1 << bit;
            assert!(Replay::read(&altered).is_err(), "bit {bit} of byte {place}");
        }
    }
}

#[test]
fn any_truncation_is_found_and_leaves_a_beginning() {
    let bytes = short();
    let whole = PartialReplay::read(&bytes).expect("a beginning").length();
    for length in 0..bytes.len() {
        assert!(Replay::read(&bytes[..length]).is_err(), "cut off after {length}");
        if length >= whole {
            assert_eq!(PartialReplay::read(&bytes[..length]).map(|beginning| beginning.ticks()), Ok(70));
        }
    }
    assert_eq!(Replay::read(&[&bytes[..], &[0]].concat()).err(), Some(ReplayError::TooLong));
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let bytes = canned_replay(TestGame, 7, 2, 400);
    let error = |bytes: &[u8]| Replay::read(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(error(b"PNG"), "it is not a replay");
    assert!(error(&[&MAGIC[..], &[9, 0]].concat()).starts_with("it is a replay of format 9"));
    let second = PartialReplay::read(&bytes).expect("a beginning").length() - 20;
    assert_eq!(error(&bytes[..second]), "it is cut off in its block of ticks from 300");
    let mut altered = bytes.clone();
    altered[second] ^= 1;
    assert_eq!(error(&altered), "it was altered or damaged in its block of ticks from 300");
    let mut longer = bytes.clone();
    longer[LENGTH_OF_HEADER] ^= 0x40;
    assert_eq!(
        error(&longer),
        "it was altered or damaged in its header",
        "other sections follow, so it is not cut off"
    );
}

/// Place of the highest byte of the header's length: magic bytes, format and tag are before the length.
const LENGTH_OF_HEADER: usize = MAGIC.len() + 2 + 1 + 3;

/// A replay of `ticks` ticks that consists of these blocks, with valid checksums.
fn around(blocks: &[&[u8]], ticks: u32) -> Vec<u8> {
    let bytes = short();
    let replay = Replay::read(&bytes).expect("a whole replay");
    let opening = replay.beginning.opening().expect("an opening");
    let mut compressor = Compressor::new();
    let (mut encoder, mut bytes) = ReplayEncoder::begin(&mut compressor, replay.header(), &opening);
    for (first, block) in (0..).step_by(BLOCK_TICKS as usize).zip(blocks) {
        let of_block = if blocks.len() == 1 { ticks } else { BLOCK_TICKS };
        let raw = RawBlock { first: Tick(first), ticks: of_block, bytes: block.to_vec() };
        bytes.extend(encoder.block(&mut compressor, &raw));
    }
    bytes.extend(encoder.end(&Trailer { ticks, ..replay.trailer }));
    bytes
}

/// A block of the largest possible ticks.
fn largest_block() -> Vec<u8> {
    let mut recorder = Recorder::default();
    let hashes = StateHashes([Some(u64::MAX); crate::state_hash::COMPONENTS_MAX].into());
    let bytes = ArrayVec::from([7; crate::input::COMMAND_BYTES_MAX]);
    let command = |slot| Command { slot, bytes: bytes.clone() };
    let events: ArrayVec<_, { 2 * SLOTS_MAX }> = [RosterChange::Leave, RosterChange::Join]
        .into_iter()
        .flat_map(|change| Slot::all().map(move |slot| RosterEvent { change, slot }))
        .collect();
    let name = "n".repeat(40);
    let mut previous = [Input::NEUTRAL; SLOTS_MAX];
    let block = (0..BLOCK_TICKS).map(Tick).find_map(|tick| {
        let inputs = [Input([(tick.0 % 250) as u8 + 1; 8]); SLOTS_MAX];
        let commands = Slot::all().take(crate::input::COMMANDS_MAX).map(command).collect();
        let entropy = Some(crate::input::Entropy(u32::MAX));
        let frame = Frame { tick, inputs, events: events.clone(), commands, entropy };
        let encoded_frame = encode_frame(&frame, &previous, is_hash_tick(tick).then(|| hashes.combined()));
        previous = inputs;
        recorder.push(&frame, &encoded_frame, |_| &name, Some(&hashes))
    });
    block.expect("it is full").bytes
}

#[test]
fn the_largest_ticks_fit_into_a_block() {
    let block = largest_block();
    assert!(block.len() <= BLOCK_BYTES_MAX, "{} bytes", block.len());
    assert_eq!(read_all(&around(&[&block], BLOCK_TICKS)), Ok(BLOCK_TICKS));
}

/// The blocks are almost equal, so they compress to a small file: the file's size does not limit the memory they need.
#[test]
fn blocks_that_unpack_to_more_than_a_replay_are_refused() {
    let block = largest_block();
    let blocks_max = (BLOCKS_BYTES_MAX / block.len() as u64) as usize;
    let ticks = |blocks: usize| blocks as u32 * BLOCK_TICKS;
    let good = around(&vec![&block[..]; blocks_max], ticks(blocks_max));
    assert_eq!(read_all(&good), Ok(ticks(blocks_max)));
    let bad = around(&vec![&block[..]; blocks_max + 1], ticks(blocks_max + 1));
    assert!(bad.len() < 4 << 20, "{} bytes", bad.len());
    assert_eq!(read_all(&bad), Err(ReplayError::TooLarge));
}

#[test]
fn a_replay_is_full_before_it_is_too_large() {
    let mut recorder = Recorder::default();
    let (frame, encoded_frame) = (Frame::default(), vec![0; 1500]);
    while !recorder.is_full() {
        let frame = Frame { tick: Tick(recorder.ticks()), ..frame.clone() };
        recorder.push(&frame, &encoded_frame, |_| "", Some(&StateHashes::default()));
    }
    assert!(recorder.ticks() > 35_000 && u64::from(recorder.ticks()) * 1500 < BLOCKS_BYTES_MAX);
}

#[test]
fn a_small_block_cannot_claim_much_memory() {
    let bomb = vec![0; 64 << 20];
    let compressed = zstd::bulk::compress(&bomb, 1).expect("zeros compress");
    for claimed in [1u32, BLOCK_BYTES_MAX as u32, BLOCK_BYTES_MAX as u32 + 1, u32::MAX] {
        let content = [&claimed.to_le_bytes()[..], &compressed].concat();
        let mut raw = Vec::new();
        let unpacked = compress::Decompressor::new().decompress(&content, BLOCK_BYTES_MAX, &mut raw, Part::Opening);
        assert_eq!(unpacked, Err(ReplayError::Impossible(Part::Opening)));
        assert!(raw.capacity() <= BLOCK_BYTES_MAX);
    }
}

fn sections(parts: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes()].concat();
    parts.iter().for_each(|(tag, content)| put(&mut bytes, *tag, content));
    let checksum = xxhash_rust::xxh3::xxh3_128(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

fn any_section() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let tags = prop::sample::select(vec![TAG_HEADER, TAG_OPENING, TAG_BLOCK, TAG_ENDING, TAG_SIGNATURE, 0]);
    (tags, prop::collection::vec(any::<u8>(), 0..200))
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        prop_assert!(Replay::read(&bytes).is_err());
        prop_assert!(PartialReplay::read(&bytes).is_err());
    }

    #[test]
    fn any_sections_with_good_checksums_are_read_without_panic(parts in prop::collection::vec(any_section(), 0..6)) {
        prop_assert!(read_all(&sections(&parts)).is_err());
    }

    #[test]
    fn any_block_with_good_checksums_is_read_without_panic(block: Vec<u8>, ticks in 0u32..400) {
        let _ = read_all(&around(&[&block], ticks));
    }

    #[test]
    fn an_altered_block_with_good_checksums_is_read_without_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let bytes = short();
        let replay = Replay::read(&bytes).expect("a whole replay");
        let mut block = Vec::new();
        let mut recorder = Recorder::default();
        for tick in replay.beginning.iter_ticks() {
            let Recorded { frame, hashes, .. } = tick.expect("a good tick");
            let hashes = hashes.unwrap_or_default();
            let hash = is_hash_tick(frame.tick).then(|| hashes.combined());
            let encoded_frame = encode_frame(&frame, &[Input::NEUTRAL; SLOTS_MAX], hash);
            recorder.push(&frame, &encoded_frame, |_| "Ada", Some(&hashes));
        }
        block.extend(recorder.take_block().expect("70 ticks").bytes);
        for (place, byte) in edits {
            *place.get_mut(&mut block) = byte;
        }
        let _ = read_all(&around(&[&block], 70));
    }
}
