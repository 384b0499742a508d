//! Why a connection ends.

use axum::extract::ws::CloseFrame;
use framehouse_shared::{api::ws::close, protocol::end::EndCode};

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
    Session(Option<EndCode>),
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
            Self::Session(_) => "the session was over",
            Self::Misbehaved(_) => "it sent too much or made no sense",
            Self::TooSlow => "it did not read what was sent to it",
            Self::NoPong => "it did not answer a ping",
        }
    }

    /// The close frame.
    pub(super) fn frame(&self) -> CloseFrame {
        let (code, reason) = match self {
            Self::Gone => (1000, ""),
            Self::Unauthenticated(reason) => (close::UNAUTHENTICATED, *reason),
            Self::Refused(reason) => (close::REFUSED, reason.as_str()),
            Self::Busy(reason) => (close::BUSY, reason.as_str()),
            Self::Broken(code, what) => (*code, *what),
            Self::Session(Some(EndCode::ServerStopping)) => (close::STOPPING, EndCode::ServerStopping.sentence()),
            Self::Session(Some(code)) => (close::MISBEHAVED, code.sentence()),
            Self::Session(None) => (close::SESSION_LOST, "the session ended: connect again"),
            Self::Misbehaved(code) => (close::MISBEHAVED, code.sentence()),
            Self::TooSlow => (close::TOO_SLOW, "you did not read what was sent to you"),
            Self::NoPong => (close::NO_PONG, "you did not answer a ping"),
        };
        CloseFrame { code, reason: reason[..reason.floor_char_boundary(REASON_BYTES_MAX)].into() }
    }

    /// The end of the connection after a session that the server has ended for this reason; `None` if the client may ask
    /// for another session.
    pub(super) const fn of_session(code: Option<EndCode>) -> Option<Self> {
        match code {
            None | Some(EndCode::ServerStopping | EndCode::SentTooMuch | EndCode::MadeNoSense) => {
                Some(Self::Session(code))
            }
            Some(_) => None,
        }
    }
}
