//! What a connection begins with.

use bevy_renet::renet::{ChannelConfig, ConnectionConfig, SendType};
use framehouse_shared::protocol::channel::{CHANNEL_BYTES_MAX, FLUSH_BYTES_MAX, RELIABLE_CHANNEL, RESEND_TIME};
use renetcode::ConnectToken;

/// Why bytes are not a token to connect with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server handed out a connect token that this client cannot read: the two are of different versions")]
pub struct TokenError;

pub(super) fn read_token(mut bytes: &[u8]) -> Result<ConnectToken, TokenError> {
    let token = ConnectToken::read(&mut bytes).map_err(|_| TokenError)?;
    // netcode subtracts the two times unchecked.
    if token.expire_timestamp < token.create_timestamp { Err(TokenError) } else { Ok(token) }
}

pub(super) fn renet_config() -> ConnectionConfig {
    let channel = |max_memory_usage_bytes| ChannelConfig {
        channel_id: RELIABLE_CHANNEL,
        max_memory_usage_bytes,
        send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
    };
    ConnectionConfig {
        available_bytes_per_tick: FLUSH_BYTES_MAX,
        client_channels_config: vec![channel(CHANNEL_BYTES_MAX)],
        // The server is trusted to keep its own cap; twice that leaves room for what waits to be read in order.
        server_channels_config: vec![channel(2 * CHANNEL_BYTES_MAX)],
    }
}
