//! HTTP proxies that the environment names (`http_proxy`, `https_proxy`, `all_proxy`).

use ureq::{Proxy, http::Uri};

use super::tls::is_this_machine;

/// The environment's proxy for requests to this URL. Requests to this machine use none: a proxy elsewhere would look for
/// the server on its own machine.
pub(super) fn proxy_for(url: &str) -> Option<Proxy> {
    unless_here(url, Proxy::try_from_env)
}

fn unless_here(url: &str, environment: impl FnOnce() -> Option<Proxy>) -> Option<Proxy> {
    let parsed: Uri = url.parse().ok()?;
    if is_this_machine(&parsed) { None } else { environment().filter(|proxy| !proxy.is_no_proxy(&parsed)) }
}

/// Names the proxy that a failed request went through, if there was one: it may be in the way. It follows the cause.
pub(super) fn named(proxy: Option<&Proxy>) -> String {
    let name = |proxy: &Proxy| {
        // Without the user's name and password, which the variable may hold.
        format!(", through the proxy {}:{} that the environment names in http_proxy", proxy.host(), proxy.port())
    };
    proxy.map(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_is_reached_without_a_proxy() {
        let proxy = || Some(Proxy::new("http://proxy.example.org:3128").expect("a proxy"));
        for here in ["http://127.0.0.1:7777/v1/rooms", "http://localhost:7777", "https://[::1]:7777"] {
            assert!(unless_here(here, proxy).is_none(), "{here}");
        }
        assert!(unless_here("http://play.example.org:7777", proxy).is_some());
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let proxy = Proxy::new("http://ada:secret@proxy.example.org:3128").expect("a proxy");
        let named = named(Some(&proxy));
        assert!(named.contains("proxy.example.org:3128") && !named.contains("secret"), "{named}");
        assert_eq!(super::named(None), "");
    }
}
