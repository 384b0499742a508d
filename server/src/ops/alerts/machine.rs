//! Figures of the machine, from the operating system.

use std::path::Path;

/// Free space for this process on the disk of a folder, in bytes.
pub(super) fn disk_free_bytes(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Name of this machine.
pub(super) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_disk_and_name() {
        assert!(disk_free_bytes(Path::new("/")).is_some_and(|bytes| bytes < 1 << 60));
        assert_eq!(disk_free_bytes(Path::new("/nowhere")), None);
        assert!(!name().is_empty());
    }
}
