//! What clients say to each other, and whether all of them hear the same in the same order.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::ids::{SLOTS_MAX, Slot};

/// How many messages one receiver may be ahead of another.
const AHEAD_MAX: usize = 100_000;

/// A game message: its number among its sender's, and when it was said.
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

    /// Nothing when no client of ours said that.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (number, said_at) = bytes.split_first_chunk()?;
        let said_at = Duration::from_micros(u64::from_le_bytes(said_at.try_into().ok()?));
        Some(Self { number: u64::from_le_bytes(*number), said_at })
    }
}

/// The order of one room's messages: made by whoever hears a message first, the same for everybody else.
#[derive(Debug, Default)]
pub struct TotalOrder {
    /// What not everybody has heard yet.
    heard: VecDeque<(Slot, u64)>,
    /// How many messages everybody has heard.
    settled: u64,
    /// How many messages each receiver has heard.
    receivers: Vec<u64>,
    /// The next number of each sender.
    next: [u64; SLOTS_MAX],
}

impl TotalOrder {
    /// The order as so many receivers hear it, from the first message on.
    pub fn new(receivers: usize) -> Self {
        Self { receivers: vec![0; receivers], ..Self::default() }
    }

    /// A receiver heard this message next.
    ///
    /// # Errors
    /// A sentence, when that is not what has to come next.
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

    /// Whether everybody has heard `said` messages.
    ///
    /// # Errors
    /// A sentence, when somebody has not.
    pub fn check_end(&self, said: u64) -> Result<(), String> {
        match self.receivers.iter().find(|heard| **heard != said) {
            Some(heard) => Err(format!("a client heard {heard} of the {said} messages in its room")),
            None => Ok(()),
        }
    }
}
