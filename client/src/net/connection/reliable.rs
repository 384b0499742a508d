//! renet as the channel of the reliable path.

use bevy_renet::renet::{Bytes, ChannelConfig, ConnectionConfig, DisconnectReason, RenetClient, SendType};
use framehouse_shared::protocol::{
    channel::{FLUSH_BYTES_MAX, LIBRARY_BYTES_MAX, RELIABLE_CHANNEL, RESEND_TIME},
    reliable::ReliableChannel,
};

/// renet's end of the connection.
pub(super) struct RenetChannel(RenetClient);

impl RenetChannel {
    pub(super) fn new() -> Self {
        let channel = ChannelConfig {
            channel_id: RELIABLE_CHANNEL,
            max_memory_usage_bytes: LIBRARY_BYTES_MAX,
            send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
        };
        Self(RenetClient::new(ConnectionConfig {
            available_bytes_per_tick: FLUSH_BYTES_MAX,
            client_channels_config: vec![channel.clone()],
            server_channels_config: vec![channel],
        }))
    }

    pub(super) fn update(&mut self, elapsed: std::time::Duration, is_connected: bool) {
        self.0.update(elapsed);
        if is_connected {
            self.0.set_connected();
        }
    }

    pub(super) fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.0.disconnect_reason()
    }
}

impl ReliableChannel for RenetChannel {
    type Batch = Bytes;

    fn in_flight(&self) -> usize {
        LIBRARY_BYTES_MAX - self.0.channel_available_memory(RELIABLE_CHANNEL)
    }

    fn send(&mut self, batch: Vec<u8>) {
        self.0.send_message(RELIABLE_CHANNEL, batch);
    }

    fn receive(&mut self) -> Option<Bytes> {
        self.0.receive_message(RELIABLE_CHANNEL)
    }

    fn read_packet(&mut self, packet: &[u8]) {
        self.0.process_packet(packet);
    }

    fn write_packets(&mut self) -> Vec<Vec<u8>> {
        self.0.get_packets_to_send()
    }
}
