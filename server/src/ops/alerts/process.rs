//! Figures of the process, from the operating system.

use std::{fs, path::Path};

/// Resident memory of this process, in bytes. 0 where the system does not say it.
pub(super) fn memory_bytes() -> u64 {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| resident_bytes(&status)).unwrap_or_default()
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Free space for this process on the disk of a folder, in bytes.
pub(super) fn disk_free_bytes(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Name of this machine.
pub(super) fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_memory_disk_and_name() {
        assert!((1 << 20..1 << 40).contains(&memory_bytes()), "{}", memory_bytes());
        assert!(disk_free_bytes(Path::new("/")).is_some_and(|bytes| bytes < 1 << 60));
        assert_eq!(disk_free_bytes(Path::new("/nowhere")), None);
        assert!(!machine_name().is_empty());
        assert_eq!(resident_bytes("VmHWM:\t 9 kB\nVmRSS:\t   4321 kB\n"), Some(4321 * 1024));
    }
}
