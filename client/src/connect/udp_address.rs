//! The UDP address of a session: a hostile server must not make players send datagrams to somebody else.

use std::net::{IpAddr, ToSocketAddrs};

use framehouse_shared::api::SessionGrant;
use ureq::http::Uri;

use super::ConnectError;
use crate::net::Connection;

/// Passes the grant on if its connect token names an address of the host in `url`, or was received over HTTPS: then its
/// sender is known. A token that cannot be read is left to the connection.
pub(super) fn check(url: &str, grant: SessionGrant) -> Result<SessionGrant, ConnectError> {
    let Ok(address) = Connection::server_address(&grant.token) else { return Ok(grant) };
    if is_https(url) || addresses_of_host(url).any(|own| own.to_canonical() == address.ip().to_canonical()) {
        return Ok(grant);
    }
    Err(ConnectError::ForeignAddress { url: url.to_owned(), address })
}

fn is_https(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("https"))
}

/// The addresses of the URL's host; none if it cannot be looked up.
fn addresses_of_host(url: &str) -> impl Iterator<Item = IpAddr> {
    let host = url.parse::<Uri>().ok().and_then(|uri| Some(uri.host()?.trim_matches(['[', ']']).to_owned()));
    let found = host.and_then(|host| (host, 0).to_socket_addrs().ok());
    found.into_iter().flatten().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use framehouse_shared::{ids::RoomCode, protocol::messages::NETCODE_PROTOCOL_ID};
    use renetcode::ConnectToken;

    use super::*;

    fn grant(address: &str) -> SessionGrant {
        let server: SocketAddr = address.parse().expect("an address");
        let token =
            ConnectToken::generate(Duration::ZERO, NETCODE_PROTOCOL_ID, 10, 1, 10, vec![server], None, &[0; 32]);
        let mut bytes = Vec::new();
        token.expect("a token").write(&mut bytes).expect("a Vec takes any bytes");
        SessionGrant {
            token: bytes,
            session: "1".to_owned(),
            resume: "r".to_owned(),
            server: address.to_owned(),
            tick_rate: 30,
            protocol: "0".to_owned(),
            code: RoomCode::from_number(1),
            player: None,
            grace_s: 20.0,
        }
    }

    #[test]
    fn the_servers_own_address_is_taken() {
        for (url, address) in [
            ("http://127.0.0.1:7777/v1/sessions", "127.0.0.1:7800"),
            ("http://localhost:7777/v1/sessions", "127.0.0.1:7800"),
            ("http://[::1]:7777/v1/sessions", "[::1]:7800"),
            ("http://127.0.0.1/v1/sessions", "[::ffff:127.0.0.1]:7800"),
        ] {
            assert!(check(url, grant(address)).is_ok(), "{url} {address}");
        }
    }

    #[test]
    fn a_token_to_somebody_else_is_refused() {
        for (url, address) in [
            ("http://127.0.0.1:7777/v1/sessions", "192.0.2.1:53"),
            ("http://127.0.0.1:7777/v1/sessions", "127.0.0.2:7800"),
            ("http://[::1]:7777/v1/sessions", "127.0.0.1:7800"),
            ("http://https:7777/v1/sessions", "192.0.2.1:53"),
        ] {
            let error = check(url, grant(address)).expect_err("not its own");
            assert!(matches!(error, ConnectError::ForeignAddress { .. }) && !error.is_passing(), "{url} {address}");
        }
    }

    #[test]
    fn what_was_told_by_https_is_believed() {
        assert!(check("https://127.0.0.1/v1/sessions", grant("192.0.2.1:7800")).is_ok());
        assert!(check("HTTPS://127.0.0.1/v1/sessions", grant("192.0.2.1:7800")).is_ok());
    }
}
