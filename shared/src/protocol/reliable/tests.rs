use std::collections::VecDeque;

use super::*;

/// A channel without loss, in the packet format that the guard expects.
#[derive(Default)]
struct MemoryChannel {
    unacknowledged: VecDeque<Vec<u8>>,
    first_id: u8,
    received: VecDeque<Vec<u8>>,
    packets_read: usize,
    owes_ack: bool,
}

const ACK: [u8; 2] = [4, 1];

impl ReliableChannel for MemoryChannel {
    type Batch = Vec<u8>;

    fn in_flight(&self) -> usize {
        self.unacknowledged.iter().map(Vec::len).sum()
    }

    fn send(&mut self, batch: Vec<u8>) {
        self.unacknowledged.push_back(batch);
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
    }

    fn read_packet(&mut self, packet: &[u8]) {
        self.packets_read += 1;
        if packet[0] == ACK[0] {
            self.first_id += self.unacknowledged.drain(..).count() as u8;
        } else {
            self.received.push_back(packet[7..].to_vec());
            self.owes_ack = true;
        }
    }

    fn write_packets(&mut self) -> Vec<Vec<u8>> {
        let packet = |(n, batch): (usize, &Vec<u8>)| packet(self.first_id + n as u8, batch);
        let mut packets: Vec<_> = self.unacknowledged.iter().enumerate().map(packet).collect();
        if std::mem::take(&mut self.owes_ack) {
            packets.push(ACK.to_vec());
        }
        packets
    }
}

/// A packet with one batch shorter than 64 bytes.
fn packet(id: u8, batch: &[u8]) -> Vec<u8> {
    [&[0, 1, 0, 0, 1, id, batch.len() as u8], batch].concat()
}

#[derive(Default)]
struct End {
    path: ReliablePath,
    channel: MemoryChannel,
}

impl End {
    fn queue(&mut self, message: &[u8]) {
        assert_eq!(self.path.queue(message, self.channel.in_flight()), Queued::Kept);
    }

    fn flush(&mut self, now: u64) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        self.path.flush(&mut self.channel, Duration::from_millis(now), |packet| sent.push(packet));
        sent
    }

    fn take(&mut self, payload: &[u8], now: u64) -> Result<PayloadKind, Dropped> {
        self.path.take_payload(&mut self.channel, payload, Duration::from_millis(now))
    }

    fn received(&mut self) -> (Vec<Vec<u8>>, Result<(), CodecError>) {
        let mut messages = Vec::new();
        let result = self.path.receive(&mut self.channel, |message| messages.push(message.to_vec()));
        (messages, result)
    }

    fn stalled_for(&self, now: u64) -> u128 {
        self.path.stalled_for(Duration::from_millis(now)).as_millis()
    }
}

#[test]
fn messages_arrive_in_order_and_then_both_ends_are_idle() {
    let (mut a, mut b) = (End::default(), End::default());
    a.queue(b"one");
    a.queue(b"two");
    assert!(!a.path.is_settled(a.channel.in_flight()));
    for packet in a.flush(0) {
        assert_eq!(b.take(&packet, 10), Ok(PayloadKind::Reliable));
    }
    assert_eq!(b.received(), (vec![b"one".to_vec(), b"two".to_vec()], Ok(())));
    for packet in b.flush(20) {
        assert_eq!(a.take(&packet, 30), Ok(PayloadKind::Ack));
    }
    assert_eq!(a.flush(40).len() + b.flush(40).len(), 0);
    assert!(a.path.is_settled(a.channel.in_flight()));
    assert!(!a.path.is_busy() && !b.path.is_busy());
}

#[test]
fn what_the_guard_refuses_never_reaches_the_channel() {
    let mut end = End::default();
    assert_eq!(end.take(&[2, 0, 0, 0, 9, 1, 1, 7], 0), Err(Dropped::Payload));
    assert_eq!(end.take(&packet(3, &[]), 0), Err(Dropped::Payload));
    assert_eq!((end.channel.packets_read, end.path.is_busy()), (0, false));
}

#[test]
fn an_unreliable_payload_is_left_to_the_caller() {
    let mut end = End::default();
    assert_eq!(end.take(&[0x42, 0, 0, 0, 0], 0), Ok(PayloadKind::Unreliable));
    assert_eq!((end.channel.packets_read, end.path.is_busy()), (0, false));
}

#[test]
fn a_batch_that_is_not_whole_is_skipped() {
    let mut end = End::default();
    end.channel.received.extend([vec![2, 7, 7], vec![9, 7], vec![1, 8]]);
    assert_eq!(end.received(), (vec![vec![7, 7]], Err(CodecError::TooShort)));
    assert_eq!(end.received(), (vec![vec![8]], Ok(())));
}

#[test]
fn only_bytes_in_flight_without_an_acknowledgement_stall() {
    let mut end = End::default();
    end.flush(0);
    assert_eq!(end.stalled_for(9000), 0, "nothing was sent");
    end.queue(b"one");
    end.flush(10_000);
    end.flush(12_000);
    assert_eq!(end.stalled_for(12_000), 2000);
    end.take(&ACK, 13_000).expect("an acknowledgement");
    end.flush(13_000);
    assert_eq!(end.stalled_for(20_000), 0, "all is acknowledged");
    end.queue(b"two");
    end.flush(20_000);
    assert_eq!(end.stalled_for(21_000), 1000, "the time between is not counted");
}

#[test]
fn what_is_not_acknowledged_is_flushed_again_after_a_while() {
    let mut end = End::default();
    end.queue(b"one");
    assert_eq!(end.flush(0).len(), 1);
    assert_eq!(end.flush(50).len(), 0);
    assert_eq!(end.flush(100).len(), 1);
}
