//! Metrics of the endpoints: UDP and WebSockets.

use std::fmt;

use framehouse_shared::api::{Status, WebSocketStatus};

use super::families::Families;

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let directions = |received, sent| [("in", received), ("out", sent)];
    families.counters(
        "udp_datagrams",
        "UDP datagrams received and sent",
        "direction",
        directions(status.packets_in, status.packets_out),
    )?;
    families.counters(
        "udp_bytes",
        "Bytes of UDP datagrams received and sent, with UDP and IP headers",
        "direction",
        directions(status.bytes_in, status.bytes_out),
    )?;
    families.counters(
        "reliable_messages",
        "Reliable messages received and queued",
        "direction",
        directions(status.messages_in, status.messages_out),
    )?;
    let dropped = status.dropped_datagrams.iter().map(|(reason, count)| (reason.as_str(), *count));
    families.counters("udp_datagrams_dropped", "Received UDP datagrams dropped, by reason", "reason", dropped)?;
    let WebSocketStatus { messages_in, messages_out, bytes_in, bytes_out, frames_skipped } = status.websocket;
    families.counters(
        "websocket_messages",
        "Messages received from and queued for WebSockets, frames included",
        "direction",
        directions(messages_in, messages_out),
    )?;
    families.counters(
        "websocket_bytes",
        "Bytes of the messages of WebSockets",
        "direction",
        directions(bytes_in, bytes_out),
    )?;
    families.counter(
        "websocket_frames_skipped",
        "Frames left out because a WebSocket's client read too slowly",
        frames_skipped,
    )?;
    families.counter(
        "invalid_messages",
        "Messages of clients that passed the guard and were invalid",
        status.errors.invalid_input,
    )
}
