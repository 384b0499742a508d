//! A replay of a running match, as far as it has come: its file, and the ticks that are not in the file yet.

use std::path::Path;

use framehouse_shared::{
    ids::MatchId,
    match_end::MatchEnd,
    replay::{Compressor, PartialReplay, RawBlock, ReplayEncoder, ServerKey, Trailer},
};

use super::folder;

/// Job of the writer thread: make a whole replay of a running match.
pub(super) struct CopyJob {
    pub match_id: MatchId,
    /// Recorded ticks of the match that are not in its file yet.
    pub unfinished: RawBlock,
    /// Gets the replay; nothing if there is no recording, or no tick in it.
    pub callback: Box<dyn FnOnce(Option<Vec<u8>>) + Send>,
}

impl CopyJob {
    pub fn run(self, folder: &Path, compressor: &mut Compressor, key: &ServerKey) {
        let file = folder::read(&folder::part_path(folder, self.match_id)).ok();
        let copy = file.and_then(|bytes| complete(bytes, &self.unfinished, compressor, key));
        (self.callback)(copy);
    }
}

fn complete(
    mut bytes: Vec<u8>,
    unfinished: &RawBlock,
    compressor: &mut Compressor,
    key: &ServerKey,
) -> Option<Vec<u8>> {
    let beginning = PartialReplay::read(&bytes).ok()?;
    let (length, mut ticks) = (beginning.length(), beginning.ticks());
    bytes.truncate(length);
    let mut encoder = ReplayEncoder::resume(&bytes);
    if unfinished.ticks > 0 && unfinished.first.0 == ticks {
        bytes.extend(encoder.block(compressor, unfinished));
        ticks += unfinished.ticks;
    }
    let trailer = Trailer { ending: MatchEnd::StillRunning, ticks, hashes: None, ranking: None };
    bytes.extend(encoder.end_signed(&trailer, key));
    (ticks > 0).then_some(bytes)
}
