//! The limit on open files of this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::ops::http;

/// Files that are asked for, if the system allows as many.
const FILES_WANTED: u64 = 65_536;
/// Files that HTTP connections leave to UDP endpoints, results, replays with their downloads, and the log.
const FILES_RESERVED: u64 = 256;
/// Smallest number of HTTP connections, even if the files run out.
const CONNECTIONS_MIN: u64 = 16;

/// Raises the limit on open files as far as this process may, and returns the number of HTTP connections that fit in.
pub(super) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED));
    if limit.current.is_some_and(|current| current < wanted) {
        // If it fails, the old limit holds.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
    let files = getrlimit(Resource::Nofile).current;
    let connections = connections_of(files.unwrap_or(u64::MAX));
    if connections < http::CONNECTIONS_MAX {
        tracing::warn!(connections, "the system's limit on open files is low: raise it for many players (ulimit -n)");
    }
    connections
}

fn connections_of(files: u64) -> usize {
    files.saturating_sub(FILES_RESERVED).clamp(CONNECTIONS_MIN, http::CONNECTIONS_MAX as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!([0, 64, 1024, 1280, 65_536].map(connections_of), [16, 16, 768, 1024, 1024]);
    }

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        let allowed = getrlimit(Resource::Nofile).maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED));
        // The connections of a process that may have few files are tested above.
        assert!(raise() >= connections_of(allowed));
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|current| current >= allowed));
    }
}
