//! The limit on open files of this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::ops::http;

/// Files that are asked for, if the system allows as many.
const FILES_WANTED: u64 = 65_536;
/// Files that HTTP connections leave to UDP endpoints, results, replays with their downloads, and the log.
const FILES_RESERVED: u64 = 256;
/// Smallest number of HTTP connections, even if the files run out.
const CONNECTIONS_MIN: u64 = 16;

/// Connections that fit into the limit on open files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    /// Over HTTP.
    pub http: usize,
    /// WebSockets.
    pub sockets: u32,
}

/// Raises the limit on open files as far as this process may, and returns the connections that fit in.
pub(super) fn raise() -> Connections {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED));
    if limit.current.is_some_and(|current| current < wanted) {
        // If it fails, the old limit holds.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
    let files = getrlimit(Resource::Nofile).current;
    let connections = connections_of(files.unwrap_or(u64::MAX));
    if connections.http < http::CONNECTIONS_MAX {
        let connections = connections.http;
        tracing::warn!(connections, "the system's limit on open files is low: raise it for many players (ulimit -n)");
    }
    connections
}

fn connections_of(files: u64) -> Connections {
    let left = files.saturating_sub(FILES_RESERVED);
    let http = left.clamp(CONNECTIONS_MIN, http::CONNECTIONS_MAX as u64);
    let sockets = left.saturating_sub(http).clamp(CONNECTIONS_MIN, u64::from(u32::MAX));
    Connections { http: http as usize, sockets: sockets as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        let http = [0, 64, 1024, 1280, 65_536].map(|files| connections_of(files).http);
        assert_eq!(http, [16, 16, 768, 1024, 1024]);
        let sockets = [0, 1280, 2000, 65_536].map(|files| connections_of(files).sockets);
        assert_eq!(sockets, [16, 16, 720, 64_256]);
    }

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        let allowed = getrlimit(Resource::Nofile).maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED));
        // The connections of a process that may have few files are tested above.
        assert!(raise().http >= connections_of(allowed).http);
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|current| current >= allowed));
    }
}
