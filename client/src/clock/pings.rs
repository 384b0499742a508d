//! Estimates the network distance and the room's time, from pings alone.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::protocol::datagram::{Ping, Pong};

/// Maximum number of samples kept.
const SAMPLES_MAX: usize = 16;
/// Samples needed for a first guess of the distance.
const SAMPLES_MIN: usize = 3;
/// The room's time is read from the best of this many newest samples: older ones would hide that the room slowed down.
const RECENT_SAMPLES: usize = 8;
/// Maximum number of pings that wait for an answer.
const PENDING_MAX: usize = 16;
/// Interval of pings, unless [`PING_TICKS_MIN`] is longer; in economy mode as many times longer as that of the datagrams.
const PING_INTERVAL: Duration = Duration::from_millis(500);
/// Shortest interval of pings, in ticks (1 s at 10 Hz): they are not to be a large part of all datagrams.
const PING_TICKS_MIN: f64 = 10.0;
/// Interval of the first, quick pings.
const QUICK_INTERVAL: Duration = Duration::from_millis(100);
/// Number of quick pings.
const QUICK_PINGS: u32 = 5;
/// The contradiction between two samples, in seconds, beyond which the older one is outdated.
const CONTRADICTION_SECONDS: f64 = 0.5 / 30.0;

/// One answered ping.
#[derive(Clone, Copy, Debug)]
struct Sample {
    received: Duration,
    rtt: Duration,
    /// The room's time when the pong was sent. When the pong arrived, the room's time was between this and `rtt` later.
    room_time: Option<f64>,
}

/// Pings and their answers.
#[derive(Clone, Debug)]
pub(super) struct Pings {
    tick_rate: f64,
    pending: VecDeque<(u32, Duration)>,
    next_nonce: u32,
    quick_pings_left: u32,
    interval: Duration,
    next_ping: Duration,
    samples: VecDeque<Sample>,
    rtt: Option<Duration>,
    jitter: Duration,
}

impl Pings {
    /// No measurements yet; begins with quick pings.
    pub fn new(tick_rate: f64, now: Duration) -> Self {
        Self {
            tick_rate,
            pending: VecDeque::new(),
            next_nonce: 0,
            quick_pings_left: QUICK_PINGS,
            interval: interval_at(tick_rate),
            next_ping: now,
            samples: VecDeque::new(),
            rtt: None,
            jitter: Duration::ZERO,
        }
    }

    /// Adapts the interval to datagrams that are so many ticks apart.
    pub fn set_datagram_ticks(&mut self, datagram_ticks: u32) {
        self.interval = interval_at(self.tick_rate) * datagram_ticks;
    }

    /// Forgets the room's time and pings again at once; the distance is kept.
    pub fn forget_room_time(&mut self, now: Duration) {
        self.samples.iter_mut().for_each(|sample| sample.room_time = None);
        // Pongs in flight may still carry the old time, or count a sleep as distance.
        self.pending.clear();
        self.quick_pings_left = QUICK_PINGS;
        self.next_ping = now;
    }

    /// The ping that is due, if one is.
    pub fn due(&mut self, now: Duration) -> Option<Ping> {
        if now < self.next_ping {
            return None;
        }
        self.quick_pings_left = self.quick_pings_left.saturating_sub(1);
        self.next_ping = now + if self.quick_pings_left > 0 { QUICK_INTERVAL } else { self.interval };
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        let nonce = self.next_nonce;
        self.next_nonce = nonce.wrapping_add(1);
        self.pending.push_back((nonce, now));
        Some(Ping { nonce })
    }

    /// Takes a pong and returns its round-trip time; nothing if it answers no pending ping.
    pub fn take(&mut self, now: Duration, pong: &Pong) -> Option<Duration> {
        let place = self.pending.iter().position(|(nonce, _)| *nonce == pong.nonce)?;
        let (_, sent) = self.pending.remove(place)?;
        let sample = Sample {
            received: now,
            rtt: now.saturating_sub(sent),
            room_time: pong.room_time.map(|time| time as f64 / 256.0),
        };
        self.forget_contradicted(&sample);
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.measure_rtt();
        Some(sample.rtt)
    }

    /// The median round-trip time.
    pub const fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Jitter: the median difference of round-trip times from their median.
    pub const fn jitter(&self) -> Duration {
        self.jitter
    }

    /// Whether there are enough samples to guess the lead.
    pub fn is_enough(&self) -> bool {
        self.samples.len() >= SAMPLES_MIN
    }

    /// The room's time now, in ticks, from the sample with the shortest round trip: the error is at most half of it.
    pub fn room_time(&self, now: Duration) -> Option<f64> {
        let with_time = |sample: &Sample| sample.room_time.map(|time| (*sample, time));
        let recent = self.samples.iter().rev().take(RECENT_SAMPLES).filter_map(with_time);
        let (best, time) = recent.min_by_key(|(sample, _)| sample.rtt)?;
        Some(time + self.ticks(best.rtt) / 2.0 + self.ticks(now.saturating_sub(best.received)))
    }

    fn ticks(&self, time: Duration) -> f64 {
        time.as_secs_f64() * self.tick_rate
    }

    /// Forgets samples that contradict the newest one. The room can lose time (an overrun, a pause); an old sample then
    /// gives an impossible time, since each sample alone bounds the room's time to the width of its round trip.
    fn forget_contradicted(&mut self, newest: &Sample) {
        let Some(newest_low) = newest.room_time else { return };
        let newest_high = newest_low + self.ticks(newest.rtt);
        let tick_rate = self.tick_rate;
        let tolerance = CONTRADICTION_SECONDS * tick_rate;
        self.samples.iter_mut().for_each(|old| {
            let Some(time) = old.room_time else { return };
            let low = time + newest.received.saturating_sub(old.received).as_secs_f64() * tick_rate;
            let high = low + old.rtt.as_secs_f64() * tick_rate;
            if low > newest_high + tolerance || high < newest_low - tolerance {
                old.room_time = None;
            }
        });
    }

    fn measure_rtt(&mut self) {
        let rtt = median(self.samples.iter().map(|sample| sample.rtt).collect());
        self.jitter = median(self.samples.iter().map(|sample| sample.rtt.abs_diff(rtt)).collect());
        self.rtt = Some(rtt);
    }
}

fn interval_at(tick_rate: f64) -> Duration {
    PING_INTERVAL.max(Duration::from_secs_f64(PING_TICKS_MIN / tick_rate))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
