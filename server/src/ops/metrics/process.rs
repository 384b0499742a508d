//! Metrics of the process.

use std::{fmt, fs};

use framehouse_shared::api::Status;
use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

use super::families::Families;

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let labels = [("version", status.version.as_str()), ("protocol", status.protocol.as_str())];
    families.info("build", "Version of the server, and protocol that clients must have", &labels)?;
    families.gauge("start_time_seconds", "When the server started, since 1970-01-01 UTC", status.started_unix_s)?;
    families.counter("process_cpu_seconds", "Processor time of the process", cpu_seconds())?;
    // Without /proc there is nothing to tell.
    if let Some(bytes) = resident_bytes() {
        families.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM", bytes)?;
    }
    if let Some(count) = open_files() {
        families.gauge("process_open_files", "Open files, sockets included", count)?;
    }
    let files_max = getrlimit(Resource::Nofile).current.map_or(f64::INFINITY, |max| max as f64);
    families.gauge("process_open_files_max", "Largest number of open files", files_max)?;
    families.gauge(
        "threads_ended",
        "Threads of the server that have panicked; their work is not done any more",
        status.threads_ended.len() as i64,
    )
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Memory of the process that is in RAM, in bytes.
pub(in crate::ops) fn resident_bytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn open_files() -> Option<i64> {
    // Reading the folder opens it.
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as i64 - 1)
}
