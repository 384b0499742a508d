//! Protection from web pages: a page that a player visits must not use this API through the player's browser, neither
//! from a foreign site nor by a name of its own that leads to this server's address (DNS rebinding).

use std::net::IpAddr;

use axum::{
    http::{
        HeaderMap, Method, StatusCode, Uri, header,
        uri::{Authority, Scheme},
    },
    response::{IntoResponse, Response},
};
use framehouse_shared::api::code;

use super::errors::error;

/// The names that this server answers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Names of the settings, in lower case.
    hosts: Vec<String>,
    /// Host that clients are told.
    public_host: Option<String>,
}

/// Why a request cannot come from a client of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// The request is to another host, or to several.
    Host(String),
    /// The request comes from a page of another site.
    Origin,
    /// The body is not declared as JSON, as a form of a page cannot do.
    Body,
}

impl Names {
    /// The names of the settings.
    pub fn new(hosts: &[String], public_host: Option<&str>) -> Self {
        Self { hosts: hosts.iter().map(|host| plain(host)).collect(), public_host: public_host.map(plain) }
    }

    /// Checks `Host`, `Origin` and the type of the body.
    ///
    /// # Errors
    /// When a client of this server would not send the request so.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let host = host_of(headers)?;
        // No browser leaves the header out, but a health check may.
        for asked in host.iter().chain(uri.authority()) {
            if !self.is_ours(asked) {
                return Err(Foreign::Host(asked.host().to_owned()));
            }
        }
        for origin in headers.get_all(header::ORIGIN) {
            let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
            if !origin.is_some_and(|origin| self.is_origin_ours(&origin, host.as_ref())) {
                return Err(Foreign::Origin);
            }
        }
        if method == Method::POST && !is_json(headers) { Err(Foreign::Body) } else { Ok(()) }
    }

    fn is_ours(&self, authority: &Authority) -> bool {
        let host = plain(authority.host());
        let is_local = host == "localhost" || host.ends_with(".localhost");
        !authority.as_str().contains('@')
            && (is_local || is_address(&host) || self.hosts.contains(&host) || self.public_host.as_ref() == Some(&host))
    }

    /// Whether the page's site is this server, or a name of the settings. The same host with another port is another
    /// site: a page of another server on the developer's machine.
    fn is_origin_ours(&self, origin: &Uri, host: Option<&Authority>) -> bool {
        let Some(site) = origin.authority() else { return false };
        let default_port = if origin.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
        let is_same = |host: &Authority| plain(host.host()) == plain(site.host()) && port(host) == port(site);
        host.is_some_and(is_same) || self.hosts.contains(&plain(site.host()))
    }
}

/// The host of the request's header, if it has one.
fn host_of(headers: &HeaderMap) -> Result<Option<Authority>, Foreign> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let Some(host) = hosts.next() else { return Ok(None) };
    let authority = Authority::try_from(host.as_bytes()).ok().filter(|_| hosts.next().is_none());
    authority.map(Some).ok_or_else(|| Foreign::Host("what its header Host says".to_owned()))
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// A host in the form in which hosts are compared.
fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

impl IntoResponse for Foreign {
    fn into_response(self) -> Response {
        match self {
            Self::Host(host) => {
                let message =
                    format!("this server is not {host}: use its address, or add the name to `hosts` in its settings");
                error(StatusCode::MISDIRECTED_REQUEST, code::WRONG_HOST, &message)
            }
            Self::Origin => {
                let message =
                    "pages of other sites cannot use this server: add the site's host to `hosts` in its settings";
                error(StatusCode::FORBIDDEN, code::FOREIGN_ORIGIN, message)
            }
            Self::Body => {
                let message = "the body has to be JSON: send it with the header Content-Type: application/json";
                error(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::NOT_JSON, message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(&["Play.Example.org".to_owned()], Some("arena.example"))
    }

    fn check(lines: &[(&str, &str)], method: Method, uri: &str) -> Result<(), Foreign> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<header::HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        names().check(&method, &uri.parse().expect("a URI"), &headers)
    }

    fn get(lines: &[(&str, &str)]) -> Result<(), Foreign> {
        check(lines, Method::GET, "/v1/rooms")
    }

    #[test]
    fn a_name_that_a_stranger_leads_here_is_refused() {
        for host in [
            "127.0.0.1:7777",
            "[::1]:7777",
            "203.0.113.7",
            "localhost:7777",
            "a.localhost",
            "play.example.org",
            "PLAY.example.org.:443",
            "arena.example:7777",
        ] {
            assert_eq!(get(&[("host", host)]), Ok(()), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost", "x@localhost"]
        {
            assert!(matches!(get(&[("host", host)]), Err(Foreign::Host(_))), "{host}");
        }
        assert!(matches!(get(&[("host", "localhost"), ("host", "evil.example")]), Err(Foreign::Host(_))));
        let absolute = check(&[("host", "localhost")], Method::GET, "http://evil.example/v1/rooms");
        assert!(matches!(absolute, Err(Foreign::Host(_))));
        assert_eq!(get(&[]), Ok(()), "a health check without the header");
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let from = |host, origin| get(&[("host", host), ("origin", origin)]);
        assert_eq!(from("127.0.0.1:7777", "http://127.0.0.1:7777"), Ok(()));
        assert_eq!(from("arena.example", "https://arena.example"), Ok(()), "behind a proxy");
        assert_eq!(from("arena.example:7777", "https://play.example.org"), Ok(()), "a name of the settings");
        for origin in ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:7777", "", "file://"] {
            assert_eq!(from("127.0.0.1:7777", origin), Err(Foreign::Origin), "{origin}");
        }
    }

    #[test]
    fn a_form_of_a_page_cannot_ask_for_a_seat() {
        let post = |kind| check(&[("content-type", kind)], Method::POST, "/v1/sessions");
        assert_eq!((post("application/json"), post("Application/JSON; charset=utf-8")), (Ok(()), Ok(())));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
        {
            assert_eq!(post(kind), Err(Foreign::Body), "{kind}");
        }
        assert_eq!(check(&[], Method::POST, "/v1/sessions"), Err(Foreign::Body));
    }
}
