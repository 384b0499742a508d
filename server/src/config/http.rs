//! `[http]`: limits by address, proxies, names and TLS of the HTTP gateway.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Violation, catalogue::Ranges};
use crate::address::Network;

/// Settings of the HTTP gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Largest number of connections of one IP address at a time, 1 to 10,000. A /24 and a /64 may have four times as
    /// many, a /48 eight times as many.
    pub connections_per_address: u32,
    /// Largest number of replays that one IP address downloads at a time, 1 to 64; networks as above.
    pub downloads_per_address: u32,
    /// Requests, and as many connections, one IP address may make per second, 0.1 to 10,000; four times as many in a burst; networks as above.
    pub requests_per_s: f64,
    /// Proxies whose word about their callers' addresses is taken: addresses and networks.
    pub trusted_proxies: Vec<Network>,
    /// Names of this server, besides `public_host`, `localhost` and its addresses. Pages of these names may use the
    /// API.
    pub hosts: Vec<String>,
    /// File with the certificate chain for TLS, in PEM. `None` means HTTP without TLS.
    pub tls_cert: Option<PathBuf>,
    /// File with the private key of the certificate, in PEM.
    pub tls_key: Option<PathBuf>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connections_per_address: 32,
            downloads_per_address: 8,
            requests_per_s: 20.0,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            tls_cert: None,
            tls_key: None,
        }
    }
}

impl HttpSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("connections_per_address", 1.0, 10_000.0),
        ("downloads_per_address", 1.0, 64.0),
        ("requests_per_s", 0.1, 10_000.0),
    ];

    /// Checks names, and that TLS has both of its files.
    pub(super) fn check(&self) -> Result<(), Violation> {
        if let Some(host) = self.hosts.iter().find(|host| !is_name(host)) {
            let sentence =
                format!("`http.hosts` must be names as play.example.org, without scheme and port, not {host:?}");
            return Err(Violation::new(["http.hosts"], sentence));
        }
        let (given, missing) = match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => ("http.tls_cert", "http.tls_key"),
            (None, Some(_)) => ("http.tls_key", "http.tls_cert"),
            _ => return Ok(()),
        };
        let sentence = format!("`{given}` needs `{missing}`: set both for HTTPS, or none of them for HTTP");
        Err(Violation::new([given], sentence))
    }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_needs_both_of_its_files() {
        let half = HttpSettings { tls_cert: Some("cert.pem".into()), ..Default::default() };
        let sentence = half.check().expect_err("half").sentence;
        assert!(sentence.starts_with("`http.tls_cert` needs `http.tls_key`"), "{sentence}");
        assert!(HttpSettings { tls_key: Some("key.pem".into()), ..half }.check().is_ok());
    }

    #[test]
    fn proxies_are_networks_and_hosts_are_names() {
        let read = |text| toml::from_str::<HttpSettings>(text);
        let settings =
            read("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nhosts = [\"play.example.org\"]").expect("good");
        assert!(settings.check().is_ok());
        assert!(read("trusted_proxies = [\"proxy.example.org\"]").is_err());
        for host in ["https://a", "a:80", ""] {
            assert!(HttpSettings { hosts: vec![host.to_owned()], ..Default::default() }.check().is_err(), "{host}");
        }
    }
}
