//! Why a connection ends.

use axum::extract::ws::CloseFrame;
use framehouse_shared::{api::ws::close, protocol::end::EndCode};

use crate::net::ws::{
    SessionEnd,
    relay::{SESSION_OVER, reason_of},
};

/// Maximum length of a close reason, in bytes.
const REASON_BYTES_MAX: usize = 123;

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client has closed it, or it is broken.
    Gone,
    /// No `auth` in time, or no `join_room`.
    Unauthenticated(&'static str),
    /// The authentication is refused, with a sentence.
    Refused(String),
    /// There was no time for the authentication, with a sentence.
    Busy(String),
    /// The WebSocket protocol was broken: close code and what was wrong.
    Broken(u16, &'static str),
    /// The server ended the session.
    Session(SessionEnd),
    /// The session of a gateway's socket is over.
    Relayed(SessionEnd),
    /// The client has sent too much, or too many messages that make no sense.
    Misbehaved(EndCode),
    /// It does not read.
    TooSlow,
    /// It does not answer.
    NoPong,
}

impl End {
    /// For the log.
    pub(super) const fn words(&self) -> &'static str {
        match self {
            Self::Gone => "the connection was lost",
            Self::Unauthenticated(_) | Self::Refused(_) | Self::Busy(_) => "it was not authenticated",
            Self::Broken(_, what) => what,
            Self::Session(_) | Self::Relayed(_) => "the session was over",
            Self::Misbehaved(_) => "it sent too much or made no sense",
            Self::TooSlow => "it did not read what was sent to it",
            Self::NoPong => "it did not answer a ping",
        }
    }

    /// The close frame.
    pub(super) fn frame(&self) -> CloseFrame {
        let relayed;
        let (code, reason) = match self {
            Self::Gone => (1000, ""),
            Self::Unauthenticated(reason) => (close::UNAUTHENTICATED, *reason),
            Self::Refused(reason) => (close::REFUSED, reason.as_str()),
            Self::Busy(reason) => (close::BUSY, reason.as_str()),
            Self::Broken(code, what) => (*code, *what),
            Self::Session(SessionEnd::Code(EndCode::ServerStopping)) => {
                (close::STOPPING, EndCode::ServerStopping.sentence())
            }
            Self::Session(SessionEnd::Code(code)) | Self::Misbehaved(code) => (close::MISBEHAVED, code.sentence()),
            Self::Session(SessionEnd::Unknown) => (close::SESSION_LOST, "the session ended: connect again"),
            Self::Session(SessionEnd::NodeLost) => {
                (close::NODE_LOST, "the server of your room does not answer any more: connect again")
            }
            Self::Relayed(end) => {
                relayed = reason_of(*end);
                (SESSION_OVER, relayed.as_str())
            }
            Self::TooSlow => (close::TOO_SLOW, "you did not read what was sent to you"),
            Self::NoPong => (close::NO_PONG, "you did not answer a ping"),
        };
        CloseFrame { code, reason: reason[..reason.floor_char_boundary(REASON_BYTES_MAX)].into() }
    }

    /// The end of the connection after a session that ended so; `None` if the client may ask for another session.
    pub(super) const fn of_session(end: SessionEnd) -> Option<Self> {
        match end {
            SessionEnd::Unknown
            | SessionEnd::NodeLost
            | SessionEnd::Code(EndCode::ServerStopping | EndCode::SentTooMuch | EndCode::MadeNoSense) => {
                Some(Self::Session(end))
            }
            SessionEnd::Code(_) => None,
        }
    }

    /// The end of a gateway's socket after its session, for which it was opened.
    pub(super) const fn of_relayed(end: SessionEnd) -> Option<Self> {
        Some(Self::Relayed(end))
    }
}
