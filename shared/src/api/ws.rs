#![doc = include_str!("ws.md")]

mod bytes;
mod down;
mod encoding;
mod up;

pub use bytes::Bytes;
pub use down::{Down, GameFrame, Joined, Member, Options, Phase, Ranked, Row, SlotData, Vote, code_of, state_of};
pub use encoding::{Encoding, Invalid, MESSAGE_BYTES_MAX};
pub use up::{Create, Hidden, JoinRoom, ROOM_NAME_BYTES_MAX, Up, is_room_name};

/// Path of the WebSocket.
pub const PATH: &str = "/v1/ws";
/// Path of the game's module for browsers.
pub const VIEW_MODULE_PATH: &str = "/web/view.js";

/// Codes with which the server closes a connection, beside those of the WebSocket protocol.
pub mod close {
    /// The server stops.
    pub const STOPPING: u16 = 1001;
    /// Text that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A breach of the WebSocket protocol.
    pub const PROTOCOL: u16 = 1008;
    /// A frame that is too large.
    pub const TOO_LARGE: u16 = 1009;
    /// The server had no time for the authentication.
    pub const BUSY: u16 = 1013;
    /// The authentication was refused.
    pub const REFUSED: u16 = 4001;
    /// No authentication in time.
    pub const UNAUTHENTICATED: u16 = 4002;
    /// Too many messages, or senseless ones.
    pub const MISBEHAVED: u16 = 4003;
    /// The client did not read what was sent to it.
    pub const TOO_SLOW: u16 = 4004;
    /// The client did not answer a ping.
    pub const NO_PONG: u16 = 4005;
    /// The session in a room ended without a reason that could be told.
    pub const SESSION_LOST: u16 = 4006;
    /// A gateway has lost the server of the room.
    pub const NODE_LOST: u16 = 4007;
}
