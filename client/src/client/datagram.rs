//! Unreliable datagrams: receives frames and pongs, sends inputs and pings.

use std::time::Duration;

use arrayvec::ArrayVec;
use framehouse_shared::{
    protocol::{
        codec::CodecError,
        datagram::{FRAMES_MAX, Feedback, Frames, Inputs, Pong, TAG_FRAMES, TAG_PONG},
        messages::{ClientMessage, Phase},
    },
    tick::Tick,
};

use super::Client;

/// Interval of acknowledgements while there is no input to send, unless [`ACK_DATAGRAMS_MIN`] is longer.
const ACK_INTERVAL: Duration = Duration::from_millis(100);
/// Shortest interval of acknowledgements, in intervals of datagrams with inputs (150 ms at 10 Hz): those acknowledge, too.
const ACK_DATAGRAMS_MIN: f64 = 1.5;
/// Time-out of a request for frames, beyond a round trip, after which it is repeated.
const WANT_INTERVAL: Duration = Duration::from_millis(300);

impl Client {
    pub(super) fn take_datagram(&mut self, now: Duration, message: &[u8]) {
        let taken = match message.first() {
            Some(&TAG_FRAMES) => self.take_frames(message),
            Some(&TAG_PONG) => self.take_pong(now, message),
            _ => Err(CodecError::Invalid),
        };
        if let Err(error) = taken {
            self.stats.errors.note(format!("an unreliable datagram could not be read: {error}"));
        }
    }

    fn take_pong(&mut self, now: Duration, message: &[u8]) -> Result<(), CodecError> {
        if let Some(rtt) = self.clock.take_pong(now, &Pong::decode(message)?) {
            self.stats.rtt_tenth_ms.record((rtt.as_micros() / 100) as i64);
        }
        Ok(())
    }

    fn take_frames(&mut self, message: &[u8]) -> Result<(), CodecError> {
        let frames = Frames::decode(message)?;
        let header = frames.header;
        // A datagram of the last match can arrive late, or one of the next match before its countdown.
        let is_ours = |match_low| move |low| low == match_low;
        let Some(current) = self.current.as_mut().filter(|current| is_ours(header.match_low)(current.low_bits()))
        else {
            return Ok(());
        };
        for (place, encoded_frame) in frames.encoded_frames.iter().enumerate() {
            current.frame_buffer.insert(frames.oldest().plus(place as u32), encoded_frame);
        }
        self.clock.take_frames_header(&header);
        // It may be ahead of us: after a reconnect the server still has the inputs of the lost session.
        current.input_ack = current.input_ack.max(header.input_ack);
        if let Some(feedback) = header.feedback.filter(|_| header.newest >= current.feedback_tick) {
            current.feedback_tick = header.newest;
            self.take_feedback(feedback);
        }
        Ok(())
    }

    fn take_feedback(&mut self, feedback: Feedback) {
        let Some(current) = &mut self.current else { return };
        let earlier = std::mem::replace(&mut current.feedback, feedback);
        self.stats.late_inputs += u64::from(feedback.late.saturating_sub(earlier.late));
        self.stats.replaced_inputs += u64::from(feedback.replaced.saturating_sub(earlier.replaced));
        if let Some(tick_rate) = self.room.as_ref().map(|room| i64::from(room.tick_rate)) {
            self.stats.margin_quarter_ms.record(i64::from(feedback.margin) * 4000 / (256 * tick_rate));
        }
    }

    /// Takes frames that arrived on the reliable path because we requested them.
    pub(super) fn take_old_frames(&mut self, match_no: u32, first: Tick, encoded_frames: &[Vec<u8>]) {
        let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) else { return };
        for (place, encoded_frame) in encoded_frames.iter().enumerate() {
            current.frame_buffer.insert(first.plus(place as u32), encoded_frame);
        }
    }

    /// Sends the inputs that the server does not have and acknowledges frames; a client that only watches just
    /// acknowledges.
    pub(super) fn send_inputs(&mut self, now: Duration) {
        let slot = self.playing_slot();
        let is_playing = matches!(self.phase(), Some(Phase::Playing { .. }));
        let tick = self.room.as_ref().map_or(0.0, |room| f64::from(room.rate.dt()));
        let Some(current) = &mut self.current else { return };
        let ack_ticks_min = ACK_DATAGRAMS_MIN * f64::from(current.datagram_ticks);
        let ack_interval = ACK_INTERVAL.max(Duration::from_secs_f64(ack_ticks_min * tick));
        let is_ack_due = is_playing && current.inputs_sent.is_none_or(|sent| now.saturating_sub(sent) >= ack_interval);
        if !slot.is_some_and(|slot| current.are_inputs_due(slot)) && !is_ack_due {
            return;
        }
        current.inputs_sent = Some(now);
        current.next_unsent = current.inputs.end();
        let message = Inputs {
            match_low: current.low_bits(),
            next_frame: current.frame_buffer.next_missing(),
            seen_frames: current.frame_buffer.seen(),
            newest: current.inputs.end().minus(1),
            inputs: slot.map_or(ArrayVec::new(), |_| current.inputs.unacknowledged(current.input_ack)),
            report: current.report.take(),
        };
        let mut bytes = Vec::with_capacity(64);
        message.encode(&mut bytes);
        self.connection.send_datagram(now, &bytes);
        if slot.is_some() {
            self.clock.note_sent(message.newest);
            self.stats.lead_hundredth_ticks.record((self.clock.lead_ticks() * 100.0) as i64);
        }
    }

    /// Requests frames that are too old for the unreliable path.
    pub(super) fn ask_for_frames(&mut self, now: Duration) {
        let patience = WANT_INTERVAL + self.clock.rtt().unwrap_or_default();
        let Some(current) = &mut self.current else { return };
        let may_ask = current.frames_wanted.is_none_or(|asked| now.saturating_sub(asked) > patience);
        if may_ask && current.lacks_frames(FRAMES_MAX as u32) {
            current.frames_wanted = Some(now);
            let (match_no, first) = (current.number, current.frame_buffer.next_missing());
            self.connection.queue_control(&ClientMessage::WantFrames { match_no, first });
        }
    }

    pub(super) fn ping(&mut self, now: Duration) {
        if self.room.is_none() {
            return;
        }
        if let Some(ping) = self.clock.due_ping(now) {
            let mut bytes = Vec::with_capacity(8);
            ping.encode(&mut bytes);
            self.connection.send_datagram(now, &bytes);
        }
    }
}
