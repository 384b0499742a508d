//! The file of results: whole lines only, each result once, and on the disk before anybody is told so.

use std::{
    collections::HashSet,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use framehouse_shared::ids::MatchId;

use super::{known::KnownIds, record::MatchResult, scan::Scan, sink::ResultSink};

/// The open file.
pub struct ResultsFile {
    path: PathBuf,
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// How long it is, in whole lines that are on the disk.
    bytes: u64,
    /// Whether there may be more in it, after a write that failed.
    is_torn: bool,
    known: KnownIds,
}

impl ResultsFile {
    /// Opens the file, or makes it; cuts off a torn last line and reads which results there are.
    ///
    /// # Errors
    /// The operating system's, as it is.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        sync_folder(&path)?;
        let metadata = file.metadata()?;
        // A device has no end to read to; whether it can be written to shows with the first result.
        let scan = if metadata.is_file() { read_and_repair(&path, &file)? } else { Scan::default() };
        let Scan { known, good_bytes: bytes, .. } = scan;
        Ok(Self { path, file, identity: identity(&metadata), bytes, is_torn: false, known })
    }

    /// Makes sure that this is still the file at the path, as it was left: an operator may have moved it away, and what is
    /// written to a deleted file is lost.
    fn settle(&mut self) -> io::Result<()> {
        let found = fs::metadata(&self.path).ok().filter(|found| identity(found) == self.identity);
        if found.is_some() && self.is_torn {
            // After an error the system takes pages for written that are not: what is in the file beyond its good part
            // cannot be believed, it has to be written again.
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
            // Part of a line must not stay where the next one begins.
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
        tracing::warn!("{shown} ended with a torn line, which is no result yet: its last {cut} bytes were cut off");
    }
    if strange > 0 {
        tracing::warn!("{shown} has lines that are not JSON ({strange}): they are left as they are");
    }
    // A killed server may have left lines that are not on the disk yet; whoever submits them again is told they are.
    file.sync_all()?;
    Ok(scan)
}

/// Makes the file's name last: a new file that no folder names is lost with the next power cut.
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
