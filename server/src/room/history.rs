//! The closed frames of a match, as they went over the wire: the newest as they are, older ones compressed.

use std::collections::VecDeque;

use bevy::prelude::*;
use framehouse_shared::{
    ids::SLOTS_MAX,
    input::{Frame, Input},
    protocol::{
        codec::{Reader, put_varint},
        hot::encode_blob,
    },
    sim::{Rooms, SimRoom},
    state_hash::StateHashes,
    tick::Tick,
};

use crate::config::RoomSettings;

/// A frame carries the hash of the state after it this often.
pub const HASH_INTERVAL: u32 = 30;
/// Hashes are kept for so many frames: ten seconds at 30 Hz, which is longer than any report takes.
const HASHED_FRAMES: usize = 300;
/// A block of frames is some 4 KB; level 1 takes some 20 us.
const ZSTD_LEVEL: i32 = 1;
/// Bytes of a block before compression, at most: what a hostile match can reach is far below.
const BLOCK_BYTES_MAX: usize = 4 << 20;

/// The frames of a match.
///
/// The last `history_frames` at least can be read at once: a client that misses more gets the whole state. Older ones lie
/// in compressed blocks of as many, and can be read back.
#[derive(Component, Debug, Default)]
pub struct FrameHistory {
    blocks: Vec<Block>,
    /// The tick of the oldest frame that is not in a block.
    first: Tick,
    blobs: VecDeque<Vec<u8>>,
    /// Of the last frames.
    hashes: VecDeque<StateHashes>,
    last_inputs: [Input; SLOTS_MAX],
}

#[derive(Debug)]
struct Block {
    first: Tick,
    frames: u32,
    compressed: Vec<u8>,
}

impl FrameHistory {
    /// One past the newest frame.
    pub fn end(&self) -> Tick {
        self.first.plus(self.blobs.len() as u32)
    }

    /// The oldest frame that can be read at once.
    pub const fn first(&self) -> Tick {
        self.first
    }

    /// How many frames there are, in blocks or not.
    pub fn len(&self) -> usize {
        self.blobs.len() + self.blocks.iter().map(|block| block.frames as usize).sum::<usize>()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.end() == Tick(0)
    }

    /// The memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block.compressed.len() + size_of::<Block>()).sum();
        let blobs: usize = self.blobs.iter().map(|blob| blob.capacity() + size_of::<Vec<u8>>()).sum();
        let hashes: usize = self.hashes.iter().map(|hashes| size_of_val(hashes) + size_of_val(&*hashes.0)).sum();
        blocks + blobs + hashes
    }

    /// The encoded frame of a tick, while it can be read at once.
    pub fn blob(&self, tick: Tick) -> Option<&[u8]> {
        self.blobs.get(tick.0.checked_sub(self.first.0)? as usize).map(Vec::as_slice)
    }

    /// The newest encoded frame; it can always be read at once.
    pub fn newest(&self) -> Option<&[u8]> {
        self.blobs.back().map(Vec::as_slice)
    }

    /// The encoded frames from tick `first` to the end of its block, or to the end of all if it is in none.
    pub fn read_from(&self, first: Tick) -> Vec<Vec<u8>> {
        let is_inside = |block: &&Block| (block.first.0..block.first.0 + block.frames).contains(&first.0);
        match self.blocks.iter().find(is_inside) {
            Some(block) => block.read().split_off((first.0 - block.first.0) as usize),
            None => self.blobs.iter().skip(first.since(self.first) as usize).cloned().collect(),
        }
    }

    /// The hashes of the state after a tick, while they are kept.
    pub fn hashes(&self, tick: Tick) -> Option<&StateHashes> {
        let first = self.end().0 - self.hashes.len() as u32;
        self.hashes.get(tick.0.checked_sub(first)? as usize)
    }

    /// Keeps the frame of the next tick.
    fn record(&mut self, frame: &Frame, hashes: &StateHashes) {
        debug_assert_eq!(frame.tick, self.end(), "frames are recorded one after the other");
        let hash = (frame.tick.0 % HASH_INTERVAL == HASH_INTERVAL - 1).then(|| hashes.combined());
        self.blobs.push_back(encode_blob(frame, &self.last_inputs, hash));
        self.last_inputs = frame.inputs;
        let mut oldest = (self.hashes.len() == HASHED_FRAMES).then(|| self.hashes.pop_front()).flatten();
        // The memory of the oldest ones serves the newest.
        match &mut oldest {
            Some(oldest) => oldest.clone_from(hashes),
            None => oldest = Some(hashes.clone()),
        }
        self.hashes.extend(oldest);
    }

    /// Compresses the oldest `frames` once there are twice as many and `spread` more: rooms that began together do not all
    /// compress in the same tick.
    fn compress_old(&mut self, frames: usize, spread: usize) {
        if self.blobs.len() < 2 * frames + spread % frames {
            return;
        }
        let old: Vec<Vec<u8>> = self.blobs.drain(..frames).collect();
        self.blocks.push(Block::of(self.first, &old));
        self.first = self.first.plus(frames as u32);
    }
}

