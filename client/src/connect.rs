//! Session requests over HTTP, before the first datagram.

mod udp_address;

use std::{net::SocketAddr, thread, time::Duration};

use framehouse_shared::api::ErrorBody;
pub use framehouse_shared::api::{RoomRequest, SessionGrant, SessionRequest};
use serde::de::DeserializeOwned;

/// Maximum number of attempts of one request.
const TRIES: u32 = 3;
/// The pause after the first try; after the second it is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// The longest duration of one attempt.
const TRY_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest duration of a file transfer: as long as a server keeps a connection open.
const FILE_TIME_MAX: Duration = Duration::from_secs(60);
/// Maximum number of bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Error of a request to a server, as one sentence for the player.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No server answered.
    #[error("The server was not reached at {url} ({cause}): is it running, and is the address right?")]
    Unreachable {
        /// The requested address.
        url: String,
        /// The system's error message.
        cause: String,
    },
    /// The server refused.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error code of the server's answer.
        code: String,
        /// The server's sentence for people.
        message: String,
    },
    /// The server wants UDP to be sent to an address that is not its own, and said so without encryption.
    #[error(
        "The server at {url} sends players to {address}, which is not its own address: ask for its https:// address."
    )]
    ForeignAddress {
        /// The requested address.
        url: String,
        /// The address in the connect token.
        address: SocketAddr,
    },
    /// The answer is not that of a Framehouse server of this version.
    #[error("The server at {url} is not a Framehouse server of this version ({what}): check the address.")]
    NotUnderstood {
        /// The requested address.
        url: String,
        /// The fault in the answer.
        what: String,
    },
}

impl ConnectError {
    /// Whether the same request may succeed a moment later. It cannot when a lost session's seat is gone.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::ForeignAddress { .. } | Self::NotUnderstood { .. } => false,
        }
    }

    /// The error code of the server's answer, if it refused.
    pub fn code(&self) -> Option<&str> {
        if let Self::Refused { code, .. } = self { Some(code) } else { None }
    }
}

/// Requests a session from a server. Blocks for up to about 15 s, so call it from a separate thread.
///
/// # Errors
/// When three attempts failed, or the server refused for a reason that will not pass.
pub fn request_session(server_url: &str, request: &SessionRequest) -> Result<SessionGrant, ConnectError> {
    let url = url_of(server_url, "/v1/sessions");
    let agent = agent(TRY_TIME_MAX);
    let mut attempt = 1;
    loop {
        match try_once(&agent, &url, request) {
            Err(error) if error.is_passing() && attempt < TRIES => thread::sleep(RETRY_PAUSE * attempt),
            outcome => return outcome.and_then(|grant| udp_address::check(&url, grant)),
        }
        attempt += 1;
    }
}

/// Reads a JSON resource of a server; one attempt.
pub(crate) fn get_json<T: DeserializeOwned>(server_url: &str, path: &str) -> Result<T, ConnectError> {
    let body = get(&agent(TRY_TIME_MAX), server_url, path, ANSWER_BYTES_MAX)?;
    read_json(&url_of(server_url, path), &body)
}

/// Reads a file of at most `bytes_max` bytes from a server; one attempt.
pub(crate) fn get_bytes(server_url: &str, path: &str, bytes_max: u64) -> Result<Vec<u8>, ConnectError> {
    get(&agent(FILE_TIME_MAX), server_url, path, bytes_max)
}

fn get(agent: &ureq::Agent, server_url: &str, path: &str, bytes_max: u64) -> Result<Vec<u8>, ConnectError> {
    let url = url_of(server_url, path);
    let unreachable = |error: ureq::Error| ConnectError::Unreachable { url: url.clone(), cause: error.to_string() };
    let mut response = agent.get(&url).call().map_err(unreachable)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(bytes_max).read_to_vec().map_err(unreachable)?;
    if status == 200 { Ok(body) } else { Err(refusal(&url, status, &body)) }
}

fn agent(time_max: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(time_max));
    config.http_status_as_error(false).max_redirects(0).build().into()
}

fn url_of(server_url: &str, path: &str) -> String {
    let server = server_url.trim().trim_end_matches('/');
    let scheme = if server.contains("://") { "" } else { "http://" };
    format!("{scheme}{server}{path}")
}

fn try_once(agent: &ureq::Agent, url: &str, request: &SessionRequest) -> Result<SessionGrant, ConnectError> {
    let unreachable = |error: ureq::Error| ConnectError::Unreachable { url: url.to_owned(), cause: error.to_string() };
    let mut response = agent.post(url).send_json(request).map_err(unreachable)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(unreachable)?;
    if status == 200 { read_json(url, &body) } else { Err(refusal(url, status, &body)) }
}

fn read_json<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, ConnectError> {
    serde_json::from_slice(body)
        .map_err(|error| ConnectError::NotUnderstood { url: url.to_owned(), what: error.to_string() })
}

fn refusal(url: &str, status: u16, body: &[u8]) -> ConnectError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error }) => ConnectError::Refused { status, code: error.code, message: error.message },
        // A proxy's page, or not our server at all.
        Err(_) => ConnectError::Refused {
            status,
            code: "http".to_owned(),
            message: format!("The server at {url} answered only \"HTTP status {status}\": check the address."),
        },
    }
}

#[cfg(test)]
mod tests;
