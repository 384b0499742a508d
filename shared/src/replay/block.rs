//! Blocks of recorded ticks: writing and reading.

use arrayvec::ArrayVec;

use super::{
    BLOCK_BYTES_MAX, BLOCK_TICKS, BLOCKS_BYTES_MAX, TICKS_MAX,
    error::{Part, ReplayError},
    is_hash_tick,
    range::{PastTick, joined_in, put_past_tick, take_past_tick},
};
use crate::{
    ids::{SLOTS_MAX, Slot},
    input::{Frame, Input},
    protocol::codec::{CodecError, Reader},
    state_hash::StateHashes,
    tick::Tick,
};

/// Consecutive ticks of a match, not compressed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawBlock {
    /// First tick, a multiple of [`BLOCK_TICKS`].
    pub first: Tick,
    /// Number of ticks, 1 to [`BLOCK_TICKS`]; only the last block of a match has fewer.
    pub ticks: u32,
    /// Encoded ticks, one after the other.
    pub bytes: Vec<u8>,
}

impl RawBlock {
    /// Iterates over its ticks, in order. `previous` are the inputs of the tick before the first.
    pub fn iter_ticks(&self, mut previous: [Input; SLOTS_MAX]) -> impl Iterator<Item = Result<Recorded, ReplayError>> {
        let mut reader = Reader::new(&self.bytes);
        (0..self.ticks).map(move |place| {
            let recorded = take_tick(&mut reader, self.first.plus(place), &previous, Part::Block(self.first))?;
            previous = recorded.frame.inputs;
            Ok(recorded)
        })
    }
}

/// Collects the ticks of a match into blocks.
#[derive(Debug, Default)]
pub struct Recorder {
    block: RawBlock,
    given_out: u64,
}

impl Recorder {
    /// Records the next tick: its frame as [`encode_frame`](crate::protocol::datagram::encode_frame) encoded it, the
    /// names of players that join in it, and the hashes of the state after it, which only [hash ticks](is_hash_tick) need.
    /// Returns a completed block.
    ///
    /// # Panics
    /// When the frame is not that of the next tick: a gap would make the whole replay useless. When a hash tick has no
    /// hashes.
    pub fn push<'a>(
        &mut self,
        frame: &Frame,
        encoded_frame: &[u8],
        name: impl Fn(Slot) -> &'a str,
        hashes: Option<&StateHashes>,
    ) -> Option<RawBlock> {
        assert_eq!(frame.tick.0, self.ticks(), "ticks are recorded one after the other");
        let bytes = &mut self.block.bytes;
        put_past_tick(bytes, encoded_frame, joined_in(frame).map(name));
        if is_hash_tick(frame.tick) {
            put_hashes(bytes, hashes.expect("a hash tick has hashes"));
        }
        self.block.ticks += 1;
        if self.block.ticks == BLOCK_TICKS { self.take_block() } else { None }
    }

    /// Takes the recorded ticks that no earlier block contains; `None` if there are none.
    pub fn take_block(&mut self) -> Option<RawBlock> {
        if self.block.ticks == 0 {
            return None;
        }
        // The next block will be about as long as this one.
        let bytes = Vec::with_capacity(self.block.bytes.len());
        let next = RawBlock { first: Tick(self.ticks()), ticks: 0, bytes };
        self.given_out += self.block.bytes.len() as u64;
        Some(std::mem::replace(&mut self.block, next))
    }

    /// The recorded ticks that no earlier block contains.
    pub const fn unfinished(&self) -> &RawBlock {
        &self.block
    }

    /// Number of recorded ticks.
    pub const fn ticks(&self) -> u32 {
        self.block.first.0 + self.block.ticks
    }

    /// Whether the replay has its maximum length, so that no tick may be added. Check it after every block.
    pub const fn is_full(&self) -> bool {
        let has_no_room = self.given_out > BLOCKS_BYTES_MAX - BLOCK_BYTES_MAX as u64;
        self.block.ticks == 0 && (self.ticks() >= TICKS_MAX || has_no_room)
    }
}

/// A recorded tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Frame: everything that the simulation of the tick depends on.
    pub frame: Frame,
    /// Slots and names of the players that join in it, in the order of the frame's events.
    pub joined: ArrayVec<(Slot, String), SLOTS_MAX>,
    /// Hashes of the state after it, for every 30th tick.
    pub hashes: Option<StateHashes>,
}

/// Reads the next tick of a block.
pub(super) fn take_tick(
    reader: &mut Reader,
    tick: Tick,
    previous: &[Input; SLOTS_MAX],
    block: Part,
) -> Result<Recorded, ReplayError> {
    take_recorded(reader, tick, previous).map_err(|_| ReplayError::Impossible(block))
}

fn take_recorded(reader: &mut Reader, tick: Tick, previous: &[Input; SLOTS_MAX]) -> Result<Recorded, CodecError> {
    let PastTick { frame, joined, hash } = take_past_tick(reader, tick, previous)?;
    let hashes = if is_hash_tick(tick) { Some(take_hashes(reader)?) } else { None };
    // The frame carries the combination of these hashes, which clients compared with their own.
    if hash == hashes.as_ref().map(StateHashes::combined) {
        Ok(Recorded { frame, joined, hashes })
    } else {
        Err(CodecError::Invalid)
    }
}

fn put_hashes(bytes: &mut Vec<u8>, hashes: &StateHashes) {
    bytes.push(hashes.0.len() as u8);
    for hash in &hashes.0 {
        bytes.push(u8::from(hash.is_some()));
        bytes.extend(hash.iter().flat_map(|hash| hash.to_le_bytes()));
    }
}

fn take_hashes(reader: &mut Reader) -> Result<StateHashes, CodecError> {
    let mut hashes = StateHashes::default();
    for _ in 0..reader.u8()? {
        let hash = match reader.u8()? {
            0 => None,
            1 => Some(reader.u64()?),
            _ => return Err(CodecError::Invalid),
        };
        hashes.0.try_push(hash).map_err(|_| CodecError::Invalid)?;
    }
    Ok(hashes)
}
