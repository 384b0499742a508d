//! Results files and replays of a data folder, as they are at one moment.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
};

use crate::{
    replay::folder,
    results::{
        FILE_NAME,
        file::{numbers, old_name},
    },
};

/// Number of bytes that are read at once when the last whole line is looked for.
const STEP_BYTES: u64 = 64 << 10;

/// An open results file.
#[derive(Debug)]
pub(super) struct ResultsPart {
    /// Its name in the folder.
    pub name: String,
    /// Its number, or the one that it will have when it is put away.
    pub number: u64,
    file: File,
    /// Length of its whole lines in bytes. What a running server appends later does not count.
    pub bytes: u64,
}

impl ResultsPart {
    /// Its whole lines.
    pub fn reader(&self) -> impl Read + '_ {
        (&self.file).take(self.bytes)
    }
}

/// Opens all results files of a folder, oldest first. A server may run.
pub(super) fn results_parts(folder: &Path) -> io::Result<Vec<ResultsPart>> {
    loop {
        let before = numbers(folder)?;
        let newest = before.last().map_or(1, |last| u64::from(*last) + 1);
        let names = before.iter().map(|number| (old_name(*number), u64::from(*number)));
        let mut parts = Vec::new();
        for (name, number) in names.chain([(FILE_NAME.to_owned(), newest)]) {
            match File::open(folder.join(&name)) {
                Ok(file) => parts.push(ResultsPart { bytes: whole_bytes(&file)?, name, number, file }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // If a file was put away meanwhile, one of them may be there twice or not at all.
        if numbers(folder)? == before {
            return Ok(parts);
        }
    }
}

/// Whether this is the name of a results file.
pub(super) fn is_results_name(name: &str) -> bool {
    let number = || name.strip_prefix("results-")?.strip_suffix(".jsonl")?.parse().ok();
    name == FILE_NAME || number().is_some_and(|number| old_name(number) == name)
}

/// Length up to the end of the last whole line.
fn whole_bytes(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(STEP_BYTES);
        let mut bytes = vec![0; (end - start) as usize];
        file.read_exact_at(&mut bytes, start)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Names and sizes in bytes of the complete replays in a data folder, by name.
pub(super) fn replays(data_dir: &Path) -> io::Result<Vec<(String, u64)>> {
    let folder = data_dir.join(folder::FOLDER_NAME);
    if !folder.try_exists()? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // The retention may delete one just now.
        if let Some(metadata) = entry.metadata().ok().filter(|_| name.ends_with(".fhr")) {
            found.push((name, metadata.len()));
        }
    }
    found.sort();
    Ok(found)
}
