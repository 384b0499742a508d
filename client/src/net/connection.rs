//! One session: guards, netcode, and renet's single reliable channel, with time as a parameter and no thread.

mod end;
mod setup;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use bevy_renet::renet::RenetClient;
use framehouse_shared::protocol::{
    channel::{CHANNEL_BYTES_MAX, FlushGate, Outbox, Queued, RELIABLE_CHANNEL, split_batch},
    codec,
    control::{ControlDown, ControlUp},
    guard::{DATAGRAM_BYTES_MAX, DropCounts, Dropped, PacketKind, PayloadKind, check_at_client, check_payload},
};
use renetcode::{ClientAuthentication, NetcodeClient};

use super::{Link, Traffic};

pub use end::{Cause, End};
pub use setup::TokenError;
use setup::{read_token, renet_config};

/// The most datagrams taken in one update; the rest waits in the socket.
const RECEIVE_MAX: usize = 512;
/// The most time that passes for netcode in one update. A program that slept reads first and judges the server later.
const STEP_MAX: Duration = Duration::from_secs(1);

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// Netcode's handshake is on its way.
    Connecting,
    /// Messages flow.
    Connected,
    /// It is over.
    Ended(&'a End),
}

/// A session with a server, below the meaning of its messages.
pub struct Connection {
    link: Box<dyn Link>,
    netcode: NetcodeClient,
    renet: RenetClient,
    advanced_to: Duration,
    outbox: Outbox,
    gate: FlushGate,
    batches_received: u64,
    hot: VecDeque<Vec<u8>>,
    control: VecDeque<ControlDown>,
    bad_messages: u64,
    drops: DropCounts,
    traffic: Traffic,
    end: Option<End>,
}

impl Connection {
    /// The address that a token is for.
    ///
    /// # Errors
    /// When the bytes are no token.
    pub fn server_address(token: &[u8]) -> Result<SocketAddr, TokenError> {
        read_token(token)?.server_addresses[0].ok_or(TokenError)
    }

    /// Begins a connection; the first datagram goes out with the first [`receive`](Self::receive).
    ///
    /// `now` may count from anywhere: a client only ever compares its own times.
    ///
    /// # Errors
    /// When the bytes are no token.
    pub fn new(token: &[u8], link: Box<dyn Link>, now: Duration) -> Result<Self, TokenError> {
        let authentication = ClientAuthentication::Secure { connect_token: read_token(token)? };
        Ok(Self {
            link,
            netcode: NetcodeClient::new(now, authentication).map_err(|_| TokenError)?,
            renet: RenetClient::new(renet_config()),
            advanced_to: now,
            outbox: Outbox::default(),
            gate: FlushGate::default(),
            batches_received: 0,
            hot: VecDeque::new(),
            control: VecDeque::new(),
            bad_messages: 0,
            drops: DropCounts::default(),
            traffic: Traffic::default(),
            end: None,
        })
    }

    /// Takes what has arrived, and lets time pass.
    pub fn receive(&mut self, now: Duration) {
        if self.end.is_some() {
            return;
        }
        // One byte more than any datagram has, so that a longer one is seen to be too long.
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        for _ in 0..RECEIVE_MAX {
            let Some(length) = self.link.receive(now, &mut buffer) else { break };
            self.traffic.count_down(length);
            if let Err(reason) = self.take_datagram(&mut buffer[..length]) {
                self.drops.count(reason);
            }
        }
        self.take_batches();
        self.pass_time(now);
        self.notice_end();
    }

    /// The next hot message that came.
    pub fn next_hot(&mut self) -> Option<Vec<u8>> {
        self.hot.pop_front()
    }

    /// The next control message that came.
    pub fn next_control(&mut self) -> Option<ControlDown> {
        self.control.pop_front()
    }

