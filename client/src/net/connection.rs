//! One session's connection: guards, netcode, and renet's single reliable channel. Time is a parameter; no threads.

mod end;
mod reliable;
mod token;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use framehouse_shared::protocol::{
    channel::Queued,
    codec,
    datagram::Probe,
    guard::{DATAGRAM_BYTES_MAX, DropCounts, Dropped, PacketKind, PayloadKind, check_at_client},
    messages::{ClientMessage, ServerMessage},
    reliable::{ReliableChannel, ReliablePath},
};
use renetcode::{ClientAuthentication, NetcodeClient};

use super::{Link, Traffic, link::CountedLink};

pub use end::{Cause, End};
use reliable::RenetChannel;
pub use token::TokenError;
use token::read_token;

/// Maximum number of datagrams taken in one update; the rest waits in the socket.
const RECEIVE_MAX: usize = 512;
/// The longest time step for netcode in one update. A program that slept thus reads first and judges the server later.
const STEP_MAX: Duration = Duration::from_secs(1);

/// The status of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// Netcode's handshake is in progress.
    Connecting,
    /// Messages flow.
    Connected,
    /// The connection is over.
    Ended(&'a End),
}

/// A connection to a server; it carries messages and does not interpret them.
pub struct Connection {
    link: CountedLink,
    netcode: NetcodeClient,
    path: ReliablePath,
    channel: RenetChannel,
    advanced_to: Duration,
    datagrams: VecDeque<Vec<u8>>,
    control: VecDeque<ServerMessage>,
    bad_messages: u64,
    drops: DropCounts,
    end: Option<End>,
}

impl Connection {
    /// The server's address in a connect token.
    ///
    /// # Errors
    /// When the bytes are not a connect token.
    pub fn server_address(token: &[u8]) -> Result<SocketAddr, TokenError> {
        read_token(token)?.server_addresses[0].ok_or(TokenError)
    }

    /// Begins a connection; the first datagram is sent in the first [`receive`](Self::receive).
    ///
    /// `now` may count from any moment: a client only compares its own times.
    ///
    /// # Errors
    /// When the bytes are not a connect token.
    pub fn new(token: &[u8], link: Box<dyn Link>, now: Duration) -> Result<Self, TokenError> {
        let authentication = ClientAuthentication::Secure { connect_token: read_token(token)? };
        Ok(Self {
            link: CountedLink::new(link),
            netcode: NetcodeClient::new(now, authentication).map_err(|_| TokenError)?,
            path: ReliablePath::default(),
            channel: RenetChannel::new(),
            advanced_to: now,
            datagrams: VecDeque::new(),
            control: VecDeque::new(),
            bad_messages: 0,
            drops: DropCounts::default(),
            end: None,
        })
    }

    /// Receives datagrams and advances netcode and renet to `now`.
    pub fn receive(&mut self, now: Duration) {
        if self.end.is_some() {
            return;
        }
        // One byte more than the longest datagram, so that a longer one is detected.
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        for _ in 0..RECEIVE_MAX {
            let Some(length) = self.link.receive(now, &mut buffer) else { break };
            if let Err(reason) = self.take_datagram(now, &mut buffer[..length]) {
                self.drops.count(reason);
            }
        }
        self.take_messages();
        self.pass_time(now);
        self.notice_end();
    }

    /// Takes the next received unreliable datagram.
    pub fn next_datagram(&mut self) -> Option<Vec<u8>> {
        self.datagrams.pop_front()
    }

    /// Takes the next received control message.
    pub fn next_control(&mut self) -> Option<ServerMessage> {
        self.control.pop_front()
    }

    /// Queues a reliable message. If the server has stopped reading, this ends the connection.
    pub fn queue_control(&mut self, message: &ClientMessage) {
        if self.path.queue(&codec::encode(message), self.channel.in_flight()) != Queued::Kept {
            let sentence = "The server no longer receives this client's messages: the connection is closed.";
            self.give_up(Cause::Stalled, sentence);
        }
    }

    /// Sends an unreliable datagram at once; the network may lose it.
    pub fn send_datagram(&mut self, now: Duration, message: &[u8]) {
        send_payload(&mut self.netcode, &mut self.link, now, message);
    }

    /// Sends reliable messages and acknowledgements that are due.
    pub fn send(&mut self, now: Duration) {
        if self.end.is_some() || !self.netcode.is_connected() {
            return;
        }
        self.path.flush(&mut self.channel, now, |packet| send_payload(&mut self.netcode, &mut self.link, now, &packet));
    }

    /// The status of the connection.
    pub fn status(&self) -> Status<'_> {
        match &self.end {
            Some(end) => Status::Ended(end),
            None if self.netcode.is_connected() => Status::Connected,
            None => Status::Connecting,
        }
    }

    /// Whether the server has acknowledged every reliable message.
    pub fn is_flushed(&self) -> bool {
        self.path.is_settled(self.channel.in_flight())
    }

    /// Datagrams dropped before a library or a decoder saw them, by reason.
    pub const fn drops(&self) -> &DropCounts {
        &self.drops
    }

    /// Reliable messages that could not be read.
    pub const fn bad_messages(&self) -> u64 {
        self.bad_messages
    }

    /// All traffic so far.
    pub const fn traffic(&self) -> Traffic {
        self.link.traffic()
    }

    fn take_datagram(&mut self, now: Duration, datagram: &mut [u8]) -> Result<(), Dropped> {
        let kind = check_at_client(datagram)?;
        // The last safeguard: the guards keep out everything known to make netcode or renet panic.
        catch_unwind(AssertUnwindSafe(|| self.unpack(now, kind, datagram))).unwrap_or(Err(Dropped::Panic))
    }

    fn unpack(&mut self, now: Duration, kind: PacketKind, datagram: &mut [u8]) -> Result<(), Dropped> {
        let was_connected = self.netcode.is_connected();
        let Some(payload) = self.netcode.process_packet(datagram) else {
            let is_refused = was_connected && kind == PacketKind::Payload;
            return if is_refused { Err(Dropped::Unauthentic) } else { Ok(()) };
        };
        if self.path.take_payload(&mut self.channel, payload, now)? == PayloadKind::Unreliable {
            match Probe::decode(payload) {
                Ok(probe) => send_payload(&mut self.netcode, &mut self.link, now, &probe.encode()),
                Err(_) => self.datagrams.push_back(payload.to_vec()),
            }
        }
        Ok(())
    }

    fn take_messages(&mut self) {
        loop {
            let taken = self.path.receive(&mut self.channel, |message| match ServerMessage::decode(message) {
                Ok(message) => self.control.push_back(message),
                Err(_) => self.bad_messages += 1,
            });
            match taken {
                Ok(()) => return,
                Err(_) => self.bad_messages += 1,
            }
        }
    }

    fn pass_time(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.advanced_to).min(STEP_MAX);
        self.advanced_to = now;
        if self.netcode.is_disconnected() {
            return;
        }
        if let Some((datagram, _)) = self.netcode.update(elapsed) {
            self.link.send(now, datagram);
        }
        self.channel.update(elapsed, self.netcode.is_connected());
    }
}

fn send_payload(netcode: &mut NetcodeClient, link: &mut CountedLink, now: Duration, payload: &[u8]) {
    if let Ok((_, datagram)) = netcode.generate_payload_packet(payload) {
        link.send(now, datagram);
    }
}

#[cfg(test)]
mod tests;
