//! Replays: files of a few kilobytes with everything that is needed to run a match again and compare the result.
//!
//! A replay holds the state before tick 0 and the frame of every tick as it was on the wire: inputs, joins, leaves and
//! commands. Rules and map are part of that state, so that a later change of the rules files does not change a replay.
//! For every 30th tick the replay also holds the hash of each component, to name the first one that differs.
//!
//! ```text
//! file      "FHREPLAY"  format (2)  header  opening  block..  ending  [signature]  xxh3-128 of everything before (16)
//! section   tag (1)  length (4)  content  xxh3-64 of tag, length and content (8)
//! header    'H'  Header, by bincode
//! opening   'O'  raw length (4)  zstd of the state before tick 0
//! block     'B'  first tick (4)  ticks (2)  raw length (4)  zstd of the ticks; every block but the last has 300
//! ending    'E'  Trailer, by bincode
//! signature 'S'  public key (32)  Ed25519 signature (64) of everything before it
//! tick      frame length  frame of datagram.rs  [for every join: length (1)  name]  [every 30th: count (1)  (0 | 1 hash (8))..]
//! ```
//!
//! Fixed-size numbers are little-endian, all others varints. A server writes a section as soon as it is complete, so a
//! file that a crash cut off is valid up to its last section.
//!
//! This module opens no files: bytes are parameters and results. Every reader is bounded: beside the bytes of the
//! replay it uses at most [`READER_BYTES_MAX`].

mod block;
mod canned;
mod compress;
mod encoder;
mod error;
mod header;
mod range;
mod reader;
mod section;
mod signature;
#[cfg(test)]
mod tests;
mod ticks;
mod trailer;

pub use block::{RawBlock, Recorded, Recorder};
pub use canned::{canned_replay, record_bots};
pub use compress::Compressor;
pub use encoder::ReplayEncoder;
pub use error::{Part, ReplayError};
pub use header::{BUILD_BYTES_MAX, Header, MAP_BYTES_MAX, rules_hash};
pub use range::{PastTick, RANGE_BYTES_MAX, RANGE_TICKS_MAX, joined_in, put_past_tick, read_range};
pub use reader::{PartialReplay, Replay};
pub use signature::{PublicKey, ServerKey, Signature};
pub use ticks::Ticks;
pub use trailer::{RankedPlayer, Trailer};

use crate::tick::Tick;

/// First bytes of a replay.
pub const MAGIC: [u8; 8] = *b"FHREPLAY";
/// Version of the format. Raise it when a reader of the previous format cannot read the new one.
pub const FORMAT: u16 = 1;
/// Length of a block, in ticks, at any tick rate: 30 s at 10 Hz, 10 s at 30 Hz, 2.5 s at 120 Hz.
pub const BLOCK_TICKS: u32 = 300;
/// State hashes are recorded every `HASH_TICKS` ticks, at any tick rate: 3 s at 10 Hz, 1 s at 30 Hz, 0.25 s at 120 Hz.
pub const HASH_TICKS: u32 = 30;
/// Maximum length of a replay, in ticks: 30 h at 10 Hz, 10 h at 30 Hz, 2.5 h at 120 Hz. Later ticks of a match are not
/// recorded.
pub const TICKS_MAX: u32 = 3600 * BLOCK_TICKS;
/// Maximum size of a block before compression, in bytes. The longest possible ticks need a little less.
pub const BLOCK_BYTES_MAX: usize = 512 * 1024;
/// Maximum size of all blocks before compression, in bytes. Later ticks of a match are not recorded.
pub const BLOCKS_BYTES_MAX: u64 = 60 << 20;
/// Maximum size of the state before tick 0, in bytes. A match with a larger one is not recorded.
pub const OPENING_BYTES_MAX: usize = 1 << 20;
/// Maximum size of a replay, in bytes, including what zstd adds to incompressible bytes.
pub const FILE_BYTES_MAX: u64 = 64 << 20;
/// Maximum memory of a reader beside the replay's own bytes: the opening, one block, the list of blocks.
pub const READER_BYTES_MAX: usize = 2 << 20;

/// Whether the hashes of the state after this tick are recorded.
pub const fn is_hash_tick(tick: Tick) -> bool {
    tick.0 % HASH_TICKS == HASH_TICKS - 1
}
