//! Simulated network conditions: delay, jitter, loss, reordering and duplicates, seeded and without a clock.
//!
//! A [`NetSim`] is one direction of one link. The time is a parameter, so that it works in real and in virtual time.
//! The client and the bots put it around their socket (`--net-sim`); the link in memory of the tests consists of two.

use std::{cmp::Reverse, collections::BinaryHeap, str::FromStr, time::Duration};

use crate::rng::SimRng;

/// Maximum number of datagrams in flight; more are lost, as in the full queue of a router.
pub const IN_FLIGHT_MAX: usize = 16 * 1024;

/// Conditions in each direction of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetSimConfig {
    /// One-way delay, 0 to 10,000 ms; a round trip takes twice as long.
    pub delay_ms: f32,
    /// Standard deviation of a normally distributed extra delay, in ms; packets may overtake each other.
    pub jitter_ms: f32,
    /// Width of a uniformly distributed extra delay, in ms: from 0 to this value.
    pub spread_ms: f32,
    /// Fraction of packets that are lost, 0 to 1.
    pub loss: f32,
    /// Mean number of packets lost in a row, from 1 (Gilbert-Elliott model).
    pub burst: f32,
    /// Fraction of packets that arrive 50 ms late, 0 to 1.
    pub reorder: f32,
    /// Fraction of packets that arrive twice, 0 to 1.
    pub duplicate: f32,
    /// Time between two deliveries in ms: packets wait for the next one and arrive all at once. 0 delivers each packet
    /// at its time.
    pub bunch_ms: f32,
}

/// Presets by name: round trip in ms, standard deviation of the jitter in ms (in each direction), loss, mean burst.
pub const PRESETS: [(&str, [f32; 4]); 5] = [
    ("lan", [1.0, 0.2, 0.0, 1.0]),
    ("wifi", [20.0, 5.0, 0.01, 1.5]),
    ("4g", [70.0, 15.0, 0.01, 2.0]),
    ("transatlantic", [90.0, 3.0, 0.003, 1.0]),
    ("awful", [300.0, 60.0, 0.10, 3.0]),
];

impl FromStr for NetSimConfig {
    type Err = String;

    /// Parses the name of a preset, or `key=value,..` with the keys delay, jitter, spread, loss, burst, reorder, dup and
    /// bunch, or the name of a preset followed by `,key=value,..` to change it.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').peekable();
        let preset = parts.peek().and_then(|name| Self::preset(name.trim()));
        let mut config = preset.unwrap_or_default();
        parts.skip(usize::from(preset.is_some())).try_for_each(|pair| config.set(pair))?;
        Ok(config)
    }
}

impl NetSimConfig {
    /// Conditions of one of the [`PRESETS`]; `None` for an unknown name.
    pub fn preset(name: &str) -> Option<Self> {
        let (_, [rtt, jitter_ms, loss, burst]) = *PRESETS.iter().find(|(known, _)| *known == name)?;
        Some(Self { delay_ms: rtt / 2.0, jitter_ms, loss, burst, ..Self::default() })
    }

    fn set(&mut self, pair: &str) -> Result<(), String> {
        let (key, value) = pair.split_once('=').ok_or_else(|| unknown(pair))?;
        let (field, max) = match key.trim() {
            "delay" => (&mut self.delay_ms, 10_000.0),
            "jitter" => (&mut self.jitter_ms, 10_000.0),
            "spread" => (&mut self.spread_ms, 10_000.0),
            "loss" => (&mut self.loss, 1.0),
            "burst" => (&mut self.burst, 1_000.0),
            "reorder" => (&mut self.reorder, 1.0),
            "dup" => (&mut self.duplicate, 1.0),
            "bunch" => (&mut self.bunch_ms, 10_000.0),
            _ => return Err(unknown(pair)),
        };
        *field = value.trim().parse().map_err(|_| format!("`{value}` is not a number (in `{pair}`)"))?;
        if (0.0..=max).contains(field) { Ok(()) } else { Err(format!("`{pair}` is out of range: 0 to {max}")) }
    }
}

