//! The address of a request's caller, also behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};

use crate::address::{AddressKey, Network};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Address of a request's caller: the key of all limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caller(pub AddressKey);

/// `Forwarded` and `X-Forwarded-For` name different callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradiction;

/// The proxies whose word about their callers is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedProxies(pub Vec<Network>);

impl TrustedProxies {
    /// Whether the address is one of the proxies.
    pub fn contains(&self, address: AddressKey) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether the address is this machine or one of the proxies: health checks and monitoring come from there.
    pub fn is_own(&self, address: AddressKey) -> bool {
        address.is_loopback() || self.contains(address)
    }

    /// The caller of a request from `peer`. Each proxy appends the address that it was called from, so the list is read
    /// from its end, and only as long as it was written by trusted proxies: the rest may be the caller's invention.
    ///
    /// Without either header the proxy itself is the caller, as in a check of its own.
    ///
    /// # Errors
    /// When both headers are there and differ. A proxy usually writes one of them and passes on what it gets as the
    /// other, so neither can be believed. The proxy must not be taken for the caller then: if it is on this machine, it
    /// has no limits.
    pub fn caller(&self, peer: AddressKey, headers: &HeaderMap) -> Result<Caller, Contradiction> {
        if !self.contains(peer) {
            return Ok(Caller(peer));
        }
        let forwarded = self.follow(peer, &lines(headers, &header::FORWARDED), forwarded_for);
        let x_forwarded = self.follow(peer, &lines(headers, &X_FORWARDED_FOR), address);
        let both = (headers.contains_key(header::FORWARDED), headers.contains_key(X_FORWARDED_FOR));
        match both {
            (true, true) if forwarded != x_forwarded => Err(Contradiction),
            (false, true) => Ok(Caller(x_forwarded)),
            _ => Ok(Caller(forwarded)),
        }
    }

    fn follow(&self, peer: AddressKey, list: &str, read: fn(&str) -> Option<AddressKey>) -> AddressKey {
        let mut hop = peer;
        for element in list.rsplit(',') {
            match read(element.trim()) {
                Some(before) if self.contains(hop) => hop = before,
                _ => break,
            }
        }
        hop
    }
}

/// The lines of a header as one list. A proxy appends its element to the caller's line, so bytes that are no text must
/// not spoil more than their own element.
fn lines(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    lines.collect::<Vec<_>>().join(",")
}

/// The address in one element of `Forwarded`, such as `for="[2001:db8::1]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<AddressKey> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address, with or without brackets and port.
fn address(node: &str) -> Option<AddressKey> {
    let plain = || node.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain().or_else(with_port).map(AddressKey::new)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn caller(peer: &str, lines: &[(&str, &str)]) -> String {
        let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        found(peer, &lines).expect("no contradiction").0.to_string()
    }

    fn found(peer: &str, lines: &[(&str, &[u8])]) -> Result<Caller, Contradiction> {
        let proxies = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers
                .append(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_bytes(value).expect("a value"));
        }
        let peer = peer.parse::<IpAddr>().expect("an address").into();
        TrustedProxies(proxies.to_vec()).caller(peer, &headers)
    }

    fn x_forwarded(peer: &str, list: &str) -> String {
        caller(peer, &[("x-forwarded-for", list)])
    }

    fn forwarded(peer: &str, list: &str) -> String {
        caller(peer, &[("forwarded", list)])
    }

    #[test]
    fn a_stranger_cannot_give_itself_an_address() {
        assert_eq!(x_forwarded("203.0.113.9", "192.0.2.1"), "203.0.113.9");
        assert_eq!(forwarded("203.0.113.9", "for=192.0.2.1"), "203.0.113.9");
        assert_eq!(x_forwarded("10.0.0.1", "127.0.0.1, 192.0.2.66, 203.0.113.9"), "203.0.113.9");
        assert_eq!(forwarded("10.0.0.1", "for=192.0.2.66, for=203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn the_caller_is_found_behind_any_number_of_trusted_proxies() {
        assert_eq!(x_forwarded("10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(x_forwarded("::ffff:10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(x_forwarded("127.0.0.1", "203.0.113.9, 10.1.1.1,10.2.2.2"), "203.0.113.9");
        assert_eq!(
            caller("10.0.0.1", &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.0.0.2")]),
            "203.0.113.9"
        );
        let element = r#"For="[2001:db8::1]:4711";proto=https;by=10.0.0.1"#;
        assert_eq!(forwarded("fd00::1", element), "2001:db8::1");
        assert_eq!(forwarded("10.0.0.1", "proto=https; for=203.0.113.9:80"), "203.0.113.9");
        assert_eq!(x_forwarded("10.0.0.1", "::ffff:203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(x_forwarded("10.0.0.1", "203.0.113.9, unknown"), "10.0.0.1");
        assert_eq!(x_forwarded("10.0.0.1", "203.0.113.9, unknown, 10.0.0.2"), "10.0.0.2");
        assert_eq!(forwarded("10.0.0.1", "for=_hidden"), "10.0.0.1");
        assert_eq!(x_forwarded("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(caller("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn two_headers_that_differ_are_refused() {
        let both = |other: &str| {
            found("127.0.0.1", &[("forwarded", b"for=192.0.2.66"), ("x-forwarded-for", other.as_bytes())])
        };
        assert_eq!(both("203.0.113.9"), Err(Contradiction));
        assert_eq!(both("192.0.2.66").map(|caller| caller.0.to_string()), Ok("192.0.2.66".to_owned()));
    }

    #[test]
    fn bytes_that_are_no_text_do_not_make_the_proxy_the_caller() {
        let line: &[u8] = b"\xff, 203.0.113.9";
        let caller = found("127.0.0.1", &[("x-forwarded-for", line)]).expect("no contradiction");
        assert_eq!(caller.0.to_string(), "203.0.113.9");
    }
}
