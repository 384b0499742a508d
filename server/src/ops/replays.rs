//! `GET /v1/replays/{match}`: a whole replay, as it lies in the folder.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::ids::MatchId;
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use super::http::{busy, error};
use crate::replay::folder::whole_path;

/// Replays sent at a time, at most: each holds an open file, and a thread while it is read.
const DOWNLOADS_MAX: usize = 64;
/// Bytes of a file in memory, at most, for every replay that is being sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// The replays that can be fetched. Whoever knows a match's id may have its replay: nobody can guess one.
#[derive(Clone)]
pub struct ReplayFiles {
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

    /// Answers a request for the replay of a match, by the match's name.
    pub async fn answer(&self, name: &str) -> Response {
        // An id is 32 hexadecimal digits, so no name leads out of the folder.
        let Ok(match_id) = name.parse::<MatchId>() else {
            return missing("a replay is asked for by the 32 hexadecimal digits of its match's id");
        };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return busy("too many replays are fetched at once: try again in a moment");
        };
        let path = whole_path(&self.folder, match_id);
        match off_the_thread(move || open(&path)).await {
            Ok((file, bytes)) => send(match_id, Download { file, _place: place }, bytes),
            Err(_) => missing("there is no replay of this match: it may still be played, or its replay was removed"),
        }
    }
}

fn open(path: &std::path::Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::ErrorKind::NotFound.into()) }
}

fn send(match_id: MatchId, download: Download, bytes: u64) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{match_id}.fhr\"")),
    ];
    // The next chunk is read when the last one is on its way: a slow client keeps no more than one in memory.
    let chunks = stream::try_unfold(download, |mut download| {
        off_the_thread(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            (&mut download.file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), download)))
        })
    });
    (headers, Body::from_stream(chunks)).into_response()
}

/// Does I/O where the gateway does not wait for it.
async fn off_the_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn missing(message: &str) -> Response {
    error(StatusCode::NOT_FOUND, "no_such_replay", message)
}
