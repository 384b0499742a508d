//! Names of the keys.

use std::fmt::Display;

/// Sorted set of `NODE:INCARNATION` by the time of its last lease.
pub(super) const NODES: &str = "fh:nodes";
/// The [`Release`](super::Release).
pub(super) const RELEASE: &str = "fh:release";
/// When this memory of Redis began, in milliseconds of its clock.
pub(super) const BORN: &str = "fh:born";
/// Sorted set of managers by the time of their last word, in seconds of Redis' clock.
pub(super) const MANAGERS: &str = "fh:managers";

/// What a manager tells.
pub(super) fn manager(manager: &str) -> String {
    format!("fh:manager:{manager}")
}

/// List of the commands for a manager, oldest first.
pub(super) fn commands(manager: &str) -> String {
    format!("fh:commands:{manager}")
}

/// The answer to a command.
pub(super) fn answer(id: &str) -> String {
    format!("fh:answer:{id}")
}

/// The lease of a node.
pub(super) fn node(node: &str) -> String {
    format!("fh:node:{node}")
}

/// A room code.
pub(in crate::fleet) fn code(code: impl Display) -> String {
    format!("fh:code:{code}")
}

/// The name of a room.
pub(super) fn name(name: &str) -> String {
    format!("fh:name:{name}")
}

/// A room.
pub(in crate::fleet) fn room(room: impl Display) -> String {
    format!("fh:room:{room}")
}

/// A seat, by the hash of its resume secret.
pub(super) fn resume(hash: &str) -> String {
    format!("fh:resume:{hash}")
}

/// A player, by its lasting id.
pub(super) fn player(account: impl Display) -> String {
    format!("fh:player:{account}")
}
