//! A line for every admin call, in a file that the server only ever appends to.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Mutex,
};

use super::lock;

/// Name of the file: one JSON object a line.
pub(super) const FILE_NAME: &str = "audit.jsonl";

/// The open file.
pub(super) struct Audit(Mutex<State>);

struct State {
    file: File,
    /// Lines that are not in the file yet, because it could not be written.
    waiting: String,
}

impl Audit {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(data_dir.join(FILE_NAME))?;
        Ok(Self(Mutex::new(State { file, waiting: String::new() })))
    }

    /// Writes lines that wait. If this fails, nothing more may be done that needs a line.
    pub(super) fn check(&self) -> io::Result<()> {
        lock(&self.0).flush()
    }

    /// Appends a line; it is on the disk when this returns.
    pub(super) fn write(&self, line: String) -> io::Result<()> {
        let mut state = lock(&self.0);
        state.waiting.push_str(&line);
        state.waiting.push('\n');
        state.flush()
    }
}

impl State {
    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(self.waiting.as_bytes()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // What a full disk has taken of it would be a torn line.
            let _ = self.file.set_len(length);
        } else {
            self.waiting.clear();
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::ops::admin::tests::Folder;

    #[test]
    fn lines_are_appended_and_kept_over_restarts() {
        let folder = Folder::new("audit");
        for line in ["1", "2"] {
            let audit = Audit::open(folder.path()).expect("a folder of ours");
            audit.check().expect("it takes lines");
            audit.write(line.to_owned()).expect("it takes lines");
        }
        assert_eq!(fs::read_to_string(folder.path().join(FILE_NAME)).expect("a file"), "1\n2\n");
    }

    #[test]
    fn a_line_that_a_full_disk_did_not_take_stops_further_calls() {
        let folder = Folder::new("audit-full");
        symlink("/dev/full", folder.path().join(FILE_NAME)).expect("a folder of ours");
        let audit = Audit::open(folder.path()).expect("it opens");
        audit.check().expect("nothing waits");
        assert!(audit.write("1".to_owned()).is_err() && audit.check().is_err());
    }
}
