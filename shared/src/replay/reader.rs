//! A replay's bytes, checked, and its ticks one after the other.

use xxhash_rust::xxh3::xxh3_128;

use super::{
    BLOCK_TICKS, FILE_BYTES_MAX, FORMAT, MAGIC, OPENING_BYTES_MAX, TICKS_MAX,
    compress::Decompressor,
    error::{Part, ReplayError},
    header::Header,
    section::{self, TAG_BLOCK, TAG_ENDING, TAG_HEADER, TAG_OPENING, take_u16, take_u32},
    ticks::{Block, Ticks},
    trailer::Trailer,
};
use crate::{
    protocol::codec::{CodecError, Reader},
    state_hash::StateHashes,
    tick::Tick,
};

/// The bytes of the checksum over the whole file.
const CHECKSUM_BYTES: usize = 16;

/// What can be read of a replay that may have no end: its sections up to the first that is not whole.
pub struct PartialReplay<'a> {
    /// What the match was.
    pub header: Header,
    opening: &'a [u8],
    blocks: Vec<Block<'a>>,
    length: usize,
}

impl<'a> PartialReplay<'a> {
    /// Reads as many whole sections as there are.
    ///
    /// # Errors
    /// When there is no header and no opening state, or the bytes are more than a replay has.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReplayError> {
        Self::read_checked(bytes).map(|(beginning, _)| beginning)
    }

    /// The same, and what is wrong with the block after the last whole one, if one is there.
    fn read_checked(bytes: &'a [u8]) -> Result<(Self, Result<(), ReplayError>), ReplayError> {
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ReplayError::TooLarge);
        }
        let mut reader = Reader::new(bytes);
        take_format(&mut reader)?;
        let header = section::take(&mut reader, TAG_HEADER, Part::Header)?;
        let header = Header::decode(header).map_err(|_| ReplayError::Impossible(Part::Header))?;
        let opening = section::take(&mut reader, TAG_OPENING, Part::Opening)?;
        let mut blocks = Vec::new();
        let blocks_read = take_blocks(&mut reader, &mut blocks);
        let length = bytes.len() - reader.rest().len();
        Ok((Self { header, opening, blocks, length }, blocks_read))
    }

    /// How many ticks are in the whole blocks.
    pub fn ticks(&self) -> u32 {
        next_tick(&self.blocks).0
    }

    /// How many bytes there are up to the end of the last whole section before the ending.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The state before tick 0, serialised.
    ///
    /// # Errors
    /// When it is not what a recorder writes.
    pub fn opening(&self) -> Result<Vec<u8>, ReplayError> {
        let mut raw = Vec::new();
        Decompressor::new().decompress(self.opening, OPENING_BYTES_MAX, &mut raw, Part::Opening)?;
        Ok(raw)
    }

    /// All ticks, in order.
    pub fn iter_ticks(&self) -> Ticks<'_> {
        Ticks::new(&self.blocks)
    }

    /// The hashes of the state after the last tick, where that tick is one of which they are recorded.
    ///
    /// # Errors
    /// When a block is not what a recorder writes.
    pub fn last_hashes(&self) -> Result<Option<StateHashes>, ReplayError> {
        let mut last = None;
        for tick in self.iter_ticks() {
            last = tick?.hashes;
        }
        Ok(last)
    }
}

/// A whole replay.
pub struct Replay<'a> {
    /// Everything but its end.
    pub beginning: PartialReplay<'a>,
    /// How the match ended.
    pub trailer: Trailer,
}

impl<'a> Replay<'a> {
    /// Reads a replay: every part and every checksum, but not yet what is compressed.
    ///
    /// # Errors
    /// When the bytes are not exactly one replay as it was written.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReplayError> {
        let (beginning, blocks_read) = PartialReplay::read_checked(bytes)?;
        blocks_read?;
        let mut reader = Reader::new(&bytes[beginning.length..]);
        let content = section::take(&mut reader, TAG_ENDING, Part::Ending)?;
        let covered = &bytes[..bytes.len() - reader.rest().len()];
        let checksum = reader.bytes(CHECKSUM_BYTES).map_err(|_| ReplayError::CutOff(Part::Ending))?;
        if checksum != xxh3_128(covered).to_le_bytes() {
            return Err(ReplayError::Checksum);
        }
        reader.finish().map_err(|_| ReplayError::TooLong)?;
        let trailer = Trailer::decode(content).map_err(|_| ReplayError::Impossible(Part::Ending))?;
        if trailer.ticks == beginning.ticks() {
            Ok(Self { beginning, trailer })
        } else {
            Err(ReplayError::Impossible(Part::Ending))
        }
    }

    /// What the match was.
    pub const fn header(&self) -> &Header {
        &self.beginning.header
    }
}

fn take_format(reader: &mut Reader) -> Result<(), ReplayError> {
    if reader.bytes(MAGIC.len()).ok() != Some(&MAGIC) {
        return Err(ReplayError::NotAReplay);
    }
    match take_u16(reader) {
        Ok(FORMAT) => Ok(()),
        Ok(other) => Err(ReplayError::OtherFormat(other)),
        Err(_) => Err(ReplayError::CutOff(Part::Header)),
    }
}

/// Reads blocks up to the first section that is not a whole one; the reader then stands before it.
fn take_blocks<'a>(reader: &mut Reader<'a>, blocks: &mut Vec<Block<'a>>) -> Result<(), ReplayError> {
    while reader.rest().first() == Some(&TAG_BLOCK) {
        let mut ahead = reader.clone();
        blocks.push(take_block(&mut ahead, next_tick(blocks))?);
        *reader = ahead;
    }
    Ok(())
}

fn next_tick(blocks: &[Block]) -> Tick {
    blocks.last().map_or(Tick(0), |block| block.first.plus(block.ticks))
}

fn take_block<'a>(reader: &mut Reader<'a>, next: Tick) -> Result<Block<'a>, ReplayError> {
    let part = Part::Block(next);
    let impossible = |_: CodecError| ReplayError::Impossible(part);
    let mut content = Reader::new(section::take(reader, TAG_BLOCK, part)?);
    let first = Tick(take_u32(&mut content).map_err(impossible)?);
    let ticks = u32::from(take_u16(&mut content).map_err(impossible)?);
    // Only the last block is shorter, so every one begins at a multiple.
    let is_next = first == next && first.0.is_multiple_of(BLOCK_TICKS) && first.0 < TICKS_MAX;
    if is_next && (1..=BLOCK_TICKS).contains(&ticks) {
        Ok(Block { first, ticks, compressed: content.rest() })
    } else {
        Err(ReplayError::Impossible(part))
    }
}
