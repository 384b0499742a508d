//! Rate limit of join requests per IP address. Each request reserves a seat for ten seconds, or could guess room codes.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::net::budget::Bucket;

/// Maximum number of remembered addresses. Beyond, the ones without recent requests are forgotten.
const ADDRESSES_MAX: usize = 10_000;
/// Burst, in seconds of the rate.
const BURST_SECONDS: f32 = 4.0;

/// Token buckets of addresses with recent requests.
pub struct RateLimit {
    per_s: f32,
    buckets: HashMap<IpAddr, (Bucket, Duration)>,
}

impl RateLimit {
    /// A limit of `per_s` requests per second for each address.
    pub fn new(per_s: f32) -> Self {
        Self { per_s, buckets: HashMap::new() }
    }

    /// Whether this address may send one more request at `now`. Loopback is not limited: operator, tools or a proxy.
    pub fn allows(&mut self, address: IpAddr, now: Duration) -> bool {
        if address.is_loopback() {
            return true;
        }
        if self.buckets.len() >= ADDRESSES_MAX {
            let forgotten = Duration::from_secs_f32(BURST_SECONDS);
            self.buckets.retain(|_, (_, asked)| now.saturating_sub(*asked) < forgotten);
        }
        // Full of addresses with recent requests: this is an attack, and new addresses have to wait.
        let key = network_of(address);
        if self.buckets.len() >= ADDRESSES_MAX && !self.buckets.contains_key(&key) {
            return false;
        }
        let full = || Bucket::new(self.per_s, self.per_s * BURST_SECONDS, now);
        let (bucket, asked) = self.buckets.entry(key).or_insert_with(|| (full(), now));
        *asked = now;
        bucket.take(1.0, now)
    }
}

/// The network that counts as one address: an IPv6 customer usually has a whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_asks_too_often_has_to_wait_and_others_do_not() {
        let mut limit = RateLimit::new(5.0);
        let address = |text: &str| text.parse().expect("an address");
        let at = Duration::from_millis;
        let allowed = (0..100).filter(|_| limit.allows(address("192.0.2.1"), at(0))).count();
        assert_eq!(allowed, 20);
        assert!(limit.allows(address("192.0.2.2"), at(0)));
        assert!(limit.allows(address("192.0.2.1"), at(250)));
        assert!((0..100).all(|_| limit.allows(address("127.0.0.1"), at(0))));
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_memory_is_bounded() {
        let mut limit = RateLimit::new(1.0);
        let v6 = |high: u64, low: u64| Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into();
        let allowed = (0..100).filter(|low| limit.allows(v6(7, *low), Duration::ZERO)).count();
        assert_eq!(allowed, 4);
        for high in 100..30_000 {
            limit.allows(v6(high, 1), Duration::ZERO);
        }
        assert!(limit.buckets.len() <= ADDRESSES_MAX);
        assert!(limit.allows(v6(50_000, 1), Duration::from_secs(10)), "the next wave finds the memory free again");
    }
}
