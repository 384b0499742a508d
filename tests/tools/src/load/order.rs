//! Order of game messages: all clients of a room must receive the same messages in the same order.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::ids::{SLOTS_MAX, Slot};

/// The most messages that one receiver may be ahead of another.
const AHEAD_MAX: usize = 100_000;

/// A game message: its sender's count, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestMessage {
    /// From 0, without a gap.
    pub number: u64,
    /// In the measuring process's own time.
    pub said_at: Duration,
}

impl TestMessage {
    /// As it goes through the room.
    pub fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..].copy_from_slice(&(self.said_at.as_micros() as u64).to_le_bytes());
        bytes
    }

    /// `None` if no client of this tool sent that.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (number, said_at) = bytes.split_first_chunk()?;
        let said_at = Duration::from_micros(u64::from_le_bytes(said_at.try_into().ok()?));
        Some(Self { number: u64::from_le_bytes(*number), said_at })
    }
}

/// The order of a room's messages: set by the first receiver of each message, and compared for all others.
#[derive(Debug, Default)]
pub struct TotalOrder {
    /// Messages that not all receivers have yet.
    heard: VecDeque<(Slot, u64)>,
    /// The number of messages that all receivers have.
    settled: u64,
    /// The number of messages that each receiver has.
    receivers: Vec<u64>,
    /// The next number of each sender.
    next: [u64; SLOTS_MAX],
}

impl TotalOrder {
    /// An empty order for a number of receivers.
    pub fn new(receivers: usize) -> Self {
        Self { receivers: vec![0; receivers], ..Self::default() }
    }

    /// Records the next message of a receiver.
    ///
    /// # Errors
    /// A sentence, if another message has to come next.
    pub fn hear(&mut self, receiver: usize, sender: Slot, number: u64) -> Result<(), String> {
        let place = self.receivers[receiver];
        self.receivers[receiver] += 1;
        let said = (sender, number);
        let checked = match self.heard.get((place - self.settled) as usize) {
            Some(first) if *first == said => Ok(()),
            Some(first) => Err(format!("two clients heard message {place} of their room as {first:?} and {said:?}")),
            None => self.hear_first(sender, number),
        };
        let slowest = self.receivers.iter().copied().min().unwrap_or(0);
        while self.settled < slowest && self.heard.pop_front().is_some() {
            self.settled += 1;
        }
        checked
    }

    fn hear_first(&mut self, sender: Slot, number: u64) -> Result<(), String> {
        self.heard.push_back((sender, number));
        let due = std::mem::replace(&mut self.next[sender.index()], number + 1);
        if self.heard.len() > AHEAD_MAX {
            Err(format!("one client of a room is {AHEAD_MAX} messages behind another"))
        } else if due != number {
            Err(format!("message {number} of slot {sender:?} came where {due} was due"))
        } else {
            Ok(())
        }
    }

    /// Whether all receivers have `said` messages.
    ///
    /// # Errors
    /// A sentence, if a receiver has not.
    pub fn check_end(&self, said: u64) -> Result<(), String> {
        match self.receivers.iter().find(|heard| **heard != said) {
            Some(heard) => Err(format!("a client heard {heard} of the {said} messages in its room")),
            None => Ok(()),
        }
    }
}
