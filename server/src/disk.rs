//! Small operations on files that more than one module needs.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Value of [`FreeSpace`] before the first measurement.
const UNKNOWN: u64 = u64::MAX;

/// Identity of a file or folder: what stands at a path may be replaced by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Identity of an open file, or of what was found at a path.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// Identity of what is at this path now.
    ///
    /// # Errors
    /// When nothing is there, or it cannot be looked at.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }
}

/// Free space on the disk of a folder, measured by one thread and read by others: a disk in the network may not answer,
/// and then only the first one waits. Clones are the same.
#[derive(Clone, Debug)]
pub struct FreeSpace(Arc<AtomicU64>);

impl Default for FreeSpace {
    fn default() -> Self {
        Self(Arc::new(UNKNOWN.into()))
    }
}

impl FreeSpace {
    /// Measures the disk of this folder. If that fails, the last value stays: a folder that is gone has no disk.
    pub fn measure(&self, folder: &Path) {
        if let Ok(disk) = rustix::fs::statvfs(folder) {
            self.0.store(disk.f_bavail.saturating_mul(disk.f_frsize), Relaxed);
        }
    }

    /// Space that this process may use, in bytes, as measured last. `None` before the first measurement.
    pub fn bytes(&self) -> Option<u64> {
        Some(self.0.load(Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs a folder to the disk: without that, a new name in it may be lost in a power failure.
///
/// # Errors
/// The error of the operating system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_unknown_at_first_and_stays_when_the_folder_is_gone() {
        let free = FreeSpace::default();
        free.measure(Path::new("/nowhere"));
        assert_eq!(free.bytes(), None);
        free.measure(Path::new("/"));
        let measured = free.bytes();
        assert!(measured.is_some_and(|bytes| bytes < 1 << 60));
        free.measure(Path::new("/nowhere"));
        assert_eq!(free.bytes(), measured);
    }
}
