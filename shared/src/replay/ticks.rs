//! Iterator over the ticks of a replay, block by block.

use super::{
    BLOCK_BYTES_MAX, BLOCKS_BYTES_MAX,
    block::{Recorded, take_tick},
    compress::Decompressor,
    error::{Part, ReplayError},
};
use crate::{ids::SLOTS_MAX, input::Input, protocol::codec::Reader, tick::Tick};

/// A compressed block.
pub(super) struct Block<'a> {
    pub first: Tick,
    pub ticks: u32,
    pub compressed: &'a [u8],
}

impl Block<'_> {
    const fn part(&self) -> Part {
        Part::Block(self.first)
    }
}

/// Iterator over the ticks of a replay, in order. It ends after an error.
pub struct Ticks<'r> {
    blocks: &'r [Block<'r>],
    decompressor: Decompressor,
    raw: Vec<u8>,
    /// Size of all blocks so far, before compression, in bytes.
    unpacked: u64,
    read: usize,
    next: Tick,
    inputs: [Input; SLOTS_MAX],
}

impl Iterator for Ticks<'_> {
    type Item = Result<Recorded, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.blocks.first()?;
        let recorded = self.take(block);
        match &recorded {
            Ok(recorded) => self.inputs = recorded.frame.inputs,
            Err(_) => self.blocks = &[],
        }
        Some(recorded)
    }
}

impl<'r> Ticks<'r> {
    /// Iterates over all ticks of these blocks, the first of which begins at tick 0.
    pub(super) fn new(blocks: &'r [Block<'r>]) -> Self {
        let inputs = [Input::NEUTRAL; SLOTS_MAX];
        Self { blocks, decompressor: Decompressor::new(), raw: Vec::new(), unpacked: 0, read: 0, next: Tick(0), inputs }
    }

    fn take(&mut self, block: &'r Block) -> Result<Recorded, ReplayError> {
        if self.next == block.first {
            self.decompressor.decompress(block.compressed, BLOCK_BYTES_MAX, &mut self.raw, block.part())?;
            self.unpacked += self.raw.len() as u64;
            // A caller that keeps all ticks relies on this limit: a small file can decompress to much more.
            if self.unpacked > BLOCKS_BYTES_MAX {
                return Err(ReplayError::TooLarge);
            }
            self.read = 0;
        }
        let mut reader = Reader::new(&self.raw[self.read..]);
        let recorded = take_tick(&mut reader, self.next, &self.inputs, block.part())?;
        self.read = self.raw.len() - reader.rest().len();
        self.next = self.next.plus(1);
        if self.next == block.first.plus(block.ticks) {
            reader.finish().map_err(|_| ReplayError::Impossible(block.part()))?;
            self.blocks = &self.blocks[1..];
        }
        Ok(recorded)
    }
}
