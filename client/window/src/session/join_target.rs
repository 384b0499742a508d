//! Join targets: rooms that the player can join, and the requests for them.

use framehouse_client::connect::{RoomRequest, SessionRequest};
use framehouse_shared::ids::RoomCode;

use super::SavedSeat;
use crate::settings::Settings;

/// Number of bots in a practice room.
pub const PRACTICE_BOTS: u8 = 3;
/// Number of seats of a room that the player creates.
const ROOM_SEATS: u8 = 8;

/// A room to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinTarget {
    /// Any public room.
    Quick,
    /// A new room.
    Create,
    /// The room with this code.
    Join(RoomCode),
    /// The room with this code, without a seat.
    Watch(RoomCode),
    /// A new room with bots in it.
    Practice,
    /// A saved seat of an earlier run of the program.
    Resume(SavedSeat),
}

impl JoinTarget {
    /// The server's address, and the request to send.
    pub fn request(&self, settings: &Settings) -> (String, SessionRequest) {
        let create = |size, private| RoomRequest::Create { size, private, practice: false, economy: None };
        let room = match self {
            Self::Quick => RoomRequest::Quick {},
            Self::Create => create(ROOM_SEATS, false),
            Self::Join(code) => RoomRequest::Code(*code),
            Self::Watch(code) => RoomRequest::Watch(*code),
            // One seat stays free: a full room would begin the next match before the player is ready.
            Self::Practice => create(PRACTICE_BOTS + 2, true),
            Self::Resume(saved_seat) => RoomRequest::Code(saved_seat.code),
        };
        let request = SessionRequest {
            name: settings.name.trim().to_owned(),
            room,
            resume: None,
            player_secret: settings.player_secret,
            hello: None,
        };
        match self {
            Self::Resume(saved_seat) => (
                saved_seat.server.clone(),
                SessionRequest { name: saved_seat.name.clone(), resume: Some(saved_seat.resume.clone()), ..request },
            ),
            _ => (settings.server.clone(), request),
        }
    }
}
