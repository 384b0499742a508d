//! IP addresses as keys of limits, and the networks that they belong to.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use axum::http::Uri;
use serde::{Deserialize, Serialize};

/// Whether the host of a URL is this machine.
pub fn is_this_machine(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
}

/// Address of a caller, as the key of a limit. An IPv4 address inside an IPv6 one (`::ffff:192.0.2.1`) is the IPv4
/// address, so that a caller has one key, whichever socket it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressKey(IpAddr);

impl AddressKey {
    /// The key of an address.
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address, IPv4 if it was one inside an IPv6 address.
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// Whether the caller is on this machine.
    pub const fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }

    /// The network of one customer, which counts as one address: the address itself, or the /64 of an IPv6 address.
    pub fn customer(self) -> Network {
        Network::around(self.0, if self.0.is_ipv4() { 32 } else { 64 })
    }

    /// The networks around the address that share looser limits, smallest first: the /24 of an IPv4 address, the /64
    /// and the /48 of an IPv6 address. One customer usually has a whole /64, and can often choose within a /48.
    pub fn groups(self) -> impl Iterator<Item = Network> {
        let prefixes: &[u8] = if self.0.is_ipv4() { &[24] } else { &[64, 48] };
        prefixes.iter().map(move |prefix| Network::around(self.0, *prefix))
    }
}

impl From<Ipv4Addr> for AddressKey {
    fn from(address: Ipv4Addr) -> Self {
        Self::new(IpAddr::V4(address))
    }
}

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        Self::new(address)
    }
}

impl fmt::Display for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Network of IP addresses. As text it is `192.0.2.0/24`, `2001:db8::/48`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of the first `prefix` bits of an address: 0 to 32 of an IPv4 address, 0 to 128 of an IPv6 address.
    /// Larger numbers mean the single address.
    fn around(address: IpAddr, prefix: u8) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let prefix = prefix.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                Self { base: Ipv4Addr::from_bits(v4.to_bits() & mask).into(), prefix }
            }
            IpAddr::V6(v6) => {
                let prefix = prefix.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                Self { base: Ipv6Addr::from_bits(v6.to_bits() & mask).into(), prefix }
            }
        }
    }

    /// Whether the address is in this network.
    pub fn contains(self, address: AddressKey) -> bool {
        address.0.is_ipv4() == self.base.is_ipv4() && Self::around(address.0, self.prefix) == self
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network is an IP address, or one with the number of its fixed bits, as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| NotANetwork)?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let address = written.to_canonical();
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        // The prefix of an IPv4 network that is written as an IPv6 one counts the 96 bits before it.
        let before = if written.is_ipv6() && address.is_ipv4() { 96 } else { 0 };
        let prefix = prefix.unwrap_or(bits_max + before).checked_sub(before).ok_or(NotANetwork)?;
        if prefix <= bits_max { Ok(Self::around(address, prefix)) } else { Err(NotANetwork) }
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> AddressKey {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_is_the_same_caller() {
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert!(key("::ffff:127.0.0.1").is_loopback());
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn an_address_belongs_to_its_networks() {
        let groups = |text| key(text).groups().map(|group| group.to_string()).collect::<Vec<_>>();
        assert_eq!(groups("192.0.2.1"), ["192.0.2.0/24"]);
        assert_eq!(groups("::ffff:192.0.2.1"), ["192.0.2.0/24"]);
        assert_eq!(groups("2001:db8:1:2:3:4:5:6"), ["2001:db8:1:2::/64", "2001:db8:1::/48"]);
        assert!(network("10.0.0.0/8").contains(key("::ffff:10.9.9.9")));
        assert!(!network("10.0.0.0/8").contains(key("11.0.0.1")));
        assert!(!network("::/0").contains(key("11.0.0.1")));
        assert!(network("0.0.0.0/0").contains(key("11.0.0.1")));
        assert!(network("::1").contains(key("::1")) && !network("::1").contains(key("::2")));
    }

    #[test]
    fn a_network_is_read_and_written() {
        assert_eq!(network("10.1.2.3/8").to_string(), "10.0.0.0/8");
        assert_eq!(network("192.0.2.7").to_string(), "192.0.2.7/32");
        assert_eq!(network("::ffff:192.0.2.0/120").to_string(), "192.0.2.0/24");
        for text in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "::ffff:10.0.0.0/8", "10.0.0.0/8/8"]
        {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }
}
