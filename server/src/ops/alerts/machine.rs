//! Figures of the machine, from the operating system.

use std::path::Path;

/// Free space for this process on the disk of a folder, in bytes.
pub(super) fn disk_free_bytes(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_the_space_of_a_disk() {
        assert!(disk_free_bytes(Path::new("/")).is_some_and(|bytes| bytes < 1 << 60));
        assert_eq!(disk_free_bytes(Path::new("/nowhere")), None);
    }
}
