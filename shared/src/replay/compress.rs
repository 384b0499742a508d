//! Compression with contexts that are made once and used for everything.

use super::error::{Part, ReplayError};
use crate::protocol::codec::Reader;

/// Inputs and hashes hardly repeat: higher levels took up to ten times as long and saved 2 % at most.
const ZSTD_LEVEL: i32 = 3;

/// A zstd context for compressing: one for a thread, whatever the number of replays it writes.
pub struct Compressor {
    context: zstd::bulk::Compressor<'static>,
    compressed: Vec<u8>,
}

impl Compressor {
    /// A new context.
    #[expect(clippy::new_without_default, reason = "its tables are large: nobody should get one unasked")]
    pub fn new() -> Self {
        let context = zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("the level is one of zstd's");
        Self { context, compressed: Vec::new() }
    }

    /// Appends the length of `raw` (4) and its compressed bytes.
    pub(super) fn compress(&mut self, raw: &[u8], bytes: &mut Vec<u8>) {
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        self.context.compress_to_buffer(raw, &mut self.compressed).expect("the buffer is as long as zstd asks for");
        bytes.extend((raw.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.compressed);
    }
}

/// A zstd context for decompressing.
pub(super) struct Decompressor(zstd::bulk::Decompressor<'static>);

impl Decompressor {
    /// A new context.
    pub fn new() -> Self {
        Self(zstd::bulk::Decompressor::new().expect("a context without a dictionary is only allocated"))
    }

    /// Replaces `raw` by what [`Compressor::compress`] was given, which was at most `raw_max` bytes long.
    ///
    /// # Errors
    /// When the bytes are something else; never more than `raw_max` bytes of memory are taken for them.
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
        // zstd writes as far as the buffer's capacity goes, which may be more than what was reserved.
        let written = self.0.decompress_to_buffer(reader.rest(), raw).map_err(|_| impossible)?;
        if written == length { Ok(()) } else { Err(impossible) }
    }
}
