//! Downloads of replay files, read in chunks.

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

/// Maximum number of downloads at a time. Each holds an open file, and a thread while it reads.
const DOWNLOADS_MAX: usize = 64;
/// Size of a chunk in bytes: the memory that each download uses.
const CHUNK_BYTES: usize = 64 * 1024;

/// The replays that can be downloaded. Anybody with the match id may download one, because ids cannot be guessed.
#[derive(Clone)]
pub(super) struct ReplayFiles {
    folder: PathBuf,
    permits: Arc<Semaphore>,
}

/// A running download.
struct Download {
    file: File,
    _permit: OwnedSemaphorePermit,
}

impl ReplayFiles {
    /// The replays in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, permits: Arc::new(Semaphore::new(DOWNLOADS_MAX)) }
    }

    /// Opens the replay of a match, unless too many downloads are running.
    pub async fn open(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return Err(Refusal::Busy("too many replays are being downloaded: try again in a moment"));
        };
        let path = whole_path(&self.folder, match_id);
        let (file, bytes) = off_the_thread(move || open(&path)).await.map_err(|_| Refusal::NoSuchReplay)?;
        Ok(ReplayFile { bytes, body: chunks(Download { file, _permit: permit }) })
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Streams the file. A chunk is read when the one before was sent, so a slow client uses the memory of one chunk.
fn chunks(download: Download) -> Body {
    Body::from_stream(stream::try_unfold(download, |mut download| {
        off_the_thread(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            (&mut download.file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), download)))
        })
    }))
}

/// Runs blocking I/O on another thread.
async fn off_the_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
