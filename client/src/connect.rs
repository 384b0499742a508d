//! Session requests over HTTP, before the first datagram.

mod proxy;
mod retry;
mod tls;
mod token;
mod udp_address;

use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    thread,
    time::Duration,
};

pub use framehouse_shared::api::{PlayerSecret, QueuePlace, RoomRequest, SessionGrant, SessionRequest};
use framehouse_shared::{
    api::{ErrorDetail, SessionBody, SessionRefusal, code::ALREADY_PLAYING},
    ids::RoomCode,
};
use serde::{Serialize, de::DeserializeOwned};
use ureq::http::{HeaderMap, header};

use proxy::proxy_for;
use retry::{Failure, Hint, Retry};
pub use tls::trust_authorities;
pub use token::use_tokens;

/// How long a new player waits, all pauses together, while the server says when to try again.
const NEW_PATIENCE: Duration = Duration::from_secs(60);
/// The same for a player that resumes a session. The caller tries again as long as the seat is kept.
const RESUME_PATIENCE: Duration = Duration::from_secs(5);
/// The same for files.
const FILE_PATIENCE: Duration = Duration::from_secs(30);
/// How often a pause looks whether the answer is still wanted.
const PAUSE_STEP: Duration = Duration::from_millis(50);
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
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // The word that the player has left the last room may still be on its way.
            Self::Refused { status, code, .. } => *status == 429 || *status >= 500 || code == ALREADY_PLAYING,
            Self::ForeignAddress { .. } | Self::NotUnderstood { .. } => false,
        }
    }

    /// The error code of the server's answer, if it refused.
    pub fn code(&self) -> Option<&str> {
        if let Self::Refused { code, .. } = self { Some(code) } else { None }
    }
}

/// Requests a session from a server. While the server says when to try again, or has a place in its queue, it waits up to
/// 60 s; so call it from a separate thread.
///
/// # Errors
/// When no server was reached in several attempts, or it refused for a reason that will not pass, or not so soon.
pub fn request_session(server_url: &str, request: &SessionRequest) -> Result<SessionGrant, ConnectError> {
    request_session_while(server_url, request, || true)
}

/// Like [`request_session`], but makes no more attempts when `is_wanted` says that the answer is not wanted any more.
///
/// # Errors
/// Like [`request_session`]; the error of the last attempt when the answer is not wanted any more.
pub fn request_session_while(
    server_url: &str,
    request: &SessionRequest,
    is_wanted: impl Fn() -> bool,
) -> Result<SessionGrant, ConnectError> {
    ask_for_session(server_url, request, attempts(patience(request)), is_wanted, |_| {})
}

/// Like [`request_session_while`], but waits in the queue of a full server until there is a seat. `on_place` gets each
/// place.
///
/// # Errors
/// Like [`request_session_while`].
pub fn request_session_in_queue(
    server_url: &str,
    request: &SessionRequest,
    is_wanted: impl Fn() -> bool,
    on_place: impl FnMut(&QueuePlace),
) -> Result<SessionGrant, ConnectError> {
    ask_for_session(server_url, request, attempts(patience(request)).staying_in_queue(), is_wanted, on_place)
}

const fn patience(request: &SessionRequest) -> Duration {
    if request.resume.is_some() { RESUME_PATIENCE } else { NEW_PATIENCE }
}

/// Asks for a session, with the ticket of the last place.
fn ask_for_session(
    server_url: &str,
    request: &SessionRequest,
    attempts: Retry,
    is_wanted: impl Fn() -> bool,
    mut on_place: impl FnMut(&QueuePlace),
) -> Result<SessionGrant, ConnectError> {
    let url = url_of(server_url, "/v1/sessions");
    tls::warn_if_readable(&url);
    let agent = agent(&url, TRY_TIME_MAX);
    // Whoever comes back has the secret of its seat.
    let token = if request.resume.is_some() { None } else { token::next() };
    let mut body = SessionBody { request, token, ticket: None };
    let grant = with_retries(attempts, is_wanted, || {
        let answer = post(&agent, &url, &body);
        if let Err(Failure { place: Some(place), .. }) = &answer {
            on_place(place);
            body.ticket = Some(place.ticket.clone());
        }
        answer
    })?;
    udp_address::check(&url, grant)
}

/// The attempts of a request, at other times than those of other clients.
fn attempts(patience: Duration) -> Retry {
    Retry::new(patience, RandomState::new().hash_one(()))
}

/// Reads a JSON resource of a server; one attempt, because lists are requested again anyway.
pub(crate) fn get_json<T: DeserializeOwned>(server_url: &str, path: &str) -> Result<T, ConnectError> {
    let url = url_of(server_url, path);
    let body = get(&agent(&url, TRY_TIME_MAX), &url, ANSWER_BYTES_MAX).map_err(|failure| failure.error)?;
    read_json(&url, &body)
}

