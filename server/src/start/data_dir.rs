//! The data folder: used by one server at a time, which notices when the folder is taken away from under it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use crate::{
    disk::{FreeSpace, Identity},
    threads,
};

/// Interval between two looks at whether the folder is still there.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// The locked data folder. The lock is on the folder itself, so nobody can remove it and leave the folder; it ends with
/// the process, also after a crash.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    identity: Identity,
    _locked: File,
}

impl DataDir {
    /// Creates the folder if there is none, and locks it.
    ///
    /// # Errors
    /// With a sentence, when it cannot be used or another server uses it.
    pub fn lock(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let cannot =
            |error: io::Error| format!("cannot use the data folder {shown}: {error}; choose another with --data-dir");
        fs::create_dir_all(path).map_err(cannot)?;
        let folder = File::open(path).map_err(cannot)?;
        match folder.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "another server uses the data folder {shown}: stop it, or choose another with --data-dir"
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let locked = Self {
            identity: folder.metadata().map(|it| Identity::of(&it)).map_err(cannot)?,
            path: path.to_owned(),
            _locked: folder,
        };
        // It may have been replaced between the two.
        if locked.is_there() { Ok(locked) } else { Err(format!("the data folder {shown} was replaced: try again")) }
    }

    /// Whether the locked folder is still at its path.
    pub fn is_there(&self) -> bool {
        Identity::at(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Starts a thread that looks now and then whether the folder is still there, and how much space its disk has. It sets
    /// the flag and logs when that changes, and ends, and with it the lock, when the returned value is dropped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(self, is_lost: Arc<AtomicBool>, free: FreeSpace) -> io::Result<Watched> {
        let (watched, end) = mpsc::sync_channel(0);
        free.measure(&self.path);
        let work = move || {
            while end.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                self.look(&is_lost);
                free.measure(&self.path);
            }
        };
        let thread = threads::spawn("data-dir", work)?;
        Ok(Watched { _end: watched, _thread: thread })
    }

    fn look(&self, is_lost: &AtomicBool) {
        let (is_there, shown) = (self.is_there(), self.path.display());
        match (is_lost.swap(!is_there, Relaxed), is_there) {
            (false, false) => tracing::error!(
                "the data folder {shown} is gone or another one is in its place: results wait in memory and replays \
                 are lost; put it back, or restart the server"
            ),
            (true, true) => tracing::info!("the data folder {shown} is there again"),
            _ => {}
        }
    }
}

/// A data folder that is locked and watched.
pub(super) struct Watched {
    _end: SyncSender<()>,
    _thread: thread::JoinHandle<()>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("framehouse-data-dir-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&path));
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_second_server_is_refused_whatever_is_deleted_in_the_folder() {
        let folder = Folder::new("locked");
        let first = DataDir::lock(&folder.0).expect("a folder of ours");
        fs::write(folder.0.join("lock"), "").expect("a file");
        for entry in fs::read_dir(&folder.0).expect("a folder") {
            fs::remove_file(entry.expect("a file").path()).expect("a file of ours");
        }
        let told = DataDir::lock(&folder.0).expect_err("it is in use");
        assert!(told.starts_with("another server uses the data folder"), "{told}");
        drop(first);
        DataDir::lock(&folder.0).expect("it is free again");
    }

    #[test]
    fn a_folder_that_is_moved_or_replaced_is_lost_until_it_is_put_back() {
        let (folder, aside) = (Folder::new("moved"), Folder::new("aside"));
        let locked = DataDir::lock(&folder.0).expect("a folder of ours");
        let is_lost = AtomicBool::new(false);
        let look = || {
            locked.look(&is_lost);
            is_lost.load(Relaxed)
        };
        assert!(!look());
        fs::rename(&folder.0, &aside.0).expect("a folder of ours");
        assert!(look(), "it is gone");
        fs::create_dir(&folder.0).expect("its place is free");
        assert!(look(), "it is another one");
        fs::remove_dir(&folder.0).expect("it is empty");
        fs::rename(&aside.0, &folder.0).expect("its place is free");
        assert!(!look());
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_told_in_a_sentence() {
        let told = DataDir::lock(Path::new("/dev/null/data")).expect_err("no folder can be there");
        assert!(told.starts_with("cannot use the data folder /dev/null/data"), "{told}");
    }
}
