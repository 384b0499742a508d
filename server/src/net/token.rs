//! Connect tokens: the proof, made over HTTP, that a datagram's sender may be here.

use std::{net::SocketAddr, time::Duration};

use framehouse_shared::protocol::control::NETCODE_PROTOCOL_ID;
use renetcode::ConnectToken;

use super::endpoint::ClientId;

/// Seconds a token, and the seat that was reserved with it, stays good.
pub(crate) const TOKEN_SECONDS: u64 = 10;

/// The secret that tokens are sealed with. Made at start; it leaves the process only inside them.
#[derive(Clone)]
pub struct NetcodeKey(pub [u8; 32]);

impl NetcodeKey {
    /// A new key from the operating system's random numbers.
    pub(in crate::net) fn random() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        Self(key)
    }
}

/// Makes a token for one session at one address, as the bytes a client connects with. `unix_now` counts from 1970, and
/// after `connection_timeout` seconds of silence either end takes the connection for lost.
pub(in crate::net) fn make_token(
    key: &NetcodeKey,
    client: ClientId,
    server: SocketAddr,
    connection_timeout: u32,
    unix_now: Duration,
) -> Vec<u8> {
    let token = ConnectToken::generate(
        unix_now,
        NETCODE_PROTOCOL_ID,
        TOKEN_SECONDS,
        client,
        connection_timeout as i32,
        vec![server],
        None,
        &key.0,
    )
    .expect("a token for one address can always be sealed");
    let mut bytes = Vec::with_capacity(2048);
    token.write(&mut bytes).expect("a Vec takes any bytes");
    bytes
}
