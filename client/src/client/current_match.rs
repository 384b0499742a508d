//! The client's state of one match; dropped as a whole when the next one begins.

use std::time::Duration;

use framehouse_shared::{
    ids::Slot,
    protocol::datagram::Feedback,
    tick::{SimRate, Tick},
};

use super::{
    frame_buffer::FrameBuffer, inputs::InputHistory, latency::Latency, rewind::Rewind, snapshot::SnapshotAssembler,
    spectator_clock::SpectatorClock,
};

/// The match that is set, runs, or has just ended.
pub(super) struct CurrentMatch {
    /// The match's number in the room.
    pub number: u32,
    /// Ticks from one datagram of inputs or frames to the next.
    pub datagram_ticks: u32,
    /// The received chunks of a state.
    pub assembler: SnapshotAssembler,
    /// Received frames that wait for the simulation.
    pub frame_buffer: FrameBuffer,
    /// The clock of a client that only watches.
    pub spectator_clock: SpectatorClock,
    /// Our own inputs.
    pub inputs: InputHistory,
    /// Times at which our inputs were made, for latency measurements.
    pub latency: Latency,
    /// One past the newest input tick that the server has.
    pub input_ack: Tick,
    /// The newest frame whose message carried feedback.
    pub feedback_tick: Tick,
    /// The newest feedback.
    pub feedback: Feedback,
    /// Time at which a state was loaded, and the first tick to simulate on it.
    pub loaded: Option<(Duration, Tick)>,
    /// The last tick, once the server has announced it.
    pub last_tick: Option<Tick>,
    /// One past the newest input that was sent.
    pub next_unsent: Tick,
    /// Time at which the last `Inputs` message was sent.
    pub inputs_sent: Option<Duration>,
    /// Time of the last request for frames.
    pub frames_wanted: Option<Duration>,
    /// A confirmed tick and the hash after it, for the next `Inputs` message.
    pub report: Option<(Tick, u64)>,
    /// Whether the state differs from the server's; until a new one is loaded.
    pub is_desynced: bool,
    /// Whether the state before the last loaded one is known to have differed.
    pub was_desynced: bool,
    /// The recorded past, for a client that has gone back in the match.
    pub rewind: Option<Rewind>,
}

impl CurrentMatch {
    pub fn new(number: u32, rate: SimRate, datagram_ticks: u32) -> Self {
        Self {
            number,
            datagram_ticks,
            assembler: SnapshotAssembler::default(),
            frame_buffer: FrameBuffer::new(rate),
            spectator_clock: SpectatorClock::new(datagram_ticks),
            inputs: InputHistory::new(rate),
            latency: Latency::default(),
            input_ack: Tick(0),
            feedback_tick: Tick(0),
            feedback: Feedback::default(),
            loaded: None,
            last_tick: None,
            next_unsent: Tick(0),
            inputs_sent: None,
            frames_wanted: None,
            report: None,
            is_desynced: false,
            was_desynced: false,
            rewind: None,
        }
    }

    /// The part of the match number that unreliable datagrams carry.
    pub const fn low_bits(&self) -> u8 {
        (self.number & 0x0f) as u8
    }

    /// Whether the new inputs of the player in this seat are to be sent: each at once, or two together in economy mode.
    /// There, half of a room's players send after even ticks and half after odd ones.
    pub fn are_inputs_due(&self, slot: Slot) -> bool {
        let end = self.inputs.end();
        let new_inputs = end.since(self.next_unsent);
        let is_turn = (end.0 + u32::from(u8::from(slot))).is_multiple_of(self.datagram_ticks);
        new_inputs >= self.datagram_ticks || (is_turn && new_inputs > 0)
    }

    /// Whether frames are missing that the unreliable path will not bring any more.
    pub fn lacks_frames(&self, datagram_reach: u32) -> bool {
        let next = self.frame_buffer.next_missing();
        match self.last_tick {
            Some(last_tick) => next <= last_tick,
            None => self.frame_buffer.received_end().since(next) > datagram_reach,
        }
    }
}
