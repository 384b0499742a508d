//! A log file that is put away when it is large or old: `server.log` becomes `server.log.1`, that `server.log.2`, and so
//! on. Crates for that rotate by size or by age, not by both, and none goes on after a full disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use framehouse_shared::text::Printable;

use crate::config::LogSettings;

/// Permissions of a new file: names and rooms of players are not for everybody on the machine.
const MODE: u32 = 0o640;
/// Interval between two looks for files that are too old.
const LOOK_INTERVAL: Duration = Duration::from_secs(3600);
/// Pause between two attempts to open the file at the path.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// The log file.
pub(super) struct LogFile {
    path: PathBuf,
    bytes_max: u64,
    age_max: Duration,
    kept: u32,
    kept_for: Duration,
    /// When old files were last looked for.
    looked_at: SystemTime,
    open: OpenFile,
    /// It could not be put away, so it grows on.
    grows_on: bool,
    /// The file at the path has to be opened, because it is another one now.
    reopen: Option<Reopen>,
}

impl OpenFile {
    /// Length of the file; unknown if the system does not tell.
    fn length(&self) -> Option<u64> {
        self.file.metadata().ok().map(|metadata| metadata.len())
    }

    /// Another program may have truncated the file, as logrotate does with `copytruncate`.
    fn note_truncation(&mut self) {
        self.bytes = self.length().map_or(self.bytes, |length| length.min(self.bytes));
    }

    /// Removes half a line, which would spoil the next one. The file does not grow. A device has no length.
    fn cut_half_line(&mut self) {
        self.note_truncation();
        let _ = self.file.set_len(self.bytes);
    }
}

/// The failed attempt to open the file at the path, if there was one.
#[derive(Default)]
struct Reopen(Option<(SystemTime, io::Error)>);

struct OpenFile {
    file: File,
    bytes: u64,
    since: SystemTime,
    /// A device or a pipe is never put away.
    is_file: bool,
}

impl LogFile {
    /// Opens the file of these settings, at its end.
    ///
    /// # Errors
    /// With a sentence, when it cannot be opened.
    pub fn open(settings: &LogSettings) -> Result<Self, String> {
        let path = settings.file.clone().unwrap_or_default();
        let open = open(&path).map_err(|error| {
            format!("cannot open the log file {}: {error}; choose another with `file` in [log]", path.display())
        })?;
        let age_max = Duration::from_secs(3600) * settings.file_age_max_h;
        let (bytes_max, kept) = (settings.file_bytes_max, settings.files_kept);
        let kept_for = Duration::from_secs(24 * 3600) * settings.files_kept_days;
        let looked_at = SystemTime::UNIX_EPOCH;
        Ok(Self { path, bytes_max, age_max, kept, kept_for, looked_at, open, grows_on: false, reopen: None })
    }

    /// The path, as text that can be printed.
    pub fn path(&self) -> String {
        Printable(&self.path.to_string_lossy()).to_string()
    }

    /// Opens the file at the path before the next line, because it may be another one now.
    pub fn reopen(&mut self) {
        self.reopen = Some(Reopen::default());
    }

    /// Why lines still go to the old file, although the one at the path should be opened.
    pub fn reopen_error(&self) -> Option<&io::Error> {
        let Reopen(failed) = self.reopen.as_ref()?;
        failed.as_ref().map(|(_, error)| error)
    }

    /// Opens the file at the path, if it has to be. If it cannot, lines go to the old file, and it is tried again.
    fn reopen_if_due(&mut self, now: SystemTime) {
        let Some(Reopen(failed)) = &self.reopen else { return };
        let is_recent = |at: &SystemTime| now.duration_since(*at).is_ok_and(|pause| pause < REOPEN_PAUSE);
        if failed.as_ref().is_some_and(|(at, _)| is_recent(at)) {
            return;
        }
        match open(&self.path) {
            Ok(open) => (self.open, self.grows_on, self.reopen) = (open, false, None),
            Err(error) => self.reopen = Some(Reopen(Some((now, error)))),
        }
    }

