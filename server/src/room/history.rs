//! The closed frames of a match, as they went over the wire.

use std::collections::VecDeque;

use bevy::prelude::*;
use framehouse_shared::{
    ids::SLOTS_MAX,
    input::{Frame, Input},
    protocol::hot::encode_blob,
    sim::Rooms,
    state_hash::StateHashes,
    tick::Tick,
};

/// Frames and hashes kept: ten seconds at 30 Hz. A client that misses more gets the whole state.
pub const HISTORY_FRAMES: usize = 300;
/// A frame carries the hash of the state after it this often.
pub const HASH_INTERVAL: u32 = 30;

/// The last frames of a match.
#[derive(Component, Debug, Default)]
pub struct FrameHistory {
    /// The tick of the oldest frame kept.
    first: Tick,
    frames: VecDeque<RecordedFrame>,
    last_inputs: [Input; SLOTS_MAX],
}

#[derive(Debug)]
struct RecordedFrame {
    blob: Vec<u8>,
    hashes: StateHashes,
}

impl FrameHistory {
    /// One past the newest frame.
    pub fn end(&self) -> Tick {
        self.first.plus(self.frames.len() as u32)
    }

    /// The oldest frame that is kept.
    pub const fn first(&self) -> Tick {
        self.first
    }

    /// The encoded frame of a tick, while it is kept.
    pub fn blob(&self, tick: Tick) -> Option<&[u8]> {
        self.at(tick).map(|frame| frame.blob.as_slice())
    }

    /// The hashes of the state after a tick, while they are kept.
    pub fn hashes(&self, tick: Tick) -> Option<&StateHashes> {
        self.at(tick).map(|frame| &frame.hashes)
    }

    fn at(&self, tick: Tick) -> Option<&RecordedFrame> {
        self.frames.get(tick.0.checked_sub(self.first.0)? as usize)
    }

    fn record(&mut self, frame: &Frame, hashes: &StateHashes) {
        debug_assert_eq!(frame.tick, self.end(), "frames are recorded one after the other");
        let hash = (frame.tick.0 % HASH_INTERVAL == HASH_INTERVAL - 1).then(|| hashes.combined());
        if self.frames.len() == HISTORY_FRAMES {
            self.frames.pop_front();
            self.first = self.first.plus(1);
        }
        let blob = encode_blob(frame, &self.last_inputs, hash);
        self.frames.push_back(RecordedFrame { blob, hashes: hashes.clone() });
        self.last_inputs = frame.inputs;
    }
}

/// Records the frame that every playing room was just stepped with. Runs in `TickSet::Record`.
pub fn record_frames(mut rooms: Rooms<(&Frame, &StateHashes, &mut FrameHistory)>) {
    rooms.for_each_room(|(frame, hashes, mut history)| history.record(frame, hashes));
}
