//! Where a server is, for people and browsers.

use std::net::{Ipv6Addr, SocketAddr};

use super::print::print;
use crate::{ops::http::TlsKeys, threads};

/// Scheme of the URLs.
pub(super) const fn scheme(tls: Option<&TlsKeys>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// A host with its port. Addresses of IPv6 need brackets.
pub(super) fn host_and_port(host: &str, port: u16) -> String {
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Where a server listens.
pub(super) struct Addresses {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Address of HTTP.
    pub http: SocketAddr,
    /// Public addresses of the UDP endpoints.
    pub udp: Vec<SocketAddr>,
}

impl Addresses {
    /// URL of the web pages, as other machines see it.
    pub fn web_url(&self, public_host: Option<&str>) -> String {
        let Self { scheme, http, .. } = self;
        let address = public_host.map_or_else(|| http.to_string(), |host| host_and_port(host, http.port()));
        format!("{scheme}://{address}")
    }

    /// Prints where the server is and how to join it. Standard output may be a pipe that nobody reads, so the calling
    /// thread does not wait.
    ///
    /// # Errors
    /// When the thread that prints cannot be started.
    pub fn greet(&self, hints: &[&str]) -> Result<(), String> {
        let (first, last) = (self.udp.first().map(ToString::to_string), self.udp.last().map(SocketAddr::port));
        let (first, last, version) = (first.unwrap_or_default(), last.unwrap_or_default(), env!("CARGO_PKG_VERSION"));
        let url = self.web_url(None);
        let mut text = format!(
            "Framehouse server {version} is running.\n  \
               HTTP   {url}   (rooms: /v1/rooms, status: /v1/status)\n  \
               Web    {url}/r/CODE   (watch and play a room in a browser)\n  \
               UDP    {first} to port {last}\n"
        );
        hints.iter().for_each(|hint| text += &format!("  {}\n", hint.replace("{url}", &url)));
        text += "  Stop   Ctrl-C\n";
        let work = move || print(text).unwrap_or_else(|sentence| tracing::warn!("{sentence}"));
        threads::spawn("greeting", work)
            .map(drop)
            .map_err(|error| format!("cannot start the thread that prints: {error}"))
    }
}
