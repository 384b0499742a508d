//! Liveness of the server: detects that it is gone, long before netcode gives up the connection.

use std::time::Duration;

use framehouse_client::client::Client;

/// Seconds without a datagram after which a session counts as lost and is requested again. Servers send something at
/// least every half second. A player is told within five seconds of a server's end.
const LOSS_SECONDS: f32 = 4.0;
/// Maximum number of seconds of one frame that count: a program that slept did not receive.
const FRAME_SECONDS_MAX: f32 = 0.5;

/// Counts the seconds without a datagram.
#[derive(Debug, Default)]
pub struct Liveness {
    heard_bytes: u64,
    seconds: f32,
    at: Duration,
}

impl Liveness {
    /// Checks once a frame whether a datagram arrived. Before the welcome, other time-outs apply.
    pub fn listen(&mut self, client: &Client, now: Duration) {
        self.count(client.traffic().down_bytes, client.phase().is_some(), now);
    }

    fn count(&mut self, heard_bytes: u64, is_in_room: bool, now: Duration) {
        let passed = now.saturating_sub(std::mem::replace(&mut self.at, now)).as_secs_f32().min(FRAME_SECONDS_MAX);
        let is_silent = is_in_room && heard_bytes == self.heard_bytes;
        self.seconds = if is_silent { self.seconds + passed } else { 0.0 };
        self.heard_bytes = heard_bytes;
    }

    /// Seconds without a datagram.
    pub const fn seconds(&self) -> f32 {
        self.seconds
    }

    /// Whether the session counts as lost.
    pub fn is_loss(&self) -> bool {
        self.seconds >= LOSS_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence_after(frames: u32, frame_ms: u64, heard: impl Fn(u32) -> u64) -> Liveness {
        let mut liveness = Liveness::default();
        (0..frames).for_each(|frame| liveness.count(heard(frame), true, Duration::from_millis(frame_ms) * frame));
        liveness
    }

    #[test]
    fn a_dead_server_is_noticed_within_five_seconds() {
        assert!(!silence_after(3 * 60, 16, |_| 9).is_loss());
        assert!(silence_after(5 * 60, 16, |_| 9).is_loss());
        assert!(!silence_after(60 * 60, 16, |frame| u64::from(frame / 30)).is_loss());
    }

    #[test]
    fn sleep_is_not_silence() {
        assert!(silence_after(4, 60_000, |_| 9).seconds() < LOSS_SECONDS);
    }
}
