//! The end of a connection: intended by one side, or a loss.

use std::net::SocketAddr;

use framehouse_shared::protocol::end::{EndCode, EndReason};
use renetcode::DisconnectReason;

use super::Connection;

/// Reason of a connection's end, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server gave this reason.
    Server(EndCode),
    /// The player left.
    Left,
    /// No answer arrived over UDP.
    NoAnswer,
    /// Nothing arrived from the server for too long.
    Silence,
    /// The server has no room for another connection.
    NoPlace,
    /// The server accepted the connection but gave no seat.
    NoSeat,
    /// The server closed the connection without a message.
    Closed,
    /// Reliable messages no longer get through, in one direction or the other.
    Stalled,
    /// The server's messages do not fit this client's version.
    NotUnderstood,
    /// The game failed in this client.
    GameFailed,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The reason, for programs.
    pub cause: Cause,
    /// The reason in an English sentence, for people.
    pub reason: String,
    /// Neither side intended the end: the server keeps the seat for a while, and a new session can resume it.
    pub is_lost: bool,
}

impl Connection {
    /// Ends the connection because one side wants it, and tells the server. Replaces an earlier loss.
    pub fn close(&mut self, cause: Cause, reason: &str) {
        self.end_with(End { cause, reason: reason.to_owned(), is_lost: false });
    }

    /// Takes the server's message that the session ends.
    pub fn take_goodbye(&mut self, reason: &EndReason) {
        self.close(Cause::Server(reason.code), &reason.sentence);
    }

    /// Ends the connection because it no longer works, and tells the server.
    pub fn give_up(&mut self, cause: Cause, reason: &str) {
        self.end_with(End { cause, reason: reason.to_owned(), is_lost: true });
    }

    pub(super) fn notice_end(&mut self) {
        if let Some(reason) = self.netcode.disconnect_reason() {
            let (cause, sentence) = of_netcode(reason, self.netcode.server_addr());
            self.give_up(cause, &sentence);
        } else if let Some(reason) = self.channel.disconnect_reason() {
            let sentence = format!("The server's messages can no longer be read ({reason}): connect again.");
            self.give_up(Cause::Stalled, &sentence);
        }
    }

    fn end_with(&mut self, end: End) {
        // A goodbye message can arrive together with the end of the connection and is read after it: it has the better
        // reason.
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
        // Disconnect datagrams are neither acknowledged nor repeated: three are sent in case some are lost.
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
            let sentence = format!(
                "The server does not answer on UDP at {server}: is its port open in every firewall on the way?"
            );
            (Cause::NoAnswer, sentence)
        }
        DisconnectReason::ConnectionTimedOut => {
            let sentence = format!("The server at {server} sent nothing for too long: the connection is lost.");
            (Cause::Silence, sentence)
        }
        DisconnectReason::ConnectionDenied => {
            (Cause::NoPlace, "The server has no free place: try again later.".to_owned())
        }
        // We disconnect only after noting an end.
        DisconnectReason::DisconnectedByClient => (Cause::Left, "The connection was closed.".to_owned()),
        DisconnectReason::DisconnectedByServer => (Cause::Closed, "The server closed the connection.".to_owned()),
    }
}
