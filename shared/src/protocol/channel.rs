//! Batching and flush policy of the reliable path: how messages form batches, when a batch is passed to renet, and when
//! renet sends packets.
//!
//! Of renet's state it needs only two numbers, so both ends use it and its tests need no connection.

use std::{collections::VecDeque, time::Duration};

use super::codec::{CodecError, Reader, put_varint};

/// Id of the one reliable, ordered channel in each direction.
pub const RELIABLE_CHANNEL: u8 = 0;
/// Maximum unacknowledged reliable data of a peer, queued here or by renet, in bytes.
pub const CHANNEL_BYTES_MAX: usize = 64 * 1024;
/// Maximum data that renet may hold for a peer, in bytes. [`CHANNEL_BYTES_MAX`] is reached first, so that renet never
/// ends a connection without a reason; the rest is for received data that waits for its turn.
pub const LIBRARY_BYTES_MAX: usize = 2 * CHANNEL_BYTES_MAX;
/// Maximum reliable data sent to a peer in one flush, in bytes.
pub const FLUSH_BYTES_MAX: u64 = 4096;
/// Maximum size of a batch, in bytes: below renet's slice size, so that no batch is ever sliced.
pub const BATCH_BYTES_MAX: usize = 1150;
/// Maximum size of a message, in bytes: a batch less its length prefix.
pub const MESSAGE_BYTES_MAX: usize = BATCH_BYTES_MAX - 2;
/// Time after which renet sends an unacknowledged message again.
pub const RESEND_TIME: Duration = Duration::from_millis(200);
/// Interval between flushes to a peer with unacknowledged data.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// Size from which a batch may always be passed to renet, in bytes: no second one fits into the same packet.
const FULL_BATCH_BYTES: usize = 1000;
/// Maximum number of smaller batches passed to renet before the peer has acknowledged everything. With one full batch
/// more, a packet of resends stays far below the receiver's limit of messages per packet, so the channel cannot block.
const SMALL_BATCHES_MAX: u32 = 32;

/// Outcome of queueing a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// The message will be delivered, in order.
    Kept,
    /// The peer is too slow and must be disconnected: an ordered stream cannot leave a message out.
    OverCap,
    /// The message is longer than [`MESSAGE_BYTES_MAX`]: a bug of the sender. The peer must be disconnected.
    TooLong,
}

/// Queue of messages that wait to be passed to renet, in batches.
#[derive(Debug, Default)]
pub struct Outbox {
    batches: VecDeque<Vec<u8>>,
    bytes: usize,
    small_handed: u32,
}

impl Outbox {
    /// Queues one message. `in_flight` is the number of bytes that renet holds unacknowledged.
    pub fn push(&mut self, message: &[u8], in_flight: usize) -> Queued {
        if message.len() > MESSAGE_BYTES_MAX {
            return Queued::TooLong;
        }
        let framed = message.len() + 2;
        if self.bytes + framed + in_flight > CHANNEL_BYTES_MAX {
            return Queued::OverCap;
        }
        if self.batches.back().is_none_or(|batch| batch.len() + framed > BATCH_BYTES_MAX) {
            self.batches.push_back(Vec::with_capacity(64));
        }
        let batch = self.batches.back_mut().expect("a batch was added if there was none");
        let before = batch.len();
        put_varint(batch, message.len() as u64);
        batch.extend_from_slice(message);
        self.bytes += batch.len() - before;
        Queued::Kept
    }

    /// Takes the next batch that may be passed to renet now.
    pub fn next_batch(&mut self, in_flight: usize) -> Option<Vec<u8>> {
        if in_flight == 0 {
            self.small_handed = 0;
        }
        let is_full = self.batches.front()?.len() >= FULL_BATCH_BYTES;
        if !is_full && self.small_handed >= SMALL_BATCHES_MAX {
            return None;
        }
        self.small_handed += u32::from(!is_full);
        let batch = self.batches.pop_front()?;
        self.bytes -= batch.len();
        Some(batch)
    }

