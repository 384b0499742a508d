//! The results files: reads them from a remembered position, whatever happens to them meanwhile.

use std::{
    fs::{self, File},
    io::{self, BufReader, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::PathBuf,
};

use xxhash_rust::xxh3::xxh3_128;

use crate::{
    disk::Identity,
    results::{
        FILE_NAME, MatchResult,
        file::{numbers, old_name},
        scan::read_line,
    },
};

/// Largest number of lines that are read at once.
const LINES_MAX: usize = 256;
/// Length in bytes from which on no more lines are read at once.
const BATCH_BYTES: u64 = 1 << 20;
/// Number of bytes before a position that its mark is made of. The end of a line names its match or its state.
const MARK_BYTES: u64 = 128;

/// A place in the results files: everything before it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Number that the file has, or will have when it is put away.
    pub file: u64,
    /// Bytes of the file that are stored.
    pub bytes: u64,
    /// Hash of the last of them: another file at this place has another mark.
    pub mark: String,
}

/// Lines behind a position.
#[derive(Debug)]
pub(super) struct Lines {
    /// Results, oldest first.
    pub results: Vec<MatchResult>,
    /// Number of lines that are not results.
    pub skipped: u64,
    /// Position behind them.
    pub next: Position,
}

/// The results files of a data folder.
pub(super) struct ResultFiles {
    folder: PathBuf,
    /// The newest file when it was last read to its end, and the position there.
    ended: Option<(Identity, u64, Position)>,
}

/// A results file.
struct Opened {
    file: File,
    number: u64,
    bytes: u64,
    is_newest: bool,
}

impl ResultFiles {
    /// The results files of this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, ended: None }
    }

    /// The next lines behind the position. `None` if there are none.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(&mut self, from: &Position) -> io::Result<Option<Lines>> {
        if self.is_unchanged(from) {
            return Ok(None);
        }
        let mut position = from.clone();
        while let Some(opened) = self.open(position.file)? {
            if position.file != opened.number {
                position = Position { file: opened.number, ..Position::default() };
            }
            if !opened.has(&position)? {
                tracing::info!(
                    "the results files in {} are not those that were stored: they are read again from the first one",
                    self.folder.display()
                );
                position = Position::default();
                continue;
            }
            let lines = opened.read_lines(&position)?;
            if lines.next.bytes > position.bytes {
                return Ok(Some(lines));
            }
            if opened.is_newest {
                self.ended = Some((Identity::of(&opened.file.metadata()?), opened.bytes, from.clone()));
                return Ok(None);
            }
            position = Position { file: opened.number + 1, ..Position::default() };
        }
        Ok(None)
    }

    /// The position behind everything.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn end(&self) -> io::Result<Position> {
        let Some(newest) = self.open(u64::MAX)? else { return Ok(Position::default()) };
        Ok(Position { file: newest.number, bytes: newest.bytes, mark: newest.mark(newest.bytes)? })
    }

    /// Number of bytes behind a position.
    ///
    /// # Errors
    /// When a file cannot be looked at.
    pub fn bytes_behind(&self, position: &Position) -> io::Result<u64> {
        let (mut bytes, mut number) = (0, position.file);
        while let Some(opened) = self.open(number)? {
            let stored = if opened.number == position.file { position.bytes } else { 0 };
            bytes += opened.bytes.saturating_sub(stored);
            if opened.is_newest {
                break;
            }
            number = opened.number + 1;
        }
        Ok(bytes)
    }

    /// Whether the newest file is as it was when it was last read to its end.
    fn is_unchanged(&self, from: &Position) -> bool {
        let Some((identity, bytes, position)) = &self.ended else { return false };
        let found = fs::metadata(self.folder.join(FILE_NAME));
        position == from && found.is_ok_and(|found| Identity::of(&found) == *identity && found.len() == *bytes)
    }

    /// Opens the file with this number, or the next one. `None` if there is no newer one.
    fn open(&self, from: u64) -> io::Result<Option<Opened>> {
        loop {
            let before = numbers(&self.folder)?;
            let newest = before.last().map_or(1, |last| u64::from(*last) + 1);
            let old = before.iter().copied().find(|number| u64::from(*number) >= from);
            let name = old.map_or_else(|| FILE_NAME.to_owned(), old_name);
            let file = match File::open(self.folder.join(name)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound && old.is_none() => return Ok(None),
                // It was moved away just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            // If a file was put away meanwhile, the newest one may be another one than that with this number.
            if numbers(&self.folder)? == before {
                let bytes = file.metadata()?.len();
                let number = old.map_or(newest, u64::from);
                return Ok(Some(Opened { file, number, bytes, is_newest: old.is_none() }));
            }
        }
    }
}

impl Opened {
    /// Whether the position was in this file.
    fn has(&self, position: &Position) -> io::Result<bool> {
        Ok(position.bytes == 0 || position.bytes <= self.bytes && self.mark(position.bytes)? == position.mark)
    }

    fn mark(&self, end: u64) -> io::Result<String> {
        let start = end.saturating_sub(MARK_BYTES);
        let mut last = vec![0; (end - start) as usize];
        self.file.read_exact_at(&mut last, start)?;
        Ok(format!("{:032x}", xxh3_128(&last)))
    }

    /// Reads whole lines from a position on.
    fn read_lines(&self, from: &Position) -> io::Result<Lines> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from.bytes))?;
        let (mut reader, mut line) = (BufReader::new(file), Vec::new());
        let (mut results, mut end) = (Vec::new(), from.bytes);
        let mut skipped = 0;
        while results.len() < LINES_MAX && end - from.bytes < BATCH_BYTES {
            let length = read_line(&mut reader, &mut line)?;
            // The end of the file, or a line that is being written.
            if length == 0 || !self.ends_line(end + length)? {
                break;
            }
            end += length;
            match serde_json::from_slice::<MatchResult>(&line) {
                Ok(result) => results.push(result),
                Err(_) => skipped += 1,
            }
        }
        let next = Position { file: self.number, bytes: end, mark: self.mark(end)? };
        Ok(Lines { results, skipped, next })
    }

    /// Whether a line ends before this byte. Of a line that is too long only the beginning was read.
    fn ends_line(&self, end: u64) -> io::Result<bool> {
        let mut last = [0];
        self.file.read_exact_at(&mut last, end - 1)?;
        Ok(last == *b"\n")
    }
}
