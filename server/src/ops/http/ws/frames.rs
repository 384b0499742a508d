//! How many frames a client may send.

use std::time::Duration;

use framehouse_shared::{api::ws::Up, protocol::end::EndCode};

use super::end::End;
use crate::{config::NetSettings, net::budget::Bucket};

/// Frames that a client may send a second beside game messages and commands: at most 150 inputs, 20 requests, and some pings.
const FRAMES_PER_S: f32 = 200.0;
/// Seconds beyond the time-out of a connection whose frames may arrive all at once.
const PATIENCE_MARGIN_S: u32 = 2;

/// The budget of everything that a socket sends, also of what no session is charged for: pings, pongs, and messages that
/// are refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBudget {
    bucket: Bucket,
    counts_messages: bool,
}

impl FrameBudget {
    /// The full budget for these settings.
    pub fn new(net: &NetSettings) -> Self {
        let rate = FRAMES_PER_S + (net.room_messages_per_s + net.commands_per_s) as f32;
        let burst = rate * (net.connection_timeout_s + PATIENCE_MARGIN_S) as f32;
        Self { bucket: Bucket::new(rate, burst, Duration::ZERO), counts_messages: net.limits_messages() }
    }

    /// Charges a frame, with the message in it if it can be read.
    ///
    /// # Errors
    /// When the client has sent too many for too long.
    pub fn charge(&mut self, message: Option<&Up>, now: Duration) -> Result<(), End> {
        let is_free = !self.counts_messages && matches!(message, Some(Up::Message { .. }));
        if is_free || self.bucket.take(1.0, now) { Ok(()) } else { Err(End::Misbehaved(EndCode::SentTooMuch)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of frames with this message that pass at once, of 100,000.
    fn passed(net: &NetSettings, message: Option<&Up>) -> usize {
        let mut budget = FrameBudget::new(net);
        (0..100_000).take_while(|_| budget.charge(message, Duration::ZERO).is_ok()).count()
    }

    #[test]
    fn only_game_messages_can_be_without_limit() {
        let message = Up::Message { data: vec![7].into() };
        let limited = NetSettings::default();
        assert_eq!([None, Some(&message)].map(|frame| passed(&limited, frame)), [2760; 2]);
        let unlimited = NetSettings { room_messages_per_s: 0, ..limited };
        assert_eq!([None, Some(&message)].map(|frame| passed(&unlimited, frame)), [2520, 100_000]);
    }

    #[test]
    fn a_player_at_120_ticks_a_second_never_pays_more_than_it_has() {
        let mut budget = FrameBudget::new(&NetSettings::default());
        let input = Up::Input { frame_id: None, input_data: vec![0; 8].into() };
        // Ten minutes, delivered every ten seconds.
        for bunch in 0..60 {
            for _ in 0..10 * (150 + 20) {
                assert!(budget.charge(Some(&input), Duration::from_secs(10 * bunch)).is_ok());
            }
        }
    }
}
