//! What a gateway and a node tell each other over the WebSocket of one member, which the gateway opens at [`PATH`].
//!
//! The first frame is text and says whose session it is: [`Attach`] as JSON. After it every binary frame is a message of the
//! member or for it, unchanged, in the encoding of the member. The node closes the socket when the session is over, with the
//! code [`SESSION_OVER`] and the reason as in [`code_of`], or with the code with which it would have closed the socket of a
//! client; the gateway closes it when the member is gone.

use std::net::IpAddr;

use framehouse_shared::{
    api::ws::{Encoding, close, code_of},
    protocol::end::EndCode,
};
use serde::{Deserialize, Serialize};

use super::{Opened, Outbox, SessionEnd};
use crate::net::endpoint::ClientId;

/// Path of the WebSocket, for holders of the fleet's secret.
pub(crate) const PATH: &str = "/internal/v1/ws";
/// Code with which a node closes the socket when its session is over.
pub(crate) const SESSION_OVER: u16 = 4000;

/// The member of a gateway, for a session that the node has granted.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attach {
    client: ClientId,
    ip: IpAddr,
    encoding: Encoding,
    player_id: String,
    resume: String,
}

impl Attach {
    /// The member with this socket.
    pub fn new(opened: &Opened) -> Self {
        let Opened { client, ip, encoding, player_id, resume, outbox: _ } = opened;
        Self { client: *client, ip: *ip, encoding: *encoding, player_id: player_id.clone(), resume: resume.clone() }
    }

    /// The member's socket, as the node sees it.
    pub fn opened(self, outbox: std::sync::Arc<Outbox>) -> Opened {
        let Self { client, ip, encoding, player_id, resume } = self;
        Opened { client, ip, encoding, player_id, resume, outbox }
    }

    /// Encoding of its messages.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }
}

/// The reason in the close frame of a session that ended so.
pub(crate) fn reason_of(end: SessionEnd) -> String {
    if let SessionEnd::Code(code) = end { code_of(code) } else { String::new() }
}

/// What the close frame of a node says about its session. `None` if the member did not read.
pub(crate) fn end_of(code: u16, reason: &str) -> Option<SessionEnd> {
    match code {
        close::TOO_SLOW => None,
        SESSION_OVER => {
            let code = EndCode::ALL.iter().copied().find(|code| code_of(*code) == reason);
            // The fleet has other nodes.
            let code = code.map(|code| if code == EndCode::ServerStopping { EndCode::Moved } else { code });
            Some(code.map_or(SessionEnd::Unknown, SessionEnd::Code))
        }
        _ => Some(SessionEnd::NodeLost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_learns_how_a_session_ended() {
        for code in EndCode::ALL.iter().copied().filter(|code| *code != EndCode::ServerStopping) {
            let end = SessionEnd::Code(code);
            assert_eq!(end_of(SESSION_OVER, &reason_of(end)), Some(end));
        }
        let stopped = reason_of(SessionEnd::Code(EndCode::ServerStopping));
        assert_eq!(end_of(SESSION_OVER, &stopped), Some(SessionEnd::Code(EndCode::Moved)));
        assert_eq!(end_of(SESSION_OVER, &reason_of(SessionEnd::Unknown)), Some(SessionEnd::Unknown));
        assert_eq!((end_of(close::TOO_SLOW, ""), end_of(close::NO_PONG, "")), (None, Some(SessionEnd::NodeLost)));
    }
}
