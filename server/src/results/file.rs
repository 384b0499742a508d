//! The results file: whole lines only, each result once, and synced to the disk before it is acknowledged.
//!
//! A file of 64 MiB is put away as `results-N.jsonl`, with N from 1, and a new one is begun. So a start reads a limited
//! number of bytes, however many results there are.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use framehouse_shared::ids::MatchId;

use super::{known::KnownIds, record::MatchResult, scan::Scan, sink::ResultSink};
use crate::disk::{Identity, folder_of, sync_folder};

/// Length in bytes from which on a file is put away. At a start as much is read of the newest file, and of the one
/// before.
const BYTES_MAX: u64 = 64 << 20;

/// The open results file.
pub struct ResultsFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    /// The folder that the file is in. Another one at this path is not the one that the server has locked.
    folder: Identity,
    /// Length from which on the file is put away.
    bytes_max: u64,
    /// Length of the file in bytes, up to the last synced line.
    bytes: u64,
    /// Whether the file may be longer, after a failed write.
    is_torn: bool,
    /// Whether there is a number for the file when it is put away. An operator's file may have taken the last one.
    has_number: bool,
    known: KnownIds,
}

impl ResultsFile {
    /// Opens or creates the file. Cuts off an incomplete last line and reads the ids of stored results.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let folder = Identity::at(folder_of(&path))?;
        Self::open_in(path, folder, BYTES_MAX)
    }

    /// Like [`open`](Self::open), with another maximum length.
    #[cfg(test)]
    pub(crate) fn open_with(path: PathBuf, bytes_max: u64) -> io::Result<Self> {
        let folder = Identity::at(folder_of(&path))?;
        Self::open_in(path, folder, bytes_max)
    }

    fn open_in(path: PathBuf, folder: Identity, bytes_max: u64) -> io::Result<Self> {
        if Identity::at(folder_of(&path))? != folder {
            return Err(io::Error::other("its folder was replaced by another one: restart the server"));
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        sync_folder(folder_of(&path))?;
        let metadata = file.metadata()?;
        // A device has no end to read to. Whether it is writable shows with the first result.
        let scan = if metadata.is_file() { read_and_repair(&path, &file, bytes_max)? } else { Scan::default() };
        let Scan { known, good_bytes: bytes, .. } = scan;
        let identity = Identity::of(&metadata);
        Ok(Self { path, file, identity, folder, bytes_max, bytes, is_torn: false, has_number: true, known })
    }

    /// Checks that the file at the path is still the open one and unchanged. The operator may have moved it, and writes
    /// to a deleted file are lost.
    fn settle(&mut self) -> io::Result<()> {
        let found = fs::metadata(&self.path).ok().filter(|found| Identity::of(found) == self.identity);
        if found.is_some() && self.is_torn {
            // After a failed sync the system may report pages as written that are not. The content after the last good
            // line cannot be trusted and is written again.
            self.file.set_len(self.bytes)?;
            self.is_torn = false;
        } else if found.is_none_or(|found| found.len() != self.bytes) {
            *self = Self::open_in(self.path.clone(), self.folder, self.bytes_max)?;
        }
        if self.bytes >= self.bytes_max && self.has_number { self.put_away() } else { Ok(()) }
    }

    /// Renames a file that is long enough, and begins a new one. What is known stays known. If no number is left, the
    /// file grows on: a result is worth more than a short file.
    fn put_away(&mut self) -> io::Result<()> {
        let last = last_number(folder_of(&self.path))?;
        let Some(number) = last.checked_add(1) else {
            self.has_number = false;
            let (path, old) = (self.path.display(), old_name(last));
            tracing::warn!(
                "{path} grows on, because no number is above that of {old}: rename {old} and restart the server"
            );
            return Ok(());
        };
        let to = folder_of(&self.path).join(old_name(number));
        fs::rename(&self.path, &to)?;
        tracing::info!("{} is full: it is {} now", self.path.display(), to.display());
        *self = Self::open_in(self.path.clone(), self.folder, self.bytes_max)?;
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

/// Name of a file that was put away.
pub(crate) fn old_name(number: u32) -> String {
    format!("results-{number}.jsonl")
}

/// The number in the name of a file that was put away.
fn number_in(name: &str) -> Option<u32> {
    let number = name.strip_prefix("results-")?.strip_suffix(".jsonl")?.parse().ok()?;
    // `results-007.jsonl` is a file of somebody else.
    (old_name(number) == name).then_some(number)
}

/// Numbers of the files that were put away, ascending. There may be gaps of any size: an operator may copy a file, and
/// give the copy a date for a number.
pub(crate) fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(entry?.file_name().to_str().and_then(number_in));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Highest number of a file that was put away; 0 if there is none.
fn last_number(folder: &Path) -> io::Result<u32> {
    Ok(numbers(folder)?.last().copied().unwrap_or(0))
}

/// Paths of all results files in a data folder, newest results first.
///
/// # Errors
/// The error of the operating system.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let newest = Some(folder.join(super::FILE_NAME)).filter(|path| path.exists());
    let old = numbers(folder)?.into_iter().rev().map(|number| folder.join(old_name(number)));
    Ok(newest.into_iter().chain(old).collect())
}

/// Reads the end of a file, from a whole line on, and adds its ids to those of the scan.
fn read_end(mut file: &File, bytes_max: u64, mut scan: Scan) -> io::Result<Scan> {
    let skipped = file.metadata()?.len().saturating_sub(bytes_max);
    let mut reader = BufReader::new(file);
    // One byte earlier: at the beginning of a line, the byte before ends the line before.
    let skipped = match skipped.checked_sub(1) {
        Some(before) => {
            reader.seek(SeekFrom::Start(before))?;
            before + reader.skip_until(b'\n')? as u64
        }
        None => file.seek(SeekFrom::Start(0))?,
    };
    scan.begin_at(skipped);
    scan.read_on(reader)
}

/// Ids in the newest file that was put away. They are not necessary, so a failure is only logged.
fn read_old(path: &Path, bytes_max: u64) -> Scan {
    let read = last_number(folder_of(path)).and_then(|number| match number {
        0 => Ok(Scan::default()),
        number => read_end(&File::open(folder_of(path).join(old_name(number)))?, bytes_max, Scan::default()),
    });
    read.unwrap_or_else(|error| {
        tracing::warn!("the results file before {} cannot be read: {error}", path.display());
        Scan::default()
    })
}

fn read_and_repair(path: &Path, file: &File, bytes_max: u64) -> io::Result<Scan> {
    let before = Scan { known: read_old(path, bytes_max).known, ..Scan::default() };
    let scan = read_end(file, bytes_max, before)?;
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

fn write_to_disk(mut file: &File, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    file.write_all(lines)?;
    file.sync_data()
}
