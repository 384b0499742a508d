//! The reliable path's policy: how messages are batched, when a batch is handed to renet, when renet is flushed.
//!
//! It knows nothing of renet but two numbers, so both ends use it and tests need no connection.

use std::{collections::VecDeque, time::Duration};

use super::codec::{CodecError, Reader, put_varint};

/// The one reliable, ordered channel in each direction.
pub const RELIABLE_CHANNEL: u8 = 0;
/// The most bytes of unacknowledged reliable data a peer may have, queued by us or by renet.
pub const CHANNEL_BYTES_MAX: usize = 64 * 1024;
/// What the transport library may hold for a peer. Our own cap is reached first, so that the library never has to end a
/// connection without a reason, and there is room for what waits to be read in order.
pub const LIBRARY_BYTES_MAX: usize = 2 * CHANNEL_BYTES_MAX;
/// The most reliable bytes sent to a peer in one flush.
pub const FLUSH_BYTES_MAX: u64 = 4096;
/// The most bytes in one batch: below renet's slice size, so that nothing is ever sliced.
pub const BATCH_BYTES_MAX: usize = 1150;
/// The most bytes in one message: a batch less its length prefix.
pub const MESSAGE_BYTES_MAX: usize = BATCH_BYTES_MAX - 2;
/// How long renet waits for an acknowledgement before it sends a message again.
pub const RESEND_TIME: Duration = Duration::from_millis(200);
/// How often a peer with something outstanding is flushed.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// A batch at least this full may always be handed over: no second one fits into the same packet.
const FULL_BATCH_BYTES: usize = 1000;
/// Smaller batches handed over before the peer has acknowledged everything. With one full batch on top, a packet of
/// resends stays far below the receiver's limit of messages a packet, so the channel cannot lock itself up.
const SMALL_BATCHES_MAX: u32 = 32;

/// What became of a queued message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It will be delivered, in order.
    Kept,
    /// The peer does not keep up: it has to be cut, since a hole in an ordered stream cannot be mended.
    OverCap,
    /// The message is longer than [`MESSAGE_BYTES_MAX`]: its sender has a bug, and the peer has to be cut all the same.
    TooLong,
}

/// Messages on their way into renet.
#[derive(Debug, Default)]
pub struct Outbox {
    batches: VecDeque<Vec<u8>>,
    bytes: usize,
    small_handed: u32,
}

impl Outbox {
    /// Queues one message; `in_flight` is how many bytes renet holds unacknowledged.
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
        let batch = self.batches.back_mut().expect("a batch was just made sure of");
        let before = batch.len();
        put_varint(batch, message.len() as u64);
        batch.extend_from_slice(message);
        self.bytes += batch.len() - before;
        Queued::Kept
    }

    /// The next batch that renet may have now.
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

    /// Bytes queued here.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The messages of one batch, in order.
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

/// Decides when renet's packets are made: at once for something new, rarely for resends and acknowledgements, and never
/// for a peer with nothing outstanding. (Stock renet sends every peer an acknowledgement in every loop, for ever.)
#[derive(Debug, Default)]
pub struct FlushGate {
    ack_owed: bool,
    last_flush: Option<Duration>,
}

impl FlushGate {
    /// Notes that a packet came that has to be acknowledged.
    pub const fn owe_ack(&mut self) {
        self.ack_owed = true;
    }

    /// Whether an acknowledgement is still to be sent.
    pub const fn owes_ack(&self) -> bool {
        self.ack_owed
    }

    /// Whether to flush now. `handed` = a batch was just given to renet, `outstanding` = renet holds unacknowledged bytes.
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
