//! Messages from a thin client.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;

/// Maximum length of a room's name, in bytes.
pub const ROOM_NAME_BYTES_MAX: usize = 32;

/// Message from a thin client to the server. The table in the [module](super) describes each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the table in the module describes them")]
pub enum Up {
    Auth {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<Hidden>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Hidden>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Hidden>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        view: bool,
    },
    JoinRoom(JoinRoom),
    LeaveRoom,
    Ready {
        ready: bool,
    },
    Message {
        data: Bytes,
    },
    Chat {
        text: String,
    },
    Input {
        frame_id: Option<u32>,
        input_data: Bytes,
    },
    Command {
        data: Bytes,
    },
    GiveUp,
    Vote {
        agrees: bool,
    },
    GetFrames {
        first: u32,
    },
    GetSnapshot,
    Ping {
        seq: u32,
    },
    Start,
    Abort,
    Kick {
        slot: u8,
    },
    HandOver {
        slot: u8,
    },
    Configure {
        seats: u8,
        private: bool,
        economy: bool,
        map: Option<String>,
    },
    CloseRoom,
}

/// Payload of `join_room`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinRoom {
    /// Code of a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Name of a room, which is made if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// Whether to take a seat in any public room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quick: bool,
    /// Options of a new room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<Create>,
    /// Whether to watch instead of taking a seat.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub watch: bool,
    /// Whether to get view frames instead of game frames.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub view: bool,
    /// Ticket of the place in the queue, from the last refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Options of a new room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// Number of seats.
    pub size: u8,
    /// Whether quick match and room lists leave it out.
    #[serde(default)]
    pub private: bool,
    /// Whether one player is enough to start.
    #[serde(default)]
    pub practice: bool,
}

/// Whether a room can have this name.
pub fn is_room_name(name: &str) -> bool {
    (1..=ROOM_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Text that must not appear in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}
