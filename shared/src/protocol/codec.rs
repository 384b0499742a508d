//! Bounded encoding and decoding: bincode for control messages, varints and a reader for hand-written formats.

use bincode::config::{self, Config};
use serde::{Serialize, de::DeserializeOwned};

/// Reason why bytes are not a valid message. An error of the peer: counted, and not logged one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The message ends before its last field.
    #[error("the message is too short")]
    TooShort,
    /// Bytes are left after the last field.
    #[error("the message is too long")]
    TooLong,
    /// A field has a value that no sender of this protocol writes.
    #[error("a field of the message has an impossible value")]
    Invalid,
}

fn wire_config() -> impl Config {
    config::standard()
}

/// Appends `value` in bincode's standard form.
pub fn encode_into<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    bincode::serde::encode_into_std_write(value, bytes, wire_config())
        .expect("a Vec takes any bytes and our types serialise");
}

/// Serialises `value` in bincode's standard form.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Most messages are shorter. A vector that grows from nothing allocates four times for as many bytes.
    let mut bytes = Vec::with_capacity(64);
    encode_into(value, &mut bytes);
    bytes
}

/// Reads exactly one `T` from all of `bytes`, claiming at most `LIMIT` bytes of memory.
///
/// Without the limit, ten bytes that announce a huge length make bincode reserve it and abort the process.
///
/// # Errors
/// When the bytes are not a `T`, announce more than `LIMIT`, or are not all consumed.
pub fn decode<T: DeserializeOwned, const LIMIT: usize>(bytes: &[u8]) -> Result<T, CodecError> {
    let config = config::standard().with_limit::<LIMIT>();
    let (value, consumed) = bincode::serde::decode_from_slice(bytes, config).map_err(|_| CodecError::Invalid)?;
    if consumed == bytes.len() { Ok(value) } else { Err(CodecError::TooLong) }
}

/// Appends an unsigned LEB128 varint: 7 bits a byte, least significant first.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a signed varint (zigzag, so that small magnitudes of both signs are short).
pub fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    put_varint(bytes, ((value << 1) ^ (value >> 63)) as u64);
}

/// Reads a message from its start. Every read is checked.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Creates a reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes that are not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads the next byte.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u8(&mut self) -> Result<u8, CodecError> {
        let (&byte, rest) = self.rest.split_first().ok_or(CodecError::TooShort)?;
        self.rest = rest;
        Ok(byte)
    }

    /// Reads the next `count` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(CodecError::TooShort)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Reads the next eight bytes as a little-endian number.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn u64(&mut self) -> Result<u64, CodecError> {
        let bytes = self.bytes(8)?;
        Ok(u64::from_le_bytes(bytes.try_into().expect("eight bytes were read")))
    }

    /// Reads the next unsigned varint.
    ///
    /// # Errors
    /// At the end of the message, or when the number does not fit into 64 bits.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(CodecError::Invalid);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::Invalid)
    }

    /// Reads the next unsigned varint of at most 32 bits.
    ///
    /// # Errors
    /// At the end of the message, or when the number does not fit into 32 bits.
    pub fn varint32(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.varint()?).map_err(|_| CodecError::Invalid)
    }

    /// Reads the next signed varint.
    ///
    /// # Errors
    /// At the end of the message, or when the number does not fit into 64 bits.
    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Checks that the whole message was read.
    ///
    /// # Errors
    /// When bytes are left.
    pub const fn finish(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::TooLong) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_bytes_cannot_claim_gigabytes() {
        let bomb = [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00];
        assert_eq!(decode::<Vec<u8>, 1024>(&bomb), Err(CodecError::Invalid));
        assert_eq!(decode::<String, 1024>(&bomb), Err(CodecError::Invalid));
        assert_eq!(decode::<Vec<u64>, 1024>(&bomb), Err(CodecError::Invalid));
    }

    #[test]
    fn trailing_bytes_are_an_error() {
        assert_eq!(decode::<u8, 16>(&[1, 2]), Err(CodecError::TooLong));
    }

    proptest! {
        #[test]
        fn varints_read_back(value: u64, signed: i64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            put_signed(&mut bytes, signed);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.varint().is_ok() {}
        }
    }
}
