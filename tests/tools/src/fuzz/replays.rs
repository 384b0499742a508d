//! Fuzz target of the reader of replays.

use framehouse_shared::{
    replay::{Compressor, FILE_BYTES_MAX, PartialReplay, RawBlock, Replay, ReplayEncoder, ReplayError, canned_replay},
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;

use crate::replays::Parts;

/// The rest of the input is a whole file.
const FILE: u8 = 0;
/// The rest of the input is the ticks of a block, in a file with correct checksums: `ticks (1), bytes`.
const BLOCK: u8 = 1;

thread_local! {
    static PARTS: Parts = Parts::of(&short());
}

fn short() -> Vec<u8> {
    canned_replay(TinyPlugin, 3, 2, 65)
}

/// Runs the reader of replays.
pub fn replay_decode(input: &[u8]) {
    let _ = match input {
        [FILE, bytes @ ..] => read(bytes),
        [_, ticks, bytes @ ..] => PARTS.with(|parts| read(&around(parts, u32::from(*ticks), bytes))),
        _ => Ok(()),
    };
}

/// Reads the whole file. A valid one is bounded, and encoding its parts gives the same replay again.
fn read(bytes: &[u8]) -> Result<(), ReplayError> {
    assert!(bytes.len() as u64 <= FILE_BYTES_MAX);
    if let Ok(beginning) = PartialReplay::read(bytes) {
        assert!(beginning.length() <= bytes.len());
        let _ = beginning.last_hashes();
    }
    let replay = Replay::read(bytes)?;
    replay.beginning.opening()?;
    let ticks: Result<Vec<_>, _> = replay.beginning.iter_ticks().collect();
    assert_eq!(ticks?.len() as u32, replay.trailer.ticks);
    let parts = Parts::of(bytes);
    assert_eq!(Parts::of(&parts.build()).ticks, parts.ticks);
    Ok(())
}

fn around(parts: &Parts, ticks: u32, block: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new();
    let (mut encoder, mut bytes) = ReplayEncoder::begin(&mut compressor, &parts.header, &parts.opening);
    bytes.extend(encoder.block(&mut compressor, &RawBlock { first: Tick(0), ticks, bytes: block.to_vec() }));
    let mut trailer = parts.trailer.clone();
    trailer.ticks = ticks;
    bytes.extend(encoder.end(&trailer));
    bytes
}

/// A short replay, and its only block.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = short();
    let block = Parts::of(&bytes).blocks().pop().expect("65 ticks");
    vec![[&[FILE], &bytes[..]].concat(), [&[BLOCK, block.ticks as u8], &block.bytes[..]].concat()]
}
