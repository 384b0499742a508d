//! Encoder of replay files, section by section.

use xxhash_rust::xxh3::Xxh3;

use super::{
    FORMAT, MAGIC,
    block::RawBlock,
    compress::Compressor,
    header::Header,
    section::{self, TAG_BLOCK, TAG_ENDING, TAG_HEADER, TAG_OPENING, TAG_SIGNATURE},
    signature::{ServerKey, Signed},
    trailer::Trailer,
};

/// Encoder of one replay. It keeps only the checksums of the bytes that it has returned.
pub struct ReplayEncoder {
    whole: Box<Xxh3>,
    signed: Box<Signed>,
}

impl ReplayEncoder {
    /// Starts a file; returns the encoder and the first bytes: header and state before tick 0.
    pub fn begin(compressor: &mut Compressor, header: &Header, opening: &[u8]) -> (Self, Vec<u8>) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        section::put(&mut bytes, TAG_HEADER, &header.encode());
        let mut content = Vec::new();
        compressor.compress(opening, &mut content);
        section::put(&mut bytes, TAG_OPENING, &content);
        (Self::resume(&bytes), bytes)
    }

    /// Continues a file that begins with these bytes.
    pub fn resume(bytes: &[u8]) -> Self {
        let mut encoder = Self { whole: Box::new(Xxh3::new()), signed: Box::new(Signed::begin()) };
        encoder.note(bytes);
        encoder
    }

    fn note(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        self.signed.add(bytes);
    }

    /// Encodes the next block.
    pub fn block(&mut self, compressor: &mut Compressor, block: &RawBlock) -> Vec<u8> {
        let mut content = Vec::new();
        content.extend(block.first.0.to_le_bytes());
        content.extend((block.ticks as u16).to_le_bytes());
        compressor.compress(&block.bytes, &mut content);
        let mut bytes = Vec::with_capacity(content.len() + 16);
        section::put(&mut bytes, TAG_BLOCK, &content);
        self.note(&bytes);
        bytes
    }

    /// Encodes the end of the file, without a signature.
    pub fn end(self, trailer: &Trailer) -> Vec<u8> {
        self.finish(trailer, None)
    }

    /// Encodes the end of the file, and signs all of it.
    pub fn end_signed(self, trailer: &Trailer, key: &ServerKey) -> Vec<u8> {
        self.finish(trailer, Some(key))
    }

    fn finish(mut self, trailer: &Trailer, key: Option<&ServerKey>) -> Vec<u8> {
        let mut bytes = Vec::new();
        section::put(&mut bytes, TAG_ENDING, &trailer.encode());
        self.note(&bytes);
        if let Some(key) = key {
            let unsigned = bytes.len();
            section::put(&mut bytes, TAG_SIGNATURE, &key.sign(*self.signed));
            self.whole.update(&bytes[unsigned..]);
        }
        bytes.extend(self.whole.digest128().to_le_bytes());
        bytes
    }
}