fn unknown(pair: &str) -> String {
    let presets: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
    format!(
        "`{pair}` is neither a preset ({}) nor key=value with the keys delay, jitter, spread, loss, burst, reorder, dup, \
         bunch",
        presets.join(", ")
    )
}

/// One direction of a link.
pub struct NetSim {
    config: NetSimConfig,
    rng: SimRng,
    in_burst: bool,
    pushed: u64,
    in_flight: BinaryHeap<Reverse<(Duration, u64, Vec<u8>)>>,
}

impl NetSim {
    /// Creates a link with its own random numbers.
    pub fn new(config: NetSimConfig, seed: u64) -> Self {
        Self { config, rng: SimRng::new(seed), in_burst: false, pushed: 0, in_flight: BinaryHeap::new() }
    }

    /// Changes the conditions for datagrams that are sent from now on.
    pub fn set_config(&mut self, config: NetSimConfig) {
        self.config = config;
    }

    /// Sends a datagram into the link at `now`.
    pub fn push(&mut self, now: Duration, datagram: &[u8]) {
        let is_lost = self.draw_loss();
        let delay = self.draw_delay();
        let copy_delay = self.draw_delay();
        let is_doubled = self.rng.between(0.0, 1.0) < self.config.duplicate;
        if is_lost {
            return;
        }
        self.enqueue(now + delay, datagram);
        if is_doubled {
            self.enqueue(now + copy_delay, datagram);
        }
    }

    /// Takes the next datagram that has arrived by `now`.
    pub fn pop(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.in_flight.peek()?.0.0 > now {
            return None;
        }
        self.in_flight.pop().map(|Reverse((_, _, datagram))| datagram)
    }

    fn next_delivery(&self, arrival: Duration) -> Duration {
        let bunch = (self.config.bunch_ms * 1000.0) as u128;
        if bunch == 0 {
            return arrival;
        }
        Duration::from_micros((arrival.as_micros().div_ceil(bunch) * bunch) as u64)
    }

    fn enqueue(&mut self, arrival: Duration, datagram: &[u8]) {
        if self.in_flight.len() < IN_FLIGHT_MAX {
            let arrival = self.next_delivery(arrival);
            self.pushed += 1;
            self.in_flight.push(Reverse((arrival, self.pushed, datagram.to_vec())));
        }
    }

    /// Draws whether a packet is lost: in the burst state all are lost. The transition probabilities give bursts of the
    /// configured mean length and the configured total loss.
    fn draw_loss(&mut self) -> bool {
        let NetSimConfig { loss, burst, .. } = self.config;
        let leave = 1.0 / burst.max(1.0);
        let enter = if loss < 1.0 { (leave * loss / (1.0 - loss)).min(1.0) } else { 1.0 };
        let drawn = self.rng.between(0.0, 1.0);
        // With a mean burst of 1 the two states would alternate: losses are independent instead.
        self.in_burst = if burst <= 1.0 {
            drawn < loss
        } else if self.in_burst {
            drawn >= leave || loss >= 1.0
        } else {
            drawn < enter
        };
        self.in_burst
    }

