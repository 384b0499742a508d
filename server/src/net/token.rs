//! Connect tokens, granted over HTTP. A client without one cannot open a connection.

use std::{net::SocketAddr, time::Duration};

use framehouse_shared::protocol::messages::NETCODE_PROTOCOL_ID;
use renetcode::ConnectToken;

use super::endpoint::ClientId;

/// Seconds for which a token, and the seat reserved with it, is valid. A client connects at once, so a longer time would
/// only help those who reserve seats and do not come.
pub(crate) const TOKEN_SECONDS: u64 = 5;

/// Key that encrypts the tokens. It is created at start, replaced now and then, and never leaves the process.
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

/// The keys of an endpoint's tokens. A new key takes the place of the old one now and then; a token that was made before is
/// taken until it expires. Whoever is connected has keys of its own, and does not notice.
pub(in crate::net) struct TokenKeys {
    newest: NetcodeKey,
    /// The key before, while tokens by it may be valid.
    previous: Option<NetcodeKey>,
    /// Number of the newest key.
    generation: u64,
    /// Second since 1970-01-01 UTC from which on tokens are made with the newest key.
    since_s: u64,
    interval: Duration,
}

impl TokenKeys {
    /// Keys that begin with this one and change after each interval, which is longer than a token is valid.
    pub fn new(first: NetcodeKey, interval: Duration, unix_now: Duration) -> Self {
        Self { newest: first, previous: None, generation: 0, since_s: unix_now.as_secs(), interval }
    }

    /// Makes a new key if it is time, and forgets the old one when its last token has expired.
    pub fn update(&mut self, unix_now: Duration) {
        let now_s = unix_now.as_secs();
        if now_s >= self.since_s + self.interval.as_secs() {
            self.previous = Some(std::mem::replace(&mut self.newest, NetcodeKey::random()));
            // A second has one key, because that is what tokens say.
            (self.generation, self.since_s) = (self.generation + 1, now_s + 1);
        } else if now_s >= self.since_s + TOKEN_SECONDS {
            self.previous = None;
        }
    }

    /// The key of tokens that are made in this second, and its number.
    pub fn at(&self, made_s: u64) -> (&NetcodeKey, u64) {
        match &self.previous {
            Some(previous) if made_s < self.since_s => (previous, self.generation - 1),
            _ => (&self.newest, self.generation),
        }
    }

    /// Whether tokens by the key with this number may still be valid.
    pub fn is_in_use(&self, generation: u64) -> bool {
        generation == self.generation || (self.previous.is_some() && generation + 1 == self.generation)
    }
}

/// What a connection request shows of its token before it is deciphered. Both are authentic if it can be deciphered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net) struct TokenMark {
    /// Second since 1970-01-01 UTC in which the token was made.
    pub made_s: u64,
    /// Authentication code of the sealed part, which no other token has.
    pub code: [u8; CODE_BYTES],
}

const CODE_BYTES: usize = 16;
/// Place of the second in which the token expires: behind prefix, version and protocol id.
const EXPIRY: std::ops::Range<usize> = 22..30;

impl TokenMark {
    /// Reads it from a connection request; `None` if it has not the length of one.
    pub fn of(request: &[u8]) -> Option<Self> {
        let expires_s = u64::from_le_bytes(request.get(EXPIRY)?.try_into().ok()?);
        Some(Self { made_s: expires_s.saturating_sub(TOKEN_SECONDS), code: *request.last_chunk()? })
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