    /// Appends a line, to a new file if the old one is large or old.
    ///
    /// # Errors
    /// When the line cannot be written. Nothing of it is in the file then.
    pub fn write_line(&mut self, line: &[u8], now: SystemTime) -> io::Result<()> {
        self.reopen_if_due(now);
        self.delete_old(now);
        if self.is_due(line.len() as u64, now) {
            self.open.note_truncation();
        }
        if self.is_due(line.len() as u64, now) {
            self.try_put_away();
            self.reopen_if_due(now);
        }
        let written = self.open.file.write_all(line);
        match written {
            Ok(()) => self.open.bytes += line.len() as u64,
            Err(_) => self.open.cut_half_line(),
        }
        written
    }

    /// Deletes full files whose last line is too old, once an hour.
    fn delete_old(&mut self, now: SystemTime) {
        if now.duration_since(self.looked_at).is_ok_and(|passed| passed < LOOK_INTERVAL) {
            return;
        }
        self.looked_at = now;
        for file in (1..=self.kept).map(|number| numbered(&self.path, number)) {
            let written = fs::metadata(&file).and_then(|metadata| metadata.modified()).ok();
            let age = written.and_then(|written| now.duration_since(written).ok());
            if age.is_some_and(|age| age > self.kept_for) {
                // If it is not possible now, it may be in an hour.
                let _ = fs::remove_file(&file);
            }
        }
    }

    fn is_due(&self, bytes: u64, now: SystemTime) -> bool {
        let OpenFile { bytes: written, since, is_file, .. } = &self.open;
        let is_old = now.duration_since(*since).is_ok_and(|age| age >= self.age_max);
        let can_be_put_away = *is_file && *written > 0 && !self.grows_on && self.reopen.is_none();
        can_be_put_away && (written + bytes > self.bytes_max || is_old)
    }

    fn try_put_away(&mut self) {
        if let Err(error) = self.put_away() {
            self.grows_on = true;
            tracing::error!("the log file {} grows on, because it cannot be renamed: {error}", self.path());
        }
    }

    /// Renames the file and the earlier ones, so that a new one has to be opened. The oldest one is overwritten.
    fn put_away(&mut self) -> io::Result<()> {
        for number in (1..self.kept).rev() {
            let (from, to) = (numbered(&self.path, number), numbered(&self.path, number + 1));
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, numbered(&self.path, 1))?;
        self.reopen();
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<OpenFile> {
    let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    let metadata = file.metadata()?;
    let (bytes, is_file) = (metadata.len(), metadata.is_file());
    let since = metadata.created().or_else(|_| metadata.modified()).unwrap_or_else(|_| SystemTime::now());
    Ok(OpenFile { file, bytes, since, is_file })
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("framehouse-log-{}-{name}", process::id()));
            drop(fs::remove_dir_all(&path));
            fs::create_dir_all(&path).expect("a folder of ours");
            Self(path)
        }

        fn log(&self, bytes_max: u64, files_kept: u32) -> LogFile {
            let file = Some(self.0.join("log"));
            let settings = LogSettings { file, file_bytes_max: bytes_max, files_kept, ..Default::default() };
            LogFile::open(&settings).expect("a folder of ours")
        }

