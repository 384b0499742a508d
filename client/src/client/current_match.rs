//! What a client knows of one match; dropped whole when the next one begins.

use std::time::Duration;

use framehouse_shared::{
    protocol::datagram::Feedback,
    tick::{SimRate, Tick},
};

use super::{
    frame_buffer::FrameBuffer, inputs::InputHistory, latency::Latency, rewind::Rewind, snapshot::SnapshotAssembler,
    spectator_clock::SpectatorClock,
};

/// The match that is set, runs, or has just ended.
pub(super) struct CurrentMatch {
    /// Its number in the room.
    pub number: u32,
    /// The chunks of the state that is on its way.
    pub assembler: SnapshotAssembler,
    /// Frames on their way into the simulation.
    pub frame_buffer: FrameBuffer,
    /// The time of who only watches.
    pub spectator_clock: SpectatorClock,
    /// Our own inputs.
    pub inputs: InputHistory,
    /// When they were made.
    pub latency: Latency,
    /// One past the newest input tick that the server has.
    pub input_ack: Tick,
    /// The newest frame whose message brought feedback.
    pub feedback_tick: Tick,
    /// The newest feedback.
    pub feedback: Feedback,
    /// Since when there is a state to play on, and the first tick to play.
    pub loaded: Option<(Duration, Tick)>,
    /// The last tick, once the server has said it.
    pub last_tick: Option<Tick>,
    /// When the last `Inputs` message went out.
    pub inputs_sent: Option<Duration>,
    /// When frames were last asked for.
    pub frames_wanted: Option<Duration>,
    /// A confirmed tick and the hash after it, for the next `Inputs` message.
    pub report: Option<(Tick, u64)>,
    /// The state is known to differ from the server's until a new one is loaded.
    pub is_desynced: bool,
    /// The past, for who has gone back to it.
    pub rewind: Option<Rewind>,
}

impl CurrentMatch {
    pub fn new(number: u32, rate: SimRate) -> Self {
        Self {
            number,
            assembler: SnapshotAssembler::default(),
            frame_buffer: FrameBuffer::new(rate),
            spectator_clock: SpectatorClock::default(),
            inputs: InputHistory::new(rate),
            latency: Latency::default(),
            input_ack: Tick(0),
            feedback_tick: Tick(0),
            feedback: Feedback::default(),
            loaded: None,
            last_tick: None,
            inputs_sent: None,
            frames_wanted: None,
            report: None,
            is_desynced: false,
            rewind: None,
        }
    }

    /// The part of the match's number that unreliable datagrams carry.
    pub const fn low_bits(&self) -> u8 {
        (self.number & 0x0f) as u8
    }

    /// Whether so much is missing that the unreliable path will not bring it, or will bring nothing any more.
    pub fn lacks_frames(&self, datagram_reach: u32) -> bool {
        let next = self.frame_buffer.next_missing();
        match self.last_tick {
            Some(last_tick) => next <= last_tick,
            None => self.frame_buffer.heard().since(next) > datagram_reach,
        }
    }
}