impl Block {
    fn of(first: Tick, blobs: &[Vec<u8>]) -> Self {
        let mut bytes = Vec::with_capacity(blobs.len() * 16);
        for blob in blobs {
            put_varint(&mut bytes, blob.len() as u64);
            bytes.extend_from_slice(blob);
        }
        let compressed = zstd::bulk::compress(&bytes, ZSTD_LEVEL).expect("compressing into memory does not fail");
        Self { first, frames: blobs.len() as u32, compressed }
    }

    fn read(&self) -> Vec<Vec<u8>> {
        let bytes = zstd::bulk::decompress(&self.compressed, BLOCK_BYTES_MAX).expect("it was compressed by us");
        let mut reader = Reader::new(&bytes);
        let mut next = || {
            let length = reader.varint().ok()? as usize;
            reader.bytes(length).ok().map(<[u8]>::to_vec)
        };
        (0..self.frames).map(|_| next().expect("it was written by us")).collect()
    }
}

/// Records the frame that every playing room was just stepped with. Runs in `TickSet::Record`.
pub fn record_frames(
    settings: Res<RoomSettings>,
    mut rooms: Rooms<(&SimRoom, &Frame, &StateHashes, &mut FrameHistory)>,
) {
    let frames = settings.history_frames as usize;
    rooms.for_each_room(|(room, frame, hashes, mut history)| {
        history.record(frame, hashes);
        // A prime, so that rooms with numbers in a row are far apart.
        history.compress_old(frames, (room.id.0 % frames as u64) as usize * 7);
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(tick: u32, seed: u8) -> Frame {
        let mut frame = Frame { tick: Tick(tick), ..default() };
        frame.inputs[usize::from(seed) % SLOTS_MAX].0[usize::from(seed / 16) % 8] = seed ^ tick as u8;
        frame
    }

    proptest! {
        /// Compressed or not, every frame can be read back as it was recorded, from any tick on.
        #[test]
        fn compressed_frames_are_what_was_recorded(
            seeds in proptest::collection::vec(any::<u8>(), 1..700),
            frames in 30usize..120,
            spread in 0usize..1000,
            start: prop::sample::Index,
        ) {
            let (mut history, mut plain) = (FrameHistory::default(), FrameHistory::default());
            for (tick, seed) in seeds.iter().enumerate() {
                let (frame, hashes) = (frame(tick as u32, *seed), StateHashes(vec![Some(tick as u64)].into_iter().collect()));
                history.record(&frame, &hashes);
                history.compress_old(frames, spread);
                plain.record(&frame, &hashes);
            }
            prop_assert!(history.blobs.len() < 3 * frames);
            prop_assert_eq!((history.len(), history.end()), (seeds.len(), Tick(seeds.len() as u32)));
            let mut tick = Tick(start.index(seeds.len()) as u32);
            while tick < history.end() {
                let blobs = history.read_from(tick);
                prop_assert!(!blobs.is_empty());
                for blob in blobs {
                    prop_assert_eq!(Some(blob.as_slice()), plain.blob(tick));
                    tick = tick.plus(1);
                }
            }
            let last = history.end().minus(1);
            prop_assert_eq!(history.hashes(last).map(|hashes| hashes.0[0]), Some(Some(u64::from(last.0))));
        }
    }
}
