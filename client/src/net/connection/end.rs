//! How a connection ends: because somebody wants it so, or because it is lost.

use std::net::SocketAddr;

use renetcode::DisconnectReason;

use super::Connection;

/// How a connection came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Why, in a sentence for the player.
    pub reason: String,
    /// Neither end wanted it: the server keeps the seat for a while, and a new session can have it again.
    pub is_lost: bool,
}

impl Connection {
    /// Ends the connection because one of the two ends wants it so, and tells the server. This reason replaces a loss.
    pub fn close(&mut self, reason: &str) {
        self.end_with(End { reason: reason.to_owned(), is_lost: false });
    }

    /// Ends the connection because it is of no use any more, and tells the server.
    pub fn give_up(&mut self, reason: &str) {
        self.end_with(End { reason: reason.to_owned(), is_lost: true });
    }

    pub(super) fn notice_end(&mut self) {
        if let Some(reason) = self.netcode.disconnect_reason() {
            self.give_up(&sentence(reason, self.netcode.server_addr()));
        } else if let Some(reason) = self.renet.disconnect_reason() {
            self.give_up(&format!("The server's messages cannot be followed any more ({reason}): connect again."));
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
                self.traffic.count_up(datagram.len());
                self.link.send(self.advanced_to, datagram);
            }
        }
    }
}

fn sentence(reason: DisconnectReason, server: SocketAddr) -> String {
    match reason {
        DisconnectReason::ConnectTokenExpired
        | DisconnectReason::ConnectionRequestTimedOut
        | DisconnectReason::ConnectionResponseTimedOut => {
            format!("The server does not answer on UDP at {server}: is that port open on the way to it?")
        }
        DisconnectReason::ConnectionTimedOut => {
            format!("Nothing was heard from the server at {server} for too long: the connection is lost.")
        }
        DisconnectReason::ConnectionDenied => "The server has no free place: try again later.".to_owned(),
        DisconnectReason::DisconnectedByClient => "The connection was closed.".to_owned(),
        DisconnectReason::DisconnectedByServer => "The server closed the connection.".to_owned(),
    }
}
