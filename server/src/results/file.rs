//! The results file: whole lines only, each result once, and synced to the disk before it is acknowledged.

use std::{
    collections::HashSet,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use framehouse_shared::ids::MatchId;

use super::{known::KnownIds, record::MatchResult, scan::Scan, sink::ResultSink};

/// The open results file.
pub struct ResultsFile {
    path: PathBuf,
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// Length of the file in bytes, up to the last synced line.
    bytes: u64,
    /// Whether the file may be longer, after a failed write.
    is_torn: bool,
    known: KnownIds,
}

impl ResultsFile {
    /// Opens or creates the file. Cuts off an incomplete last line and reads the ids of stored results.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        sync_folder(&path)?;
        let metadata = file.metadata()?;
        // A device has no end to read to. Whether it is writable shows with the first result.
        let scan = if metadata.is_file() { read_and_repair(&path, &file)? } else { Scan::default() };
        let Scan { known, good_bytes: bytes, .. } = scan;
        Ok(Self { path, file, identity: identity(&metadata), bytes, is_torn: false, known })
    }

    /// Checks that the file at the path is still the open one and unchanged. The operator may have moved it, and writes
    /// to a deleted file are lost.
    fn settle(&mut self) -> io::Result<()> {
        let found = fs::metadata(&self.path).ok().filter(|found| identity(found) == self.identity);
        if found.is_some() && self.is_torn {
            // After a failed sync the system may report pages as written that are not. The content after the last good
            // line cannot be trusted and is written again.
            self.file.set_len(self.bytes)?;
            self.is_torn = false;
        } else if found.is_none_or(|found| found.len() != self.bytes) {
            *self = Self::open(self.path.clone())?;
        }
        Ok(())
    }

    fn new_lines(&self, results: &[MatchResult]) -> (Vec<u8>, HashSet<MatchId>) {
        let (mut lines, mut ids) = (Vec::new(), HashSet::new());
        for result in results {
            if !self.known.contains(result.match_id) && ids.insert(result.match_id) {
                result.write_line(&mut lines);
            }
        }
        (lines, ids)
    }
}

impl ResultSink for ResultsFile {
    fn append(&mut self, results: &[MatchResult]) -> io::Result<()> {
        self.settle()?;
        let (lines, ids) = self.new_lines(results);
        if let Err(error) = write_to_disk(&self.file, &lines) {
            // A partial line must not stay where the next one begins.
            self.is_torn = self.file.set_len(self.bytes).is_err();
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        ids.into_iter().for_each(|id| self.known.insert(id));
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn read_and_repair(path: &Path, file: &File) -> io::Result<Scan> {
    let scan = Scan::read(BufReader::new(file))?;
    let (shown, strange) = (path.display(), scan.strange_lines);
    if scan.good_bytes < scan.bytes {
        let cut = scan.bytes - scan.good_bytes;
        file.set_len(scan.good_bytes)?;
        tracing::warn!("{shown} ended with an incomplete line: its last {cut} bytes were cut off");
    }
    if strange > 0 {
        tracing::warn!("{shown} has lines that are not JSON ({strange}): they are kept");
    }
    // Syncs lines that a killed server may have left unsynced, because a repeated submission is acknowledged at once.
    file.sync_all()?;
    Ok(scan)
}

/// Syncs the folder: a new file without a synced folder entry is lost after a power failure.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write_to_disk(mut file: &File, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    file.write_all(lines)?;
    file.sync_data()
}
