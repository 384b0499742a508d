//! Fuzz target of the guard and renet: a payload that passes the guard must not make renet panic, and renet's own payloads
//! pass.

use std::time::Duration;

use framehouse_shared::protocol::{
    channel::{
        FLUSH_BYTES_MAX, LIBRARY_BYTES_MAX, MESSAGE_BYTES_MAX, Outbox, RELIABLE_CHANNEL, RESEND_TIME, split_batch,
    },
    guard::{
        DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN, PacketKind, PayloadKind, check_at_client, check_at_server,
        check_payload,
    },
};
use renet::{ChannelConfig, ConnectionConfig, RenetClient, RenetServer, SendType};

use super::records::{self, Record};

/// An authenticated payload comes to the server.
pub const TO_SERVER: u8 = 0;
/// An authenticated payload comes to a client.
pub const TO_CLIENT: u8 = 1;
/// A datagram comes to both guards.
pub const DATAGRAM: u8 = 2;
/// Both queue a message, and time passes: 8 ms for each unit in the upper bits.
pub const TIME: u8 = 3;

const CLIENT: u64 = 7;

/// Runs the guards, and renet on payloads that pass them.
pub fn guard(input: &[u8]) {
    let mut pair = Pair::new();
    for Record { op, bytes } in records::read(input) {
        match op & 3 {
            TO_SERVER => pair.feed_server(&bytes),
            TO_CLIENT => pair.feed_client(&bytes),
            DATAGRAM => judge(&bytes),
            _ => pair.pass_time(Duration::from_millis(u64::from(op >> 2) * 8), &bytes),
        }
    }
}

fn judge(datagram: &[u8]) {
    for (judgement, is_server) in [(check_at_server(datagram), true), (check_at_client(datagram), false)] {
        let Ok(kind) = judgement else { continue };
        assert!((DATAGRAM_BYTES_MIN..=DATAGRAM_BYTES_MAX).contains(&datagram.len()));
        assert_ne!(kind, if is_server { PacketKind::Challenge } else { PacketKind::Request });
    }
}

struct Pair {
    server: RenetServer,
    client: RenetClient,
    /// Messages taken from renet: at the server, at the client.
    received: [u64; 2],
    /// Messages that wait to be sent: by the server, by the client.
    outboxes: [Outbox; 2],
}

impl Pair {
    fn new() -> Self {
        let mut server = RenetServer::new(config());
        server.add_connection(CLIENT);
        let mut client = RenetClient::new(config());
        client.set_connected();
        Self { server, client, received: [0; 2], outboxes: Default::default() }
    }

    fn feed_server(&mut self, payload: &[u8]) {
        if let Ok(PayloadKind::Reliable | PayloadKind::Ack) = check_payload(payload, self.received[0]) {
            self.server.process_packet_from(payload, CLIENT).expect("the connection is there");
        }
        while let Some(batch) = self.server.receive_message(CLIENT, RELIABLE_CHANNEL) {
            self.received[0] += 1;
            let _ = split_batch(&batch);
        }
    }

    fn feed_client(&mut self, payload: &[u8]) {
        if let Ok(PayloadKind::Reliable | PayloadKind::Ack) = check_payload(payload, self.received[1]) {
            self.client.process_packet(payload);
        }
        while let Some(batch) = self.client.receive_message(RELIABLE_CHANNEL) {
            self.received[1] += 1;
            let _ = split_batch(&batch);
        }
    }

    fn pass_time(&mut self, time: Duration, said: &[u8]) {
        self.server.update(time);
        self.client.update(time);
        let message = &said[..said.len().min(MESSAGE_BYTES_MAX)];
        if !message.is_empty() {
            let in_flight = [self.server_in_flight(), self.client_in_flight()];
            for (outbox, in_flight) in self.outboxes.iter_mut().zip(in_flight) {
                outbox.push(message, in_flight);
            }
        }
        while let Some(batch) = self.outboxes[0].next_batch(self.server_in_flight()) {
            self.server.send_message(CLIENT, RELIABLE_CHANNEL, batch);
        }
        while let Some(batch) = self.outboxes[1].next_batch(self.client_in_flight()) {
            self.client.send_message(RELIABLE_CHANNEL, batch);
        }
        let sent = self.server.get_packets_to_send(CLIENT).expect("the connection is there");
        sent.iter().chain(&self.client.get_packets_to_send()).for_each(|packet| {
            assert!(check_payload(packet, 0).is_ok(), "the guard refuses what renet sends: {packet:?}");
        });
    }

    fn server_in_flight(&self) -> usize {
        if self.server.is_connected(CLIENT) {
            LIBRARY_BYTES_MAX - self.server.channel_available_memory(CLIENT, RELIABLE_CHANNEL)
        } else {
            0
        }
    }

    fn client_in_flight(&self) -> usize {
        LIBRARY_BYTES_MAX - self.client.channel_available_memory(RELIABLE_CHANNEL)
    }
}

fn config() -> ConnectionConfig {
    let channel = ChannelConfig {
        channel_id: RELIABLE_CHANNEL,
        max_memory_usage_bytes: LIBRARY_BYTES_MAX,
        send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
    };
    ConnectionConfig {
        available_bytes_per_tick: FLUSH_BYTES_MAX,
        server_channels_config: vec![channel.clone()],
        client_channels_config: vec![channel],
    }
}
