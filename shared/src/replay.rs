//! Replays: what a match was, in a few kilobytes, so that anybody can run it again and see whether it comes out the same.
//!
//! A replay holds the state before tick 0 (in it the rules and the map, as the match was played on: rules files may
//! change, replays stay), and of every tick the frame as it went over the wire: inputs, joins, leaves and commands. Of
//! every 30th tick it holds the hash of each component too, so that whoever runs it again can say what differs first.
//!
//! ```text
//! file      "FHREPLAY"  format (2)  header  opening  block..  ending  xxh3-128 of everything before (16)
//! section   tag (1)  length (4)  content  xxh3-64 of tag, length and content (8)
//! header    'H'  Header, by bincode
//! opening   'O'  raw length (4)  zstd of the state before tick 0
//! block     'B'  first tick (4)  ticks (2)  raw length (4)  zstd of the ticks; every block but the last has 300
//! ending    'E'  Trailer, by bincode
//! tick      frame length  frame of datagram.rs  [for every join: length (1)  name]  [every 30th: count (1)  (0 | 1 hash (8))..]
//! ```
//!
//! Fixed numbers are little-endian, the others varints. A server writes a section as soon as it is complete, so a file
//! that a crash cut off is whole up to its last section.
//!
//! Nothing here knows a file: bytes come in and go out. Every reader is bounded: reading a replay takes, beside its own
//! bytes, at most [`READER_BYTES_MAX`].

mod block;
mod canned;
mod compress;
mod encoder;
mod error;
mod header;
mod range;
mod reader;
mod section;
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
pub use ticks::Ticks;
pub use trailer::{RankedPlayer, Trailer};

use crate::tick::Tick;

/// What a replay begins with.
pub const MAGIC: [u8; 8] = *b"FHREPLAY";
/// Raised when a reader of the format before could not read what is written now.
pub const FORMAT: u16 = 1;
/// Ticks of a block at any tick rate: 30 s at 10 Hz, 10 s at 30 Hz, 2.5 s at 120 Hz.
pub const BLOCK_TICKS: u32 = 300;
/// State hashes are recorded every `HASH_TICKS` ticks at any tick rate: every 3 s at 10 Hz, every 0.25 s at 120 Hz.
pub const HASH_TICKS: u32 = 30;
/// Ticks of a replay, at most: 30 hours at 10 Hz, 10 at 30 Hz, 2.5 at 120 Hz. What a match has beyond is not recorded.
pub const TICKS_MAX: u32 = 3600 * BLOCK_TICKS;
/// Bytes of a block's ticks before compression, at most. The longest ticks possible need a little less.
pub const BLOCK_BYTES_MAX: usize = 512 * 1024;
/// Bytes of all blocks before compression, at most. What a match has beyond is not recorded.
pub const BLOCKS_BYTES_MAX: u64 = 60 << 20;
/// Bytes of a state before tick 0, at most. A match with a larger one is not recorded.
pub const OPENING_BYTES_MAX: usize = 1 << 20;
/// Bytes of a whole replay, at most: what zstd adds to incompressible bytes is in it.
pub const FILE_BYTES_MAX: u64 = 64 << 20;
/// Bytes of memory that a reader takes beside the replay's own, at most: the opening, one block, the list of blocks.
pub const READER_BYTES_MAX: usize = 2 << 20;

/// Whether the hashes of the state after this tick are recorded.
pub const fn is_hash_tick(tick: Tick) -> bool {
    tick.0 % HASH_TICKS == HASH_TICKS - 1
}
