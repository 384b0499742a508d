//! One end of the reliable path: guard, queue, batching and flushing; the same code at client and server.
//!
//! A transport library orders, acknowledges and resends. This crate does not depend on one: [`ReliableChannel`] is the
//! interface that the path needs.

use std::time::Duration;

use super::{
    channel::{FlushGate, Outbox, Queued, split_batch},
    codec::CodecError,
    guard::{Dropped, PayloadKind, check_payload},
};

/// Reliable, ordered channel of a transport library to one peer.
pub trait ReliableChannel {
    /// Received batch, in the library's type.
    type Batch: AsRef<[u8]>;

    /// Number of bytes given to [`send`](Self::send) that the peer has not acknowledged.
    fn in_flight(&self) -> usize;

    /// Queues a batch for delivery.
    fn send(&mut self, batch: Vec<u8>);

    /// Takes the next batch of the peer, in order.
    fn receive(&mut self) -> Option<Self::Batch>;

    /// Processes a packet of the peer that has passed the guard.
    fn read_packet(&mut self, packet: &[u8]);

    /// Makes the packets that are due: new batches, resends and acknowledgements.
    fn write_packets(&mut self) -> Vec<Vec<u8>>;
}

/// One end of a reliable path. An idle path costs one comparison for each flush.
#[derive(Debug, Default)]
pub struct ReliablePath {
    outbox: Outbox,
    gate: FlushGate,
    batches_received: u64,
    in_flight: usize,
    /// Time of the peer's last acknowledgement; `None` while no bytes are in flight.
    progress_at: Option<Duration>,
    /// Whether something is queued, in flight, to be acknowledged or has just arrived. Most paths are mostly idle.
    is_busy: bool,
}

impl ReliablePath {
    /// Queues one message for the next [`flush`](Self::flush). `in_flight` is the channel's.
    pub fn queue(&mut self, message: &[u8], in_flight: usize) -> Queued {
        self.is_busy = true;
        self.outbox.push(message, in_flight)
    }

    /// Takes an authenticated payload of the peer. The caller handles an unreliable one; [`receive`](Self::receive)
    /// returns the messages of a reliable one.
    ///
    /// # Errors
    /// When the guard refuses the payload. The channel has not seen it then.
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

    /// Passes every received message to `take`, in order.
    ///
    /// # Errors
    /// At a batch that is not a sequence of whole messages. The batch is skipped: call again for the next one.
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

    /// Moves queued batches to the channel as far as allowed, and passes the packets that are due to `send`.
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

    /// Whether the next flush has work to do.
    pub const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Number of bytes that the peer has not acknowledged yet, queued or sent. `in_flight` is the channel's.
    pub const fn unacknowledged(&self, in_flight: usize) -> usize {
        self.outbox.bytes() + in_flight
    }

    /// Whether the peer has acknowledged everything. `in_flight` is the channel's.
    pub const fn is_settled(&self, in_flight: usize) -> bool {
        self.outbox.bytes() + in_flight == 0
    }

    /// Time since bytes in flight were last acknowledged, as of the last flush; zero if none are in flight.
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