    /// Number of queued bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Splits a batch into its messages, in order.
///
/// # Errors
/// When the batch is not a sequence of whole, non-empty messages.
pub fn split_batch(batch: &[u8]) -> Result<Vec<&[u8]>, CodecError> {
    let mut reader = Reader::new(batch);
    let mut messages = Vec::new();
    while !reader.rest().is_empty() {
        let length = reader.varint()? as usize;
        if length == 0 || length > MESSAGE_BYTES_MAX {
            return Err(CodecError::Invalid);
        }
        messages.push(reader.bytes(length)?);
    }
    Ok(messages)
}

/// Decides when renet makes packets: at once for new messages, every [`FLUSH_INTERVAL`] for resends and
/// acknowledgements, never for an idle peer. (renet alone sends every peer an acknowledgement in every update.)
#[derive(Debug, Default)]
pub struct FlushGate {
    ack_owed: bool,
    last_flush: Option<Duration>,
}

impl FlushGate {
    /// Records the arrival of a packet that must be acknowledged.
    pub const fn owe_ack(&mut self) {
        self.ack_owed = true;
    }

    /// Whether an acknowledgement is still to be sent.
    pub const fn owes_ack(&self) -> bool {
        self.ack_owed
    }

    /// Whether to flush now. `handed`: a batch was just passed to renet. `outstanding`: bytes are unacknowledged.
    pub fn is_due(&mut self, now: Duration, handed: bool, outstanding: bool) -> bool {
        let waited = self.last_flush.is_none_or(|last| now.saturating_sub(last) >= FLUSH_INTERVAL);
        let is_due = handed || (waited && (self.ack_owed || outstanding));
        if is_due {
            self.ack_owed = false;
            self.last_flush = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_messages_come_out_in_order_and_few_to_a_packet() {
        let mut outbox = Outbox::default();
        for n in 0..1000u32 {
            assert_eq!(outbox.push(&n.to_le_bytes(), 0), Queued::Kept);
        }
        let mut received = Vec::new();
        let mut handed = 0;
        while let Some(batch) = outbox.next_batch(1) {
            handed += 1;
            assert!(batch.len() <= BATCH_BYTES_MAX);
            let messages = split_batch(&batch).expect("our own batch");
            received.extend(messages.iter().map(|m| u32::from_le_bytes((*m).try_into().expect("four bytes"))));
        }
        assert_eq!(received, (0..1000).collect::<Vec<_>>());
        assert!(handed <= 6);
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn small_batches_wait_while_too_many_are_unacknowledged() {
        let mut outbox = Outbox::default();
        for n in 0..200u32 {
            outbox.push(&n.to_le_bytes(), 0);
            if n < SMALL_BATCHES_MAX {
                assert!(outbox.next_batch(4).is_some());
            } else if outbox.bytes() < FULL_BATCH_BYTES {
                assert!(outbox.next_batch(4).is_none());
            }
        }
        assert!(outbox.next_batch(0).is_some());
    }

    #[test]
    fn a_peer_over_its_cap_is_told_apart() {
        let mut outbox = Outbox::default();
        while outbox.push(&[0; 1000], 0) == Queued::Kept {}
        assert!(outbox.bytes() <= CHANNEL_BYTES_MAX);
        assert!(outbox.bytes() > CHANNEL_BYTES_MAX - 1100);
    }

    #[test]
    fn a_message_that_fits_no_batch_is_refused() {
        assert_eq!(Outbox::default().push(&[0; MESSAGE_BYTES_MAX + 1], 0), Queued::TooLong);
        assert_eq!(Outbox::default().push(&[0; MESSAGE_BYTES_MAX], 0), Queued::Kept);
    }

    #[test]
    fn an_idle_peer_is_never_flushed() {
        let mut gate = FlushGate::default();
        let at = Duration::from_millis;
        assert!(gate.is_due(at(0), true, true));
        assert!(!gate.is_due(at(50), false, true));
        assert!(gate.is_due(at(100), false, true));
        assert!(!gate.is_due(at(500), false, false));
        gate.owe_ack();
        assert!(gate.is_due(at(500), false, false));
        assert!(!gate.is_due(at(900), false, false));
    }
}
