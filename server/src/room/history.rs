//! Frame history of a match, in wire encoding: the newest frames uncompressed, older ones in compressed blocks.

mod newest;

use std::{collections::VecDeque, sync::Arc};

use bevy::prelude::*;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    input::{Frame, Input},
    protocol::{
        datagram::{decode_frame, put_frame},
        messages::HistoryContent,
    },
    replay::{RANGE_BYTES_MAX, RANGE_TICKS_MAX, is_hash_tick, joined_in, put_past_tick},
    sim::{Rooms, SimRoom},
    state_hash::StateHashes,
    tick::Tick,
};

use newest::NewestFrames;

use super::{compared::ComparedHashes, inputs::Participants};
use crate::{config::RoomSettings, schedule::TickRate};

/// Seconds for which the hashes of compared states are kept: longer than any desync report takes on its way.
const HASHES_SECONDS: f64 = 4.0;
/// Compression level. A block is about 4 KB and takes about 20 us at level 1.
const ZSTD_LEVEL: i32 = 1;

/// All frames of a match, and its opening state.
///
/// At least the frames of the last `history_s` seconds are uncompressed; a client that misses older ones gets a snapshot.
/// Older frames are in compressed blocks of at most [`RANGE_TICKS_MAX`] ticks. [`range`](Self::range) reads both.
#[derive(Component, Debug, Default)]
pub struct FrameHistory {
    /// The compressed state before tick 0, once a snapshot of it was sent.
    opening: Option<Arc<[u8]>>,
    /// Blocks in order, without gaps.
    blocks: Vec<Block>,
    /// Tick of the oldest uncompressed frame.
    first: Tick,
    /// The inputs of the tick before it.
    inputs_before: [Input; SLOTS_MAX],
    newest: NewestFrames,
    /// Names of players that join in uncompressed frames, in order.
    joined: VecDeque<(Tick, String)>,
    /// Hashes of the newest compared states, by tick.
    hashes: VecDeque<(Tick, StateHashes)>,
    last_inputs: [Input; SLOTS_MAX],
    /// Number of newest frames that were not sent.
    unsent: u32,
}

#[derive(Debug)]
struct Block {
    first: Tick,
    frames: u32,
    compressed: Arc<[u8]>,
}

impl FrameHistory {
    /// One past the newest frame.
    pub fn end(&self) -> Tick {
        self.first.plus(self.newest.len() as u32)
    }

    /// Tick of the oldest uncompressed frame.
    pub const fn first(&self) -> Tick {
        self.first
    }

    /// Number of frames, compressed or not.
    pub fn len(&self) -> usize {
        self.newest.len() + self.blocks.iter().map(|block| block.frames as usize).sum::<usize>()
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.end() == Tick(0)
    }

