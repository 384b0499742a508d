//! Sections of a replay file: tag, length, content, and a checksum over them.

use xxhash_rust::xxh3::xxh3_64;

use super::error::{Part, ReplayError};
use crate::protocol::codec::{CodecError, Reader};

pub(super) const TAG_HEADER: u8 = b'H';
pub(super) const TAG_OPENING: u8 = b'O';
pub(super) const TAG_BLOCK: u8 = b'B';
pub(super) const TAG_ENDING: u8 = b'E';
pub(super) const TAG_SIGNATURE: u8 = b'S';

const CHECKSUM_BYTES: usize = 8;
/// Bytes before the content of a section: its tag and its length.
const PREFIX_BYTES: usize = 5;
/// Number of places in a damaged file where a section is looked for. (Few places look like one by chance.)
const CANDIDATES_MAX: usize = 256;

/// Appends a section.
///
/// # Panics
/// When the content is 4 GiB or longer; all parts have far lower limits.
pub(super) fn put(bytes: &mut Vec<u8>, tag: u8, content: &[u8]) {
    let start = bytes.len();
    let length = u32::try_from(content.len()).expect("parts are bounded far below 4 GiB");
    bytes.push(tag);
    bytes.extend(length.to_le_bytes());
    bytes.extend_from_slice(content);
    let checksum = xxh3_64(&bytes[start..]);
    bytes.extend(checksum.to_le_bytes());
}

/// Reads a section with the expected tag and verifies its checksum.
///
/// # Errors
/// When the bytes end inside it, or it is damaged or another section. A section that claims to be longer than the file, but
/// is followed by another one, is damaged.
pub(super) fn take<'a>(reader: &mut Reader<'a>, tag: u8, part: Part) -> Result<&'a [u8], ReplayError> {
    let start = reader.rest();
    let cut_off = |_: CodecError| {
        if contains_section(start) { ReplayError::Damaged(part) } else { ReplayError::CutOff(part) }
    };
    if reader.u8().map_err(cut_off)? != tag {
        return Err(ReplayError::Damaged(part));
    }
    let length = take_u32(reader).map_err(cut_off)? as usize;
    let content = reader.bytes(length).map_err(cut_off)?;
    let covered = &start[..start.len() - reader.rest().len()];
    let checksum = reader.bytes(CHECKSUM_BYTES).map_err(cut_off)?;
    if checksum == xxh3_64(covered).to_le_bytes() { Ok(content) } else { Err(ReplayError::Damaged(part)) }
}

/// Whether a whole section starts anywhere after the first byte.
fn contains_section(bytes: &[u8]) -> bool {
    let starts = (1..bytes.len()).map(|start| &bytes[start..]);
    let claimed = starts.filter_map(|bytes| Some((bytes, claimed_bytes(bytes)?)));
    claimed.take(CANDIDATES_MAX).any(|(bytes, length)| {
        let (covered, rest) = bytes.split_at(length);
        rest[..CHECKSUM_BYTES] == xxh3_64(covered).to_le_bytes()
    })
}

/// The number of bytes that the checksum of a section would cover, if the bytes look like a section.
fn claimed_bytes(bytes: &[u8]) -> Option<usize> {
    let [TAG_OPENING | TAG_BLOCK | TAG_ENDING | TAG_SIGNATURE, length @ ..] = bytes else { return None };
    let length = u32::from_le_bytes(*length.first_chunk()?) as usize + PREFIX_BYTES;
    (length + CHECKSUM_BYTES <= bytes.len()).then_some(length)
}

/// Reads the next four bytes as a little-endian number.
pub(super) fn take_u32(reader: &mut Reader) -> Result<u32, CodecError> {
    let bytes = reader.bytes(4)?;
    Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were read")))
}

/// Reads the next two bytes as a little-endian number.
pub(super) fn take_u16(reader: &mut Reader) -> Result<u16, CodecError> {
    let bytes = reader.bytes(2)?;
    Ok(u16::from_le_bytes(bytes.try_into().expect("two bytes were read")))
}
