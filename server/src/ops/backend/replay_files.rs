//! The folder of replays, read a chunk at a time.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::body::{Body, Bytes};
use framehouse_shared::ids::MatchId;
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use super::{Refusal, ReplayFile};
use crate::replay::folder::whole_path;

/// Replays sent at a time, at most: each holds an open file, and a thread while it is read.
const DOWNLOADS_MAX: usize = 64;
/// Bytes of a file in memory, at most, for every replay that is being sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// The replays that can be fetched. Whoever knows a match's id may have its replay: nobody can guess one.
pub(super) struct ReplayFiles {
    folder: PathBuf,
    places: Arc<Semaphore>,
}

/// A file that is being sent.
struct Download {
    file: File,
    _place: OwnedSemaphorePermit,
}

impl ReplayFiles {
    /// The replays in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, places: Arc::new(Semaphore::new(DOWNLOADS_MAX)) }
    }

    /// Opens the replay of a match, if there is one and not too many are being sent.
    pub async fn open(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(Refusal::Busy("too many replays are fetched at once: try again in a moment"));
        };
        let path = whole_path(&self.folder, match_id);
        let (file, bytes) = off_the_thread(move || open(&path)).await.map_err(|_| Refusal::NoSuchReplay)?;
        Ok(ReplayFile { bytes, body: chunks(Download { file, _place: place }) })
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Reads the next chunk when the last one is on its way: a slow client keeps no more than one in memory.
fn chunks(download: Download) -> Body {
    Body::from_stream(stream::try_unfold(download, |mut download| {
        off_the_thread(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            (&mut download.file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), download)))
        })
    }))
}

/// Does I/O where no request waits for it.
async fn off_the_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
