//! renet as the reliable channel of each client.

use bevy_renet::{
    RenetServer,
    renet::{Bytes, ChannelConfig, ConnectionConfig, SendType},
};
use framehouse_shared::protocol::{
    channel::{CHANNEL_BYTES_MAX, FLUSH_BYTES_MAX, LIBRARY_BYTES_MAX, RELIABLE_CHANNEL, RESEND_TIME},
    reliable::ReliableChannel,
};

use crate::net::endpoint::ClientId;

/// renet's reliable channel to one client.
pub(super) struct PeerChannel<'a> {
    pub(super) renet: &'a mut RenetServer,
    pub(super) client: ClientId,
}

impl ReliableChannel for PeerChannel<'_> {
    type Batch = Bytes;

    fn in_flight(&self) -> usize {
        in_flight(self.renet, self.client)
    }

    fn send(&mut self, batch: Vec<u8>) {
        self.renet.send_message(self.client, RELIABLE_CHANNEL, batch);
    }

    fn receive(&mut self) -> Option<Bytes> {
        self.renet.receive_message(self.client, RELIABLE_CHANNEL)
    }

    fn read_packet(&mut self, packet: &[u8]) {
        self.renet.process_packet_from(packet, self.client).expect("renet has every connected client");
    }

    fn write_packets(&mut self) -> Vec<Vec<u8>> {
        self.renet.get_packets_to_send(self.client).unwrap_or_default()
    }
}

/// Unacknowledged bytes that renet holds for a client.
pub(super) fn in_flight(renet: &RenetServer, client: ClientId) -> usize {
    if renet.is_connected(client) {
        LIBRARY_BYTES_MAX - renet.channel_available_memory(client, RELIABLE_CHANNEL)
    } else {
        0
    }
}

pub(super) fn connection_config() -> ConnectionConfig {
    let channel = |max_memory_usage_bytes| ChannelConfig {
        channel_id: RELIABLE_CHANNEL,
        max_memory_usage_bytes,
        send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
    };
    ConnectionConfig {
        available_bytes_per_tick: FLUSH_BYTES_MAX,
        server_channels_config: vec![channel(LIBRARY_BYTES_MAX)],
        // A client that withholds one message parks the later ones here. No client has more than this unacknowledged.
        client_channels_config: vec![channel(CHANNEL_BYTES_MAX)],
    }
}