    /// Queues a reliable message. A server that reads nothing any more ends the connection.
    pub fn queue_control(&mut self, message: &ControlUp) {
        let in_flight = self.in_flight();
        if self.outbox.push(&codec::encode(message), in_flight) != Queued::Kept {
            let sentence = "The server no longer takes our messages: the connection is given up.";
            self.give_up(Cause::Stalled, sentence);
        }
    }

    /// Sends a hot message at once, or loses it.
    pub fn send_hot(&mut self, now: Duration, message: &[u8]) {
        if let Ok((_, datagram)) = self.netcode.generate_payload_packet(message) {
            self.traffic.count_up(datagram.len());
            self.link.send(now, datagram);
        }
    }

    /// Sends reliable messages and acknowledgements that are due.
    pub fn send(&mut self, now: Duration) {
        if self.end.is_some() || !self.netcode.is_connected() {
            return;
        }
        let mut handed = false;
        while let Some(batch) = self.outbox.next_batch(self.in_flight()) {
            self.renet.send_message(RELIABLE_CHANNEL, batch);
            handed = true;
        }
        if self.gate.is_due(now, handed, self.in_flight() > 0) {
            for packet in self.renet.get_packets_to_send() {
                self.send_hot(now, &packet);
            }
        }
    }

    /// How the connection stands.
    pub fn status(&self) -> Status<'_> {
        match &self.end {
            Some(end) => Status::Ended(end),
            None if self.netcode.is_connected() => Status::Connected,
            None => Status::Connecting,
        }
    }

    /// Whether the server has acknowledged every reliable message.
    pub fn is_flushed(&self) -> bool {
        self.outbox.bytes() + self.in_flight() == 0
    }

    /// Datagrams dropped before a library or a decoder saw them, by reason.
    pub const fn drops(&self) -> &DropCounts {
        &self.drops
    }

    /// Reliable messages that could not be read.
    pub const fn bad_messages(&self) -> u64 {
        self.bad_messages
    }

    /// Everything sent and received so far.
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// How often the link itself failed.
    pub fn link_errors(&self) -> u64 {
        self.link.errors()
    }

    fn in_flight(&self) -> usize {
        CHANNEL_BYTES_MAX - self.renet.channel_available_memory(RELIABLE_CHANNEL)
    }

    fn take_datagram(&mut self, datagram: &mut [u8]) -> Result<(), Dropped> {
        let kind = check_at_client(datagram)?;
        // The last net: the guards keep out what is known to make netcode or renet panic.
        catch_unwind(AssertUnwindSafe(|| self.unpack(kind, datagram))).unwrap_or(Err(Dropped::Panic))
    }

    fn unpack(&mut self, kind: PacketKind, datagram: &mut [u8]) -> Result<(), Dropped> {
        let was_connected = self.netcode.is_connected();
        let Some(payload) = self.netcode.process_packet(datagram) else {
            let is_refused = was_connected && kind == PacketKind::Payload;
            return if is_refused { Err(Dropped::Unauthentic) } else { Ok(()) };
        };
        match check_payload(payload, self.batches_received)? {
            PayloadKind::Hot => self.hot.push_back(payload.to_vec()),
            PayloadKind::Ack => self.renet.process_packet(payload),
            PayloadKind::Reliable => {
                self.gate.owe_ack();
                self.renet.process_packet(payload);
            }
        }
        Ok(())
    }

    fn take_batches(&mut self) {
        while let Some(batch) = self.renet.receive_message(RELIABLE_CHANNEL) {
            self.batches_received += 1;
            let Ok(messages) = split_batch(&batch) else {
                self.bad_messages += 1;
                continue;
            };
            for message in messages {
                match ControlDown::decode(message) {
                    Ok(message) => self.control.push_back(message),
                    Err(_) => self.bad_messages += 1,
                }
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
            self.traffic.count_up(datagram.len());
            self.link.send(now, datagram);
        }
        self.renet.update(elapsed);
        if self.netcode.is_connected() {
            self.renet.set_connected();
        }
    }
}

#[cfg(test)]
mod tests;
