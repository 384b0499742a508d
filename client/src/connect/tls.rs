//! TLS of requests: whom to trust, and a warning about secrets that others can read.

use std::{
    fs,
    net::IpAddr,
    path::Path,
    sync::{Arc, Once, OnceLock},
};

use rustls::crypto::ring;
use ureq::{
    http::Uri,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

/// The certificates of `--ca`.
static TRUSTED: OnceLock<Arc<Vec<Certificate<'static>>>> = OnceLock::new();

/// Trusts the authorities of this file, in PEM, instead of the system's, for all requests of this process. The first
/// call counts.
///
/// # Errors
/// With one sentence, when the file cannot be read or has no certificate.
pub fn trust_authorities(file: &Path) -> Result<(), String> {
    let pem = fs::read(file).map_err(|error| format!("Cannot read {}: {error}.", file.display()))?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(format!("{} has no certificate in PEM.", file.display()));
    }
    TRUSTED.get_or_init(|| Arc::new(certificates));
    Ok(())
}

/// How requests use TLS.
pub(super) fn config() -> TlsConfig {
    let roots = TRUSTED.get().map_or(RootCerts::PlatformVerifier, |trusted| RootCerts::Specific(Arc::clone(trusted)));
    let provider = Arc::new(ring::default_provider());
    TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build()
}

/// Warns once if everybody on the way to the server can read what is sent.
pub(super) fn warn_if_readable(url: &str) {
    static WARNED: Once = Once::new();
    if is_readable(url) {
        WARNED.call_once(|| {
            tracing::warn!(
                "{url} has no TLS: everybody on the way can read the token and take the seat; use https:// if the \
                 server has it"
            );
        });
    }
}

/// Whether the request goes to another machine without TLS.
fn is_readable(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.scheme_str() == Some("http") && !is_this_machine(&url))
}

/// Whether the host of a URL is this machine.
pub(super) fn is_this_machine(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_this_machine_without_tls_is_readable() {
        let readable = ["http://play.example.org", "http://203.0.113.9:7777/v1/sessions", "http://[2001:db8::1]:7777"];
        let unreadable =
            ["https://play.example.org", "http://127.0.0.1:7777", "http://localhost:7777", "http://[::1]:7777/x"];
        assert!(readable.into_iter().all(is_readable));
        assert!(!unreadable.into_iter().any(is_readable));
    }

    #[test]
    fn a_file_without_certificates_is_refused_with_a_sentence() {
        let file = std::env::temp_dir().join(format!("framehouse-ca-{}.pem", std::process::id()));
        let sentence = trust_authorities(&file).expect_err("there is no file");
        assert!(sentence.starts_with("Cannot read "), "{sentence}");
        fs::write(&file, "nonsense").expect("a file of ours");
        let sentence = trust_authorities(&file).expect_err("nonsense");
        assert!(sentence.ends_with("has no certificate in PEM."), "{sentence}");
        fs::remove_file(&file).expect("a file of ours");
    }
}
