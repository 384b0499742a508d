//! Connect tokens, granted over HTTP. A client without one cannot open a connection.

use std::{net::SocketAddr, time::Duration};

use framehouse_shared::protocol::messages::NETCODE_PROTOCOL_ID;
use renetcode::ConnectToken;

use super::endpoint::ClientId;

/// Seconds for which a token, and the seat reserved with it, is valid. A client connects at once, so a longer time would
/// only help those who reserve seats and do not come.
pub(crate) const TOKEN_SECONDS: u64 = 5;

/// Key that encrypts the tokens. It is created at start and never leaves the process.
#[derive(Clone)]
pub struct NetcodeKey(pub [u8; 32]);

impl NetcodeKey {
    /// A new key, from the operating system's random numbers.
    pub(in crate::net) fn random() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        Self(key)
    }
}

/// Makes the token of one session. Its sealed part has the first address, by which the server knows that the token is its
/// own; the client connects to the second one. `unix_now` is the time since 1970-01-01 UTC. After `connection_timeout_s`
/// seconds of silence both ends treat the connection as lost.
pub(in crate::net) fn make_token(
    key: &NetcodeKey,
    client: ClientId,
    (sealed, server): (SocketAddr, SocketAddr),
    connection_timeout_s: u32,
    unix_now: Duration,
) -> Vec<u8> {
    let mut token = ConnectToken::generate(
        unix_now,
        NETCODE_PROTOCOL_ID,
        TOKEN_SECONDS,
        client,
        connection_timeout_s as i32,
        vec![sealed],
        None,
        &key.0,
    )
    .expect("a token for one address can always be sealed");
    token.server_addresses[0] = Some(server);
    let mut bytes = Vec::with_capacity(2048);
    token.write(&mut bytes).expect("a Vec takes any bytes");
    bytes
}
