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
/// When the bytes end inside it, or it is damaged or another section.
pub(super) fn take<'a>(reader: &mut Reader<'a>, tag: u8, part: Part) -> Result<&'a [u8], ReplayError> {
    let start = reader.rest();
    let cut_off = |_: CodecError| ReplayError::CutOff(part);
    if reader.u8().map_err(cut_off)? != tag {
        return Err(ReplayError::Damaged(part));
    }
    let length = take_u32(reader).map_err(cut_off)? as usize;
    let content = reader.bytes(length).map_err(cut_off)?;
    let covered = &start[..start.len() - reader.rest().len()];
    let checksum = reader.bytes(CHECKSUM_BYTES).map_err(cut_off)?;
    if checksum == xxh3_64(covered).to_le_bytes() { Ok(content) } else { Err(ReplayError::Damaged(part)) }
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
