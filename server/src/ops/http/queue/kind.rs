//! Kinds of requests: each waits in a line of its own.

use crate::room::directory::{JoinRequest, JoinTarget};

/// Smallest number of turns in a line for known rooms, whose tickets want different rooms: a few that cannot be had now must
/// not hold up all others.
const KNOWN_ROOM_TURNS_MIN: u32 = 16;
/// Number of lines.
pub(super) const LINES: usize = 6;

/// Which line a request waits in, and with whom it competes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    wants: Wants,
    is_thin: bool,
    /// Version of the client; zero if it has told none. Servers that are full for one version may have seats for another.
    version: u64,
}

/// What a newcomer wants. When the server has no more rooms, the first kind may still find a seat, and the last one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    AnySeat,
    NewRoom,
    KnownRoom,
}

impl Kind {
    /// The kind of a request; `None` for that of a player who comes back, and never waits.
    pub fn of(request: &JoinRequest) -> Option<Self> {
        let wants = match request.target {
            JoinTarget::Resume(_) => return None,
            JoinTarget::Quick => Wants::AnySeat,
            JoinTarget::Create { .. } | JoinTarget::Named { .. } => Wants::NewRoom,
            JoinTarget::Code(_) | JoinTarget::Watch(_) | JoinTarget::WatchNamed(_) => Wants::KnownRoom,
        };
        let version = request.hello.as_ref().map_or(0, |hello| hello.protocol ^ hello.fingerprint);
        Some(Self { wants, is_thin: request.kind.is_thin(), version })
    }

    /// Index of its line.
    pub const fn index(self) -> usize {
        self.wants as usize * 2 + self.is_thin as usize
    }

    /// Smallest number of tickets of its line that have the turn.
    pub const fn turns_min(self) -> u32 {
        match self.wants {
            Wants::AnySeat | Wants::NewRoom => 1,
            Wants::KnownRoom => KNOWN_ROOM_TURNS_MIN,
        }
    }
}