    /// Approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block.compressed.len() + size_of::<Block>()).sum();
        let hashes = self.hashes.capacity() * size_of::<(Tick, StateHashes)>();
        blocks + self.newest.bytes() + hashes + self.opening.as_ref().map_or(0, |opening| opening.len())
    }

    /// The encoded frame of a tick, if it is uncompressed.
    pub fn encoded_frame(&self, tick: Tick) -> Option<&[u8]> {
        self.newest.get(tick.0.checked_sub(self.first.0)? as usize)
    }

    /// The uncompressed frames from tick `first` on, with the hashes in them.
    pub(super) fn decoded_from(&self, first: Tick) -> impl Iterator<Item = (Frame, Option<u64>)> {
        self.decode(self.newest.len() as u32).skip(first.since(self.first) as usize)
    }

    /// The oldest uncompressed frames, as many as asked for, with the hashes in them.
    fn decode(&self, count: u32) -> impl Iterator<Item = (Frame, Option<u64>)> {
        (self.first.0..self.first.0 + count).map(Tick).scan(self.inputs_before, |inputs, tick| {
            let frame = decode_frame(self.encoded_frame(tick)?, tick, inputs).expect("the history has encoded it");
            *inputs = frame.0.inputs;
            Some(frame)
        })
    }

    /// Number of newest frames that were not sent.
    pub(super) const fn unsent(&self) -> u32 {
        self.unsent
    }

    /// Notes that all frames were sent.
    pub(super) const fn note_sent(&mut self) {
        self.unsent = 0;
    }

    /// The newest encoded frame.
    pub fn newest(&self) -> Option<&[u8]> {
        self.newest.last()
    }

    /// Number of bytes of the encoded frames from a tick on; the tick must be uncompressed.
    pub fn bytes_from(&self, first: Tick) -> usize {
        self.newest.bytes_from(first.since(self.first) as usize)
    }

    /// Stores the compressed state before tick 0. Later calls do nothing.
    pub(super) fn keep_opening(&mut self, compressed: &[u8]) {
        if self.opening.is_none() && !compressed.is_empty() {
            self.opening = Some(compressed.into());
        }
    }

    /// The compressed state before tick 0.
    pub(super) fn opening(&self) -> Option<Arc<[u8]>> {
        self.opening.clone()
    }

    /// Bytes of consecutive frames that begin at or before `first`, and their description. `None` if frame `first` does
    /// not exist yet. A compressed block is returned whole.
    pub fn range(&self, first: Tick) -> Option<(HistoryContent, Arc<[u8]>)> {
        match self.blocks.binary_search_by_key(&first, |block| block.first) {
            _ if first >= self.end() => None,
            _ if first >= self.first => Some(self.raw_range(first)),
            Ok(place) => Some(self.blocks[place].range()),
            // The block before the insertion point contains the tick.
            Err(place) => Some(self.blocks[place.checked_sub(1)?].range()),
        }
    }

    fn raw_range(&self, first: Tick) -> (HistoryContent, Arc<[u8]>) {
        let mut bytes = Vec::new();
        let ticks = self.end().since(first).min(RANGE_TICKS_MAX);
        self.put_ticks(first, ticks, &mut bytes);
        (HistoryContent::Frames { first, ticks: ticks as u16, is_compressed: false }, bytes.into())
    }

    /// Appends uncompressed ticks to `bytes`.
    fn put_ticks(&self, first: Tick, ticks: u32, bytes: &mut Vec<u8>) {
        let mut joined = self.joined.range(self.joined.partition_point(|(at, _)| *at < first)..).peekable();
        for tick in (first.0..first.0 + ticks).map(Tick) {
            let encoded_frame = self.encoded_frame(tick).expect("the caller asks for frames that are there");
            let names = std::iter::from_fn(|| joined.next_if(|(at, _)| *at == tick));
            put_past_tick(bytes, encoded_frame, names.map(|(_, name)| name.as_str()));
        }
    }

    /// The hashes of the compared state after a tick, while they are kept.
    pub fn hashes(&self, tick: Tick) -> Option<&StateHashes> {
        self.hashes.iter().find(|(after, _)| *after == tick).map(|(_, hashes)| hashes)
    }

    /// Appends the frame of the next tick, with the names of players that join in it. `hashes` are those of the state
    /// after it, if it is compared; they are kept for so many ticks.
    fn record<'a>(
        &mut self,
        frame: &Frame,
        name: impl Fn(Slot) -> &'a str,
        hashes: Option<&StateHashes>,
        kept_ticks: u32,
    ) {
        debug_assert_eq!(frame.tick, self.end(), "frames are recorded one after the other");
        let hash = hashes.filter(|_| is_hash_tick(frame.tick)).map(StateHashes::combined);
        self.newest.push(|bytes| put_frame(bytes, frame, &self.last_inputs, hash));
        self.last_inputs = frame.inputs;
        self.unsent += 1;
        self.joined.extend(joined_in(frame).map(|slot| (frame.tick, name(slot).to_owned())));
        if let Some(hashes) = hashes {
            self.hashes.retain(|(after, _)| frame.tick.since(*after) < kept_ticks);
            self.hashes.push_back((frame.tick, hashes.clone()));
        }
    }

    /// Compresses the oldest frames once there are more than `2 * frames + spread % frames`. `spread` differs by room,
    /// so that rooms that began together do not all compress in the same tick.
    fn compress_old(&mut self, frames: usize, spread: usize) {
        if self.newest.len() < 2 * frames + spread % frames {
            return;
        }
        let old = frames.min(RANGE_TICKS_MAX as usize);
        let mut bytes = Vec::with_capacity(old * 16);
        self.put_ticks(self.first, old as u32, &mut bytes);
        self.blocks.push(Block::of(self.first, old as u32, &bytes));
        self.inputs_before = self.decode(old as u32).last().map_or(self.inputs_before, |(frame, _)| frame.inputs);
        self.newest.remove_oldest(old);
        self.first = self.first.plus(old as u32);
        let kept = self.joined.partition_point(|(tick, _)| *tick < self.first);
        self.joined.drain(..kept);
    }
}

impl Block {
    fn of(first: Tick, frames: u32, bytes: &[u8]) -> Self {
        debug_assert!(bytes.len() <= RANGE_BYTES_MAX, "the longest ticks possible need less");
        let compressed = zstd::bulk::compress(bytes, ZSTD_LEVEL).expect("compressing into memory does not fail");
        Self { first, frames, compressed: compressed.into() }
    }

    fn range(&self) -> (HistoryContent, Arc<[u8]>) {
        let content = HistoryContent::Frames { first: self.first, ticks: self.frames as u16, is_compressed: true };
        (content, Arc::clone(&self.compressed))
    }
}

/// Records the frame that each playing room was just stepped with. Runs in `TickSet::Record`.
pub fn record_frames(
    settings: Res<RoomSettings>,
    rate: Res<TickRate>,
    mut rooms: Rooms<(&SimRoom, &Frame, &ComparedHashes, &Participants, &mut FrameHistory)>,
) {
    let frames = settings.history_frames(*rate) as usize;
    let kept_ticks = rate.of_simulation().ticks_min_1(HASHES_SECONDS);
    rooms.for_each_room(|(room, frame, hashes, participants, mut history)| {
        history.record(frame, |slot| participants.name(slot), hashes.after(frame.tick), kept_ticks);
        // A prime factor, so that rooms with consecutive ids are far apart.
        history.compress_old(frames, (room.id.0 % frames as u64) as usize * 7);
    });
}

#[cfg(test)]
mod tests;
