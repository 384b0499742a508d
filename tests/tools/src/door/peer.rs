//! A seated client that is driven by hand, for payloads that no client of this version sends.

use std::{net::Ipv4Addr, thread, time::Duration};

use framehouse_client::net::{Connection, Status};
use framehouse_shared::protocol::messages::{ClientMessage, ServerMessage};

use super::{
    siege::Siege,
    target::{link, private_room},
};

/// The most time until the server's welcome.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(3);
/// Interval of updates while it waits.
const UPDATE_INTERVAL: Duration = Duration::from_millis(5);

/// A client in a room of its own.
pub(super) struct Peer<'a> {
    siege: &'a Siege<'a>,
    connection: Connection,
    is_welcome: bool,
    is_dismissed: bool,
    /// Number of its next packet of the reliable path.
    sequence: u16,
}

impl<'a> Peer<'a> {
    /// Gets a seat and waits for the welcome.
    ///
    /// # Errors
    /// A sentence, if the server refuses.
    pub fn seat(siege: &'a Siege<'a>, from: Ipv4Addr) -> Result<Self, String> {
        let target = siege.target;
        let grant = target.ask(from, "stranger", private_room(2))?;
        let link = Box::new(link(from, &grant)?);
        let start = target.elapsed();
        let mut connection = Connection::new(&grant.token, link, start).map_err(|error| error.to_string())?;
        connection.queue_control(&ClientMessage::Hello(target.thin.hello.clone()));
        let mut peer = Self { siege, connection, is_welcome: false, is_dismissed: false, sequence: 0 };
        while !peer.is_welcome && !siege.is_over() {
            peer.update();
            if peer.is_over() || target.elapsed() - start > WELCOME_TIME_MAX {
                return Err("no welcome".to_owned());
            }
            thread::sleep(UPDATE_INTERVAL);
        }
        Ok(peer)
    }

    /// Receives and sends what is due.
    pub fn update(&mut self) {
        let now = self.siege.target.elapsed();
        self.connection.receive(now);
        while let Some(message) = self.connection.next_control() {
            self.is_welcome |= matches!(message, ServerMessage::Welcome(_));
            self.is_dismissed |= matches!(message, ServerMessage::Goodbye(_));
        }
        while self.connection.next_datagram().is_some() {}
        self.connection.send(now);
    }

    /// Sends a payload, encrypted and signed as the server demands.
    pub fn send(&mut self, payload: &[u8]) {
        self.connection.send_datagram(self.siege.target.elapsed(), payload);
    }

    /// Sends a packet of the reliable path with one batch. The greeting was batch 0.
    pub fn send_batch(&mut self, id: u16, batch: &[u8]) {
        self.sequence += 1;
        // renet: kind, sequence, channel, number of batches, id, length. Numbers of two bytes are marked by one bit.
        let [sequence, id, length] =
            [self.sequence, id, batch.len() as u16].map(|number| (0x4000 | number).to_be_bytes());
        self.send(&[&[0], &sequence[..], &[0, 0, 1], &id, &length, batch].concat());
    }

    /// Whether the server has ended the session.
    pub fn is_over(&self) -> bool {
        self.is_dismissed || matches!(self.connection.status(), Status::Ended(_))
    }
}
