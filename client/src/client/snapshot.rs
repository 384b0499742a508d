//! Assembles a room state from its chunks.

use std::io::Read;

use framehouse_shared::tick::Tick;

/// Maximum number of bytes of a decompressed state.
pub const STATE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The largest zstd window, as a power of two: large enough for a state of that size.
const WINDOW_LOG_MAX: u32 = 22;

/// Error of assembling or decoding a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The chunk is not the next one.
    #[error("a chunk of a room state arrived out of order")]
    OutOfTurn,
    /// The bytes are not zstd data, or decompress to too many bytes.
    #[error("a room state could not be decompressed")]
    Compression,
    /// The bytes are not a state of this game, or belong to another tick than announced.
    #[error("a room state could not be read")]
    State,
}

/// Position of a chunk in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPosition {
    /// The first tick to simulate from the state.
    pub next_tick: Tick,
    /// The chunk's number, from 0.
    pub index: u16,
    /// Number of chunks.
    pub count: u16,
}

/// The chunks of one state. They arrive reliably and in order, so anything else is an error.
#[derive(Debug, Default)]
pub struct SnapshotAssembler {
    next_tick: Tick,
    count: u16,
    received: u16,
    bytes: Vec<u8>,
}

impl SnapshotAssembler {
    /// Takes a chunk and returns the whole compressed state after the last one.
    ///
    /// # Errors
    /// When it is not the next chunk. All chunks are then dropped; chunk 0 always starts a new state.
    pub fn take(&mut self, position: ChunkPosition, bytes: &[u8]) -> Result<Option<Vec<u8>>, SnapshotError> {
        if position.index == 0 {
            *self = Self { next_tick: position.next_tick, count: position.count, ..Self::default() };
        }
        let expected = ChunkPosition { next_tick: self.next_tick, index: self.received, count: self.count };
        if position != expected || position.index >= position.count {
            *self = Self::default();
            return Err(SnapshotError::OutOfTurn);
        }
        self.bytes.extend_from_slice(bytes);
        self.received += 1;
        let is_whole = self.received == self.count;
        Ok(is_whole.then(|| std::mem::take(self).bytes))
    }
}

/// Decompresses a state, reading no more than [`STATE_BYTES_MAX`].
///
/// # Errors
/// When the bytes are not zstd data, or decompress to more.
pub fn decompress(compressed: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let read = || {
        let mut decoder = zstd::Decoder::with_buffer(compressed)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        let mut state = Vec::new();
        decoder.take(STATE_BYTES_MAX + 1).read_to_end(&mut state)?;
        Ok::<_, std::io::Error>(state)
    };
    let state = read().map_err(|_| SnapshotError::Compression)?;
    if state.len() as u64 > STATE_BYTES_MAX { Err(SnapshotError::Compression) } else { Ok(state) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn position(index: u16, count: u16) -> ChunkPosition {
        ChunkPosition { next_tick: Tick(9), index, count }
    }

    #[test]
    fn chunks_in_order_make_a_state() {
        let mut assembler = SnapshotAssembler::default();
        assert_eq!(assembler.take(position(0, 2), b"ab"), Ok(None));
        assert_eq!(assembler.take(position(1, 2), b"c"), Ok(Some(b"abc".to_vec())));
        assert_eq!(assembler.take(position(0, 1), b"d"), Ok(Some(b"d".to_vec())));
    }

    #[test]
    fn a_chunk_out_of_turn_is_refused_and_a_new_start_works() {
        let mut assembler = SnapshotAssembler::default();
        assert_eq!(assembler.take(position(1, 2), b"x"), Err(SnapshotError::OutOfTurn));
        assert_eq!(assembler.take(position(0, 3), b"x"), Ok(None));
        assert_eq!(assembler.take(position(1, 4), b"x"), Err(SnapshotError::OutOfTurn));
        assert_eq!(assembler.take(position(0, 0), b"x"), Err(SnapshotError::OutOfTurn));
        assert_eq!(assembler.take(position(0, 1), b"x"), Ok(Some(b"x".to_vec())));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = zstd::encode_all(&vec![0; STATE_BYTES_MAX as usize + 1][..], 3).expect("compresses");
        assert!(bomb.len() < 10_000);
        assert_eq!(decompress(&bomb), Err(SnapshotError::Compression));
        let state = zstd::encode_all(&b"state"[..], 3).expect("compresses");
        assert_eq!(decompress(&state), Ok(b"state".to_vec()));
        assert_eq!(decompress(b"nonsense"), Err(SnapshotError::Compression));
    }
}