        fn read(&self, name: &str) -> Option<String> {
            fs::read_to_string(self.0.join(name)).ok()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_large_file_is_put_away_and_only_some_are_kept() {
        let folder = Folder::new("size");
        let mut log = folder.log(10, 2);
        for number in 0..9 {
            log.write_line(format!("{number:4}\n").as_bytes(), SystemTime::now()).expect("there is room");
        }
        assert_eq!(folder.read("log").as_deref(), Some("   8\n"));
        assert_eq!(folder.read("log.1").as_deref(), Some("   6\n   7\n"));
        assert_eq!(folder.read("log.2").as_deref(), Some("   4\n   5\n"));
        assert_eq!(folder.read("log.3"), None);
        drop(log);
        folder.log(10, 2).write_line(b"   9\n", SystemTime::now()).expect("there is room");
        assert_eq!(folder.read("log").as_deref(), Some("   8\n   9\n"), "a restart appends");
    }

    #[test]
    fn a_file_that_another_program_truncates_is_as_long_as_it_is() {
        let folder = Folder::new("truncated");
        let mut log = folder.log(10, 2);
        let truncate = || drop(File::create(folder.0.join("log")).expect("a file of ours"));
        let write = |log: &mut LogFile, line: &str| log.write_line(line.as_bytes(), SystemTime::now());
        write(&mut log, "   1\n").and_then(|()| write(&mut log, "   2\n")).expect("there is room");
        truncate();
        write(&mut log, "   3\n").expect("there is room");
        assert_eq!((folder.read("log").as_deref(), folder.read("log.1")), (Some("   3\n"), None));
        write(&mut log, "   4\n").and_then(|()| write(&mut log, "   5\n")).expect("there is room");
        assert_eq!(folder.read("log.1").as_deref(), Some("   3\n   4\n"), "it is full by its real length");
        truncate();
        log.open.cut_half_line();
        assert_eq!(folder.read("log").as_deref(), Some(""), "it does not grow");
    }

    #[test]
    fn half_a_line_is_cut() {
        let folder = Folder::new("half");
        let mut log = folder.log(100, 2);
        log.write_line(b"whole\n", SystemTime::now()).expect("there is room");
        log.open.file.write_all(b"ha").expect("there is room");
        log.open.cut_half_line();
        log.write_line(b"next\n", SystemTime::now()).expect("there is room");
        assert_eq!(folder.read("log").as_deref(), Some("whole\nnext\n"));
    }

    #[test]
    fn an_old_file_is_put_away_but_not_an_empty_one() {
        let folder = Folder::new("age");
        let mut log = folder.log(1000, 2);
        let later = SystemTime::now() + Duration::from_secs(3600 * 169);
        log.write_line(b"old\n", later).expect("there is room");
        assert_eq!(folder.read("log.1"), None, "there was nothing to put away");
        log.write_line(b"new\n", later).expect("there is room");
        assert_eq!((folder.read("log.1"), folder.read("log")), (Some("old\n".into()), Some("new\n".into())));
    }

    #[test]
    fn full_files_are_deleted_after_some_days_also_while_there_are_few() {
        let folder = Folder::new("days");
        let (start, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
        let mut log = folder.log(1_000_000, 5);
        for number in [1, 2, 5] {
            fs::write(folder.0.join(format!("log.{number}")), "192.0.2.1\n").expect("a folder of ours");
        }
        log.write_line(b"new\n", start + 29 * day).expect("there is room");
        assert!([1, 2, 5].iter().all(|number| folder.read(&format!("log.{number}")).is_some()));
        let old = File::options().append(true).open(folder.0.join("log.1")).expect("a file of ours");
        old.set_modified(start + 20 * day).expect("a file of ours");
        log.write_line(b"newer\n", start + 31 * day).expect("there is room");
        let left = [1, 2, 3, 5].map(|number| folder.read(&format!("log.{number}")).is_some());
        // By now the open file was old enough to be put away as well.
        assert_eq!(left, [true, true, false, false]);
    }

    #[test]
    fn lines_go_to_the_old_file_until_the_new_one_opens() {
        let folder = Folder::new("reopen");
        let (logs, aside) = (folder.0.join("logs"), folder.0.join("aside"));
        fs::create_dir(&logs).expect("a folder of ours");
        let settings = LogSettings { file: Some(logs.join("log")), ..Default::default() };
        let mut log = LogFile::open(&settings).expect("a folder of ours");
        let start = SystemTime::now();
        fs::rename(&logs, &aside).expect("a folder of ours");
        log.reopen();
        log.write_line(b"1\n", start).expect("the old file is open");
        assert!(log.reopen_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound));
        fs::create_dir(&logs).expect("a folder of ours");
        log.write_line(b"2\n", start + REOPEN_PAUSE / 2).expect("the old file is open");
        assert_eq!((folder.read("aside/log").as_deref(), folder.read("logs/log")), (Some("1\n2\n"), None));
        log.write_line(b"3\n", start + REOPEN_PAUSE).expect("there is room");
        assert_eq!(folder.read("logs/log").as_deref(), Some("3\n"));
        assert!(log.reopen_error().is_none());
    }

    #[test]
    fn a_full_device_is_an_error_and_stays_where_it_is() {
        let mut settings = LogSettings { file: Some("/dev/full".into()), ..Default::default() };
        let mut log = LogFile::open(&settings).expect("it opens");
        let later = SystemTime::now() + Duration::from_secs(3600 * 24 * 365);
        let error = log.write_line(b"a line\n", later).expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        settings.file = Some("/dev/null/log".into());
        let told = LogFile::open(&settings).map(drop).expect_err("no file can be there");
        assert!(told.starts_with("cannot open the log file /dev/null/log: "), "{told}");
    }
}
