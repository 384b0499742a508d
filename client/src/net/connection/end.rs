//! How a connection ends: because somebody wants it so, or because it is lost.

use std::net::SocketAddr;

use framehouse_shared::protocol::end::{EndCode, EndReason};
use renetcode::DisconnectReason;

use super::Connection;

/// Why a connection came to its end, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server said why.
    Told(EndCode),
    /// The player left.
    Left,
    /// No answer came over UDP.
    NoAnswer,
    /// Nothing came from the server for too long.
    Silence,
    /// The server has no place for one more connection.
    NoPlace,
    /// The server took the connection and gave no seat.
    NoSeat,
    /// The server closed the connection without a word.
    Closed,
    /// Reliable messages do not get through any more, one way or the other.
    Stalled,
    /// What the server sent is none of this client's version.
    NotUnderstood,
    /// The game failed on this side.
    GameFailed,
}

/// How a connection came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Why, for programs.
    pub cause: Cause,
    /// Why, in a sentence for people, in English.
    pub reason: String,
    /// Neither end wanted it: the server keeps the seat for a while, and a new session can have it again.
    pub is_lost: bool,
}

impl Connection {
    /// Ends the connection because one of the two ends wants it so, and tells the server. This end replaces a loss.
    pub fn close(&mut self, cause: Cause, reason: &str) {
        self.end_with(End { cause, reason: reason.to_owned(), is_lost: false });
    }

    /// The server says that the session ends.
    pub fn take_goodbye(&mut self, reason: &EndReason) {
        self.close(Cause::Told(reason.code), &reason.sentence);
    }

    /// Ends the connection because it is of no use any more, and tells the server.
    pub fn give_up(&mut self, cause: Cause, reason: &str) {
        self.end_with(End { cause, reason: reason.to_owned(), is_lost: true });
    }

    pub(super) fn notice_end(&mut self) {
        if let Some(reason) = self.netcode.disconnect_reason() {
            let (cause, sentence) = of_netcode(reason, self.netcode.server_addr());
            self.give_up(cause, &sentence);
        } else if let Some(reason) = self.channel.disconnect_reason() {
            let sentence = format!("The server's messages cannot be followed any more ({reason}): connect again.");
            self.give_up(Cause::Stalled, &sentence);
        }
    }

    fn end_with(&mut self, end: End) {
        // A farewell can arrive together with the end of the connection, and is read after it: it knows more.
        let knows_more = |earlier: &End| earlier.is_lost && !end.is_lost;
        if self.end.as_ref().is_none_or(knows_more) {
            self.end = Some(end);
            self.send_disconnect();
        }
    }

    fn send_disconnect(&mut self) {
        if !self.netcode.is_connected() {
            return;
        }
        // Not answered and not repeated: a second and a third datagram stand for a lost first one.
        for _ in 0..3 {
            if let Ok((_, datagram)) = self.netcode.disconnect() {
                self.link.send(self.advanced_to, datagram);
            }
        }
    }
}

fn of_netcode(reason: DisconnectReason, server: SocketAddr) -> (Cause, String) {
    match reason {
        DisconnectReason::ConnectTokenExpired
        | DisconnectReason::ConnectionRequestTimedOut
        | DisconnectReason::ConnectionResponseTimedOut => {
            let sentence =
                format!("The server does not answer on UDP at {server}: is that port open on the way to it?");
            (Cause::NoAnswer, sentence)
        }
        DisconnectReason::ConnectionTimedOut => {
            let sentence =
                format!("Nothing was heard from the server at {server} for too long: the connection is lost.");
            (Cause::Silence, sentence)
        }
        DisconnectReason::ConnectionDenied => {
            (Cause::NoPlace, "The server has no free place: try again later.".to_owned())
        }
        // We say so only after an end that is noted already.
        DisconnectReason::DisconnectedByClient => (Cause::Left, "The connection was closed.".to_owned()),
        DisconnectReason::DisconnectedByServer => (Cause::Closed, "The server closed the connection.".to_owned()),
    }
}
