//! What the window wants to show once.

use std::collections::VecDeque;

use framehouse_shared::{fields::FieldDifference, ids::MatchId, protocol::control::RoomEvent, tick::Tick};

/// The most notices that wait; the oldest go first.
const NOTICES_MAX: usize = 4096;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session is in its room.
    Welcomed,
    /// An event of the room, already applied.
    Room(RoomEvent),
    /// The state of the match is there: it can be drawn.
    Loaded,
    /// This client's state differs from the server's after this tick. Said again with whatever is found out.
    Desync {
        /// The tick.
        tick: Tick,
        /// The first component that differs, once the server has found it.
        component: Option<String>,
        /// The first field of it that differs, once the server has found it: after the component, if at all.
        field: Option<FieldDifference>,
    },
    /// The server sent its state, which replaced ours.
    Resynced,
    /// Something the player asked for is not done, and why, in a sentence.
    Refused(String),
    /// The server has stored the result of a match.
    ResultSaved {
        /// The match's number in its room.
        match_no: u32,
        /// Its name in the server's results.
        match_id: MatchId,
    },
    /// The session is over, and why.
    Ended(String),
}

/// Notices in order.
#[derive(Debug, Default)]
pub struct Notices(VecDeque<Notice>);

impl Notices {
    /// Adds one.
    pub fn push(&mut self, notice: Notice) {
        if self.0.len() == NOTICES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }

    /// Takes all.
    pub fn drain(&mut self) -> std::collections::vec_deque::Drain<'_, Notice> {
        self.0.drain(..)
    }
}