    fn draw_delay(&mut self) -> Duration {
        // The sum of twelve uniform random numbers has a variance of 1 and is almost normally distributed.
        let normal = (0..12).map(|_| self.rng.between(0.0, 1.0)).sum::<f32>() - 6.0;
        let spread = self.rng.between(0.0, self.config.spread_ms);
        let late = if self.rng.between(0.0, 1.0) < self.config.reorder { 50.0 } else { 0.0 };
        let ms = self.config.delay_ms + normal * self.config.jitter_ms + spread + late;
        Duration::from_micros((ms.max(0.0) * 1000.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(config: &str, packets: u32) -> Vec<u32> {
        let mut link = NetSim::new(config.parse().expect("a valid description"), 5);
        for n in 0..packets {
            link.push(Duration::from_millis(u64::from(n) * 10), &n.to_le_bytes());
        }
        let end = Duration::from_secs(3600);
        std::iter::from_fn(|| link.pop(end)).map(|d| u32::from_le_bytes(d.try_into().expect("four bytes"))).collect()
    }

    #[test]
    fn the_presets_are_as_documented_and_can_be_changed_in_part() {
        let read = |text: &str| text.parse::<NetSimConfig>().expect("a good description");
        for (name, figures) in [
            ("lan", [1.0, 0.2, 0.0, 1.0]),
            ("wifi", [20.0, 5.0, 0.01, 1.5]),
            ("4g", [70.0, 15.0, 0.01, 2.0]),
            ("transatlantic", [90.0, 3.0, 0.003, 1.0]),
            ("awful", [300.0, 60.0, 0.10, 3.0]),
        ] {
            let config = read(name);
            assert_eq!([2.0 * config.delay_ms, config.jitter_ms, config.loss, config.burst], figures, "{name}");
        }
        assert_eq!(read("wifi,loss=0.05,dup=0.1"), NetSimConfig { loss: 0.05, duplicate: 0.1, ..read("wifi") });
        assert!("".parse::<NetSimConfig>().is_err());
        assert!("loss=0.05,wifi".parse::<NetSimConfig>().is_err(), "the preset comes first");
    }

    #[test]
    fn delays_vary_as_much_as_asked_for() {
        let mut link = NetSim::new("delay=100,jitter=15".parse().expect("valid"), 9);
        let delays: Vec<f64> = (0..10_000).map(|_| link.draw_delay().as_secs_f64() * 1000.0).collect();
        let mean = delays.iter().sum::<f64>() / 1e4;
        let deviation = (delays.iter().map(|delay| (delay - mean).powi(2)).sum::<f64>() / 1e4).sqrt();
        assert!((mean - 100.0).abs() < 1.0 && (deviation - 15.0).abs() < 0.5, "{mean} +- {deviation} ms");
    }

    #[test]
    fn a_packet_takes_its_delay() {
        let mut link = NetSim::new("delay=30".parse().expect("valid"), 1);
        link.push(Duration::from_millis(100), b"x");
        assert_eq!(link.pop(Duration::from_millis(129)), None);
        assert_eq!(link.pop(Duration::from_millis(130)), Some(b"x".to_vec()));
    }

    #[test]
    fn packets_in_a_bunch_arrive_together_and_in_order() {
        let mut link = NetSim::new("bunch=300".parse().expect("valid"), 1);
        for n in 0..10u8 {
            link.push(Duration::from_millis(310 + u64::from(n) * 20), &[n]);
        }
        assert_eq!(link.pop(Duration::from_millis(599)), None);
        let bunch: Vec<u8> =
            std::iter::from_fn(|| link.pop(Duration::from_millis(600))).map(|packet| packet[0]).collect();
        assert_eq!(bunch, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn losses_are_as_many_and_as_long_as_asked_for() {
        for description in ["loss=0.2", "loss=0.2,burst=4"] {
            let got = delivered(description, 20_000).len() as f32 / 20_000.0;
            assert!((0.77..0.83).contains(&got), "{description}: {got} came through");
        }
        let bursts = delivered("loss=0.2,burst=4", 20_000).windows(2).filter(|pair| pair[1] - pair[0] > 1).count();
        assert!((750..1250).contains(&bursts), "{bursts} bursts");
        assert!(delivered("loss=1", 100).is_empty());
    }

    #[test]
    fn copies_and_overtaking_happen_when_asked_for() {
        assert_eq!(delivered("dup=1", 10).len(), 20);
        assert!(!delivered("reorder=0.1", 200).is_sorted());
        assert!(delivered("delay=5", 200).is_sorted());
    }

    #[test]
    fn a_wrong_description_is_answered_with_a_sentence() {
        assert!("wifi".parse::<NetSimConfig>().is_ok());
        assert!("loss=2".parse::<NetSimConfig>().expect_err("too much").contains("0 to 1"));
        assert!("speed=2".parse::<NetSimConfig>().expect_err("no such key").contains("lan, wifi"));
        assert!("loss=x".parse::<NetSimConfig>().expect_err("no number").contains("not a number"));
    }
}
