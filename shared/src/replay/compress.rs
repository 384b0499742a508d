//! Compression and decompression by zstd, with contexts that are created once and reused.

use super::error::{Part, ReplayError};
use crate::protocol::codec::Reader;

/// Compression level. Inputs and hashes hardly repeat: higher levels took up to ten times as long to save 2 %.
const ZSTD_LEVEL: i32 = 3;

/// Compression context of zstd. One for each thread is enough, for any number of replays.
pub struct Compressor {
    context: zstd::bulk::Compressor<'static>,
    compressed: Vec<u8>,
}

impl Compressor {
    /// Creates a context.
    #[expect(clippy::new_without_default, reason = "its tables are large, so a context is only created explicitly")]
    pub fn new() -> Self {
        let context = zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("the level is one of zstd's");
        Self { context, compressed: Vec::new() }
    }

    /// Appends the length of `raw` (4 bytes) and its compressed bytes.
    pub(super) fn compress(&mut self, raw: &[u8], bytes: &mut Vec<u8>) {
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        self.context.compress_to_buffer(raw, &mut self.compressed).expect("the buffer is as long as zstd asks for");
        bytes.extend((raw.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.compressed);
    }
}

/// Decompression context of zstd.
pub(super) struct Decompressor(zstd::bulk::Decompressor<'static>);

impl Decompressor {
    /// Creates a context.
    pub fn new() -> Self {
        Self(zstd::bulk::Decompressor::new().expect("a context without a dictionary is only allocated"))
    }

    /// Replaces `raw` with the bytes that [`Compressor::compress`] was given, at most `raw_max`.
    ///
    /// # Errors
    /// When the bytes are anything else. At most `raw_max` bytes of memory are used in any case.
    pub fn decompress(
        &mut self,
        compressed: &[u8],
        raw_max: usize,
        raw: &mut Vec<u8>,
        part: Part,
    ) -> Result<(), ReplayError> {
        let impossible = ReplayError::Impossible(part);
        let mut reader = Reader::new(compressed);
        let length = super::section::take_u32(&mut reader).map_err(|_| impossible)? as usize;
        if length > raw_max {
            return Err(impossible);
        }
        raw.clear();
        raw.reserve(length);
        // zstd fills the whole capacity of the buffer, which may be more than was reserved: compare the length.
        let written = self.0.decompress_to_buffer(reader.rest(), raw).map_err(|_| impossible)?;
        if written == length { Ok(()) } else { Err(impossible) }
    }
}
