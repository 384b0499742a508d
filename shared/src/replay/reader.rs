//! Reader of replays: checks the bytes and iterates over the ticks.

use xxhash_rust::xxh3::xxh3_128;

use super::{
    BLOCK_TICKS, FILE_BYTES_MAX, FORMAT, MAGIC, OPENING_BYTES_MAX, TICKS_MAX,
    compress::Decompressor,
    error::{Part, ReplayError},
    header::Header,
    section::{self, TAG_BLOCK, TAG_ENDING, TAG_HEADER, TAG_OPENING, TAG_SIGNATURE, take_u16, take_u32},
    signature::Signature,
    ticks::{Block, Ticks},
    trailer::Trailer,
};
use crate::{
    protocol::codec::{CodecError, Reader},
    state_hash::StateHashes,
    tick::Tick,
};

/// Size of the checksum over the whole file, in bytes.
const CHECKSUM_BYTES: usize = 16;

/// The valid sections at the beginning of a replay, which may be incomplete.
pub struct PartialReplay<'a> {
    /// Description of the match.
    pub header: Header,
    opening: &'a [u8],
    blocks: Vec<Block<'a>>,
    length: usize,
}

impl<'a> PartialReplay<'a> {
    /// Reads the sections up to the first incomplete one.
    ///
    /// # Errors
    /// When header or opening state are missing, or there are more bytes than a replay can have.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReplayError> {
        Self::read_checked(bytes).map(|(beginning, _)| beginning)
    }

    /// Reads the sections, and returns the error in the block after the last valid one, if there is such a block.
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

    /// Number of ticks in the valid blocks.
    pub fn ticks(&self) -> u32 {
        next_tick(&self.blocks).0
    }

    /// Number of bytes up to the end of the last valid section before the ending.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Decompresses the state before tick 0, serialised.
    ///
    /// # Errors
    /// When the bytes are not from a recorder.
    pub fn opening(&self) -> Result<Vec<u8>, ReplayError> {
        let mut raw = Vec::new();
        Decompressor::new().decompress(self.opening, OPENING_BYTES_MAX, &mut raw, Part::Opening)?;
        Ok(raw)
    }

    /// Iterates over all ticks, in order.
    pub fn iter_ticks(&self) -> Ticks<'_> {
        Ticks::new(&self.blocks)
    }

    /// Hashes of the state after the last tick, if they are recorded for that tick.
    ///
    /// # Errors
    /// When a block is not from a recorder.
    pub fn last_hashes(&self) -> Result<Option<StateHashes>, ReplayError> {
        let mut last = None;
        for tick in self.iter_ticks() {
            last = tick?.hashes;
        }
        Ok(last)
    }
}

/// A complete replay.
pub struct Replay<'a> {
    /// Everything before the trailer.
    pub beginning: PartialReplay<'a>,
    /// End of the match.
    pub trailer: Trailer,
    /// Signature of the server that recorded it, not checked yet; `None` if nobody signed it.
    pub signature: Option<Signature<'a>>,
}

impl<'a> Replay<'a> {
    /// Reads a replay and verifies all checksums, without decompressing any part.
    ///
    /// # Errors
    /// When the bytes are not exactly one unchanged replay.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReplayError> {
        let (beginning, blocks_read) = PartialReplay::read_checked(bytes)?;
        blocks_read?;
        let mut reader = Reader::new(&bytes[beginning.length..]);
        let content = section::take(&mut reader, TAG_ENDING, Part::Ending)?;
        let signature = take_signature(&mut reader, bytes)?;
        let covered = &bytes[..bytes.len() - reader.rest().len()];
        let checksum = reader.bytes(CHECKSUM_BYTES).map_err(|_| ReplayError::CutOff(Part::Ending))?;
        if checksum != xxh3_128(covered).to_le_bytes() {
            return Err(ReplayError::Checksum);
        }
        reader.finish().map_err(|_| ReplayError::TooLong)?;
        let trailer = Trailer::decode(content).map_err(|_| ReplayError::Impossible(Part::Ending))?;
        if trailer.ticks == beginning.ticks() {
            Ok(Self { beginning, trailer, signature })
        } else {
            Err(ReplayError::Impossible(Part::Ending))
        }
    }

    /// Description of the match.
    pub const fn header(&self) -> &Header {
        &self.beginning.header
    }
}

/// Reads the signature, if there is one: a section that is followed by the checksum of the whole file.
fn take_signature<'a>(reader: &mut Reader<'a>, bytes: &'a [u8]) -> Result<Option<Signature<'a>>, ReplayError> {
    if reader.rest().len() == CHECKSUM_BYTES || reader.rest().first() != Some(&TAG_SIGNATURE) {
        return Ok(None);
    }
    let covered = &bytes[..bytes.len() - reader.rest().len()];
    let content = section::take(reader, TAG_SIGNATURE, Part::Signature)?;
    Signature::read(content, covered).map(Some)
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

/// Reads blocks up to the first section that is not valid; the reader is then at its start.
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
    // Only the last block may be shorter, so every block begins at a multiple.
    let is_next = first == next && first.0.is_multiple_of(BLOCK_TICKS) && first.0 < TICKS_MAX;
    if is_next && (1..=BLOCK_TICKS).contains(&ticks) {
        Ok(Block { first, ticks, compressed: content.rest() })
    } else {
        Err(ReplayError::Impossible(part))
    }
}
