//! One end of the reliable path: it guards, queues, batches and flushes. Client and server use the same code.
//!
//! Order, acknowledgements and resends are the work of a transport library, which this crate does not depend on:
//! [`ReliableChannel`] is all that the path needs of it.

use std::time::Duration;

use super::{
    channel::{FlushGate, Outbox, Queued, split_batch},
    codec::CodecError,
    guard::{Dropped, PayloadKind, check_payload},
};

/// A transport library's reliable, ordered channel to one peer.
pub trait ReliableChannel {
    /// A batch as the library hands it out.
    type Batch: AsRef<[u8]>;

    /// Bytes given to [`send`](Self::send) that the peer has not acknowledged.
    fn in_flight(&self) -> usize;

    /// Takes a batch for delivery.
    fn send(&mut self, batch: Vec<u8>);

    /// The peer's next batch, in order.
    fn receive(&mut self) -> Option<Self::Batch>;

    /// Reads a packet of the peer that has passed the guard.
    fn read_packet(&mut self, packet: &[u8]);

    /// The packets that are due: new batches, resends and acknowledgements.
    fn write_packets(&mut self) -> Vec<Vec<u8>>;
}

/// The state of one end of a reliable path. An idle path costs its owner one comparison a flush.
#[derive(Debug, Default)]
pub struct ReliablePath {
    outbox: Outbox,
    gate: FlushGate,
    batches_received: u64,
    in_flight: usize,
    /// When the peer last acknowledged something; nothing while no bytes are in flight.
    progress_at: Option<Duration>,
    /// Something is queued, in flight, owed or has just arrived: on most paths nothing is, most of the time.
    is_busy: bool,
}

impl ReliablePath {
    /// Queues one message; it leaves with the next [`flush`](Self::flush). `in_flight` is the channel's.
    pub fn queue(&mut self, message: &[u8], in_flight: usize) -> Queued {
        self.is_busy = true;
        self.outbox.push(message, in_flight)
    }

    /// Takes an authenticated payload of the peer. An unreliable one is left to the caller; the messages of a reliable one
    /// come out of [`receive`](Self::receive).
    ///
    /// # Errors
    /// When the guard refuses it: the channel has not seen it.
    pub fn take_payload(
        &mut self,
        channel: &mut impl ReliableChannel,
        payload: &[u8],
        now: Duration,
    ) -> Result<PayloadKind, Dropped> {
        let kind = check_payload(payload, self.batches_received)?;
        match kind {
            PayloadKind::Unreliable => return Ok(kind),
            PayloadKind::Reliable => self.gate.owe_ack(),
            PayloadKind::Ack => self.progress_at = Some(now),
        }
        self.is_busy = true;
        channel.read_packet(payload);
        Ok(kind)
    }

    /// Hands every message that has arrived to `take`, in order.
    ///
    /// # Errors
    /// At a batch that is not a sequence of whole messages. It is skipped: the next call goes on after it.
    pub fn receive(
        &mut self,
        channel: &mut impl ReliableChannel,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), CodecError> {
        while let Some(batch) = channel.receive() {
            self.batches_received += 1;
            split_batch(batch.as_ref())?.into_iter().for_each(&mut take);
        }
        Ok(())
    }

    /// Moves what may leave from the queue to the channel, and gives the packets that are due to `send`.
    pub fn flush(&mut self, channel: &mut impl ReliableChannel, now: Duration, send: impl FnMut(Vec<u8>)) {
        if !self.is_busy {
            return;
        }
        let mut handed = false;
        while let Some(batch) = self.outbox.next_batch(channel.in_flight()) {
            channel.send(batch);
            handed = true;
        }
        let in_flight = channel.in_flight();
        self.note_progress(in_flight, now);
        if self.gate.is_due(now, handed, in_flight > 0) {
            channel.write_packets().into_iter().for_each(send);
        }
        self.is_busy = in_flight > 0 || self.outbox.bytes() > 0 || self.gate.owes_ack();
    }

    /// Whether the next flush has anything to look at.
    pub const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Bytes that the peer has not acknowledged yet, queued or sent. `in_flight` is the channel's.
    pub const fn unacknowledged(&self, in_flight: usize) -> usize {
        self.outbox.bytes() + in_flight
    }

    /// Whether the peer has acknowledged everything that was queued for it. `in_flight` is the channel's.
    pub const fn is_settled(&self, in_flight: usize) -> bool {
        self.outbox.bytes() + in_flight == 0
    }

    /// For how long bytes have been in flight without an acknowledgement, as of the last flush.
    pub fn stalled_for(&self, now: Duration) -> Duration {
        self.progress_at.map_or(Duration::ZERO, |at| now.saturating_sub(at))
    }

    fn note_progress(&mut self, in_flight: usize, now: Duration) {
        if in_flight == 0 {
            self.progress_at = None;
        } else if in_flight < self.in_flight || self.progress_at.is_none() {
            self.progress_at = Some(now);
        }
        self.in_flight = in_flight;
    }
}

#[cfg(test)]
mod tests;
