//! Notices: events that a window shows once.

use std::collections::VecDeque;

use framehouse_shared::{fields::FieldDifference, ids::MatchId, protocol::messages::RoomEvent, tick::Tick};

/// Maximum number of notices that wait; the oldest are dropped first.
const NOTICES_MAX: usize = 4096;

/// An event of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session is in its room.
    Welcomed,
    /// An event of the room, already applied.
    Room(RoomEvent),
    /// The state of the match is loaded: it can be drawn.
    Loaded,
    /// This client's state differs from the server's after this tick. Repeated with every new finding.
    Desync {
        /// The tick.
        tick: Tick,
        /// The first component that differs, once the server has found it.
        component: Option<String>,
        /// The first field of the component that differs; found after the component, if at all.
        field: Option<FieldDifference>,
    },
    /// The server sent its state, which replaced ours.
    Resynced,
    /// The server refused a request of the player; the sentence says why.
    Refused(String),
    /// The server has stored the result of a match.
    ResultSaved {
        /// The match's number in its room.
        match_no: u32,
        /// The match's id in the server's results.
        match_id: MatchId,
    },
    /// The session is over; the sentence says why.
    Ended(String),
}

/// A queue of notices.
#[derive(Debug, Default)]
pub struct Notices(VecDeque<Notice>);

impl Notices {
    /// Adds a notice.
    pub fn push(&mut self, notice: Notice) {
        if self.0.len() == NOTICES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }

    /// Takes all notices.
    pub fn drain(&mut self) -> std::collections::vec_deque::Drain<'_, Notice> {
        self.0.drain(..)
    }
}