/// Sends a request and reads the answer; one attempt.
pub(crate) fn post_json<T: DeserializeOwned>(
    server_url: &str,
    path: &str,
    request: &impl Serialize,
) -> Result<T, ConnectError> {
    let url = url_of(server_url, path);
    tls::warn_if_readable(&url);
    post(&agent(&url, TRY_TIME_MAX), &url, request).map_err(|failure| failure.error)
}

/// Reads a file of at most `bytes_max` bytes from a server. Waits up to 30 s while the server says when to try again.
pub(crate) fn get_bytes(server_url: &str, path: &str, bytes_max: u64) -> Result<Vec<u8>, ConnectError> {
    let url = url_of(server_url, path);
    let agent = agent(&url, FILE_TIME_MAX);
    with_retries(attempts(FILE_PATIENCE), || true, || get(&agent, &url, bytes_max))
}

/// Makes attempts until one succeeds or [`Retry`] has had enough.
fn with_retries<T>(
    mut retry: Retry,
    is_wanted: impl Fn() -> bool,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, ConnectError> {
    loop {
        let failure = match attempt() {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let Some(mut left) = retry.pause_after(&failure) else { return Err(failure.error) };
        while !left.is_zero() {
            if !is_wanted() {
                return Err(failure.error);
            }
            let step = left.min(PAUSE_STEP);
            thread::sleep(step);
            left -= step;
        }
    }
}

fn get(agent: &ureq::Agent, url: &str, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let unreachable = |error| unreachable(url, &error);
    let mut response = agent.get(url).call().map_err(unreachable)?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    let body = response.body_mut().with_config().limit(bytes_max).read_to_vec().map_err(unreachable)?;
    if status == 200 { Ok(body) } else { Err(refusal(url, status, &body, retry_after)) }
}

fn agent(url: &str, time_max: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(time_max));
    config.http_status_as_error(false).max_redirects(0).tls_config(tls::config()).proxy(proxy_for(url)).build().into()
}

/// The link with which anybody watches or plays a room in a browser.
pub fn room_link(server_url: &str, code: RoomCode) -> String {
    url_of(server_url, &format!("/r/{code}"))
}

fn url_of(server_url: &str, path: &str) -> String {
    let server = server_url.trim().trim_end_matches('/');
    let scheme = if server.contains("://") { "" } else { "http://" };
    format!("{scheme}{server}{path}")
}

fn post<T: DeserializeOwned>(agent: &ureq::Agent, url: &str, request: &impl Serialize) -> Result<T, Failure> {
    let unreachable = |error| unreachable(url, &error);
    let mut response = agent.post(url).send_json(request).map_err(unreachable)?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(unreachable)?;
    if status == 200 {
        read_json(url, &body).map_err(|error| Failure::new(error, Hint::None))
    } else {
        Err(refusal(url, status, &body, retry_after))
    }
}

fn unreachable(url: &str, error: &ureq::Error) -> Failure {
    let is_nobody_there = match error {
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            true
        }
        _ => false,
    };
    let hint = if is_nobody_there { Hint::None } else { Hint::Cut };
    let cause = format!("{error}{}", proxy::named(proxy_for(url).as_ref()));
    Failure::new(ConnectError::Unreachable { url: url.to_owned(), cause }, hint)
}

/// The seconds of `Retry-After`. A date is not understood: no clock of this program is compared with a server's.
fn retry_after(headers: &HeaderMap) -> Hint {
    let value = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|seconds| seconds.trim().parse().ok());
    seconds.map_or(Hint::None, |seconds| Hint::After(Duration::from_secs(seconds)))
}

fn read_json<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, ConnectError> {
    serde_json::from_slice(body)
        .map_err(|error| ConnectError::NotUnderstood { url: url.to_owned(), what: error.to_string() })
}

fn refusal(url: &str, status: u16, body: &[u8], hint: Hint) -> Failure {
    match serde_json::from_slice(body) {
        Ok(SessionRefusal { error: ErrorDetail { code, message }, queue }) => {
            Failure { error: ConnectError::Refused { status, code, message }, hint, place: queue.map(Box::new) }
        }
        // A proxy's page, or not our server at all.
        Err(_) => {
            let message = format!(
                "The server at {url} answered only \"HTTP status {status}\"{}: check the address.",
                proxy::named(proxy_for(url).as_ref())
            );
            Failure::new(ConnectError::Refused { status, code: "http".to_owned(), message }, hint)
        }
    }
}

#[cfg(test)]
mod tests;
