//! The file of a backup: a tar archive in zstd with a checksum, with a first and a last entry of its own.
//!
//! ```text
//! begin.json            format, version of the tables, time
//! tables/NAME/NUMBER    rows, see tables.rs
//! data/NAME             results files and the keys of the server
//! replays.jsonl         names and sizes of the replays, which are not in it
//! end.json              number of rows of each table: without it the file is not whole
//! ```

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zstd::stream::{read::Decoder, write::Encoder};

use crate::disk::{folder_of, sync_folder};

/// Version of the format.
pub(super) const FORMAT: u32 = 1;
/// Name of the first entry.
pub(super) const BEGIN: &str = "begin.json";
/// Name of the last entry.
pub(super) const END: &str = "end.json";
/// Name of the entry about replays.
pub(super) const REPLAYS: &str = "replays.jsonl";
/// Prefix of the entries with rows.
pub(super) const TABLES: &str = "tables/";
/// Prefix of the entries that are files of the data folder.
pub(super) const DATA: &str = "data/";
/// Only the owner may read the file: it has the server's key, and what people wrote.
const MODE: u32 = 0o600;
/// Level of compression.
const LEVEL: i32 = 6;

/// First entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    /// Version of the format.
    pub format: u32,
    /// Version of the tables.
    pub schema: i64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub made_unix: u64,
}

/// Last entry.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// Number of rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// A backup that is being written. It gets its name when it is whole.
pub(super) struct Writer {
    tar: tar::Builder<Encoder<'static, BufWriter<File>>>,
    part: PathBuf,
    to: PathBuf,
}

impl Writer {
    /// Begins a backup that will be this file.
    ///
    /// # Errors
    /// When the file is there already, or cannot be made.
    pub fn create(to: &Path) -> io::Result<Self> {
        if to.try_exists()? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already: choose another name"));
        }
        let mut name = to.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(".part");
        let part = to.with_file_name(name);
        // One that an interrupted backup has left may have other permissions.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&part)?;
        let mut encoder = Encoder::new(BufWriter::new(file), LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self { tar: tar::Builder::new(encoder), part, to: to.to_owned() })
    }

    /// Adds an entry of this many bytes.
    pub fn add(&mut self, name: &str, bytes: u64, content: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(MODE);
        self.tar.append_data(&mut header, name, content)
    }

    /// Adds an entry.
    pub fn add_bytes(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.add(name, content.len() as u64, content)
    }

    /// Adds an entry.
    pub fn add_json(&mut self, name: &str, content: &impl Serialize) -> io::Result<()> {
        self.add_bytes(name, &serde_json::to_vec(content).map_err(io::Error::other)?)
    }

    /// Gives up: nothing is left of the file.
    pub fn give_up(self) {
        // If that fails, the next backup with this name removes it.
        let _ = fs::remove_file(self.part);
    }

    /// Writes everything to the disk and gives the file its name. Returns its length in bytes.
    pub fn finish(self) -> io::Result<u64> {
        let part = self.part.clone();
        self.finish_or_leave().inspect_err(|_| drop(fs::remove_file(part)))
    }

    fn finish_or_leave(self) -> io::Result<u64> {
        let mut buffered = self.tar.into_inner()?.finish()?;
        buffered.flush()?;
        let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.part, &self.to)?;
        sync_folder(folder_of(&self.to))?;
        Ok(file.metadata()?.len())
    }
}

/// Opens a backup.
pub(super) fn open(file: &Path) -> io::Result<tar::Archive<impl Read>> {
    let decoder = Decoder::new(BufReader::new(File::open(file)?))?;
    Ok(tar::Archive::new(decoder))
}
