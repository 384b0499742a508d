//! Getting a session over HTTP, before the first datagram.

use std::{thread, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use framehouse_shared::{ids::RoomCode, protocol::control::Hello};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::rejoin::SEAT_KEPT;

/// How often a request is tried.
const TRIES: u32 = 3;
/// The pause after the first try; after the second it is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long one try may take in all.
const TRY_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a file may take: as long as a server's connections last.
const FILE_TIME_MAX: Duration = Duration::from_secs(60);
/// The longest time that a server is believed to keep a seat, in seconds.
const GRACE_S_MAX: f64 = 3600.0;
/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What a player asks for.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRequest {
    /// The player's name.
    pub name: String,
    /// Which room.
    pub room: RoomRequest,
    /// The [`resume`](SessionGrant::resume) of a lost session whose player, seat and score are to be had again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// What this client is, so that a wrong version is told before anything else.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "hello_as_json")]
    pub hello: Option<Hello>,
}

/// Which room a player wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRequest {
    /// Any public room with a free seat, or a new one.
    Quick {},
    /// A new room.
    Create {
        /// How many seats.
        size: u8,
        /// Whether only its code leads into it.
        private: bool,
        /// Whether one player alone can start a match.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        practice: bool,
    },
    /// A seat in the room with this code.
    Code(RoomCode),
    /// The room with this code, to watch without a seat.
    Watch(RoomCode),
}

/// A seat, or a place to watch from, held for a few seconds; and the key to it.
#[derive(Clone, Debug)]
pub struct SessionGrant {
    /// netcode's connect token.
    pub token: Vec<u8>,
    /// The session's id.
    pub session: String,
    /// What to send as [`SessionRequest::resume`] after a lost connection: a secret.
    pub resume: String,
    /// Where the game server is, as `host:port`.
    pub server: String,
    /// Ticks a second.
    pub tick_rate: u16,
    /// The server's protocol hash, 16 hex digits.
    pub protocol: String,
    /// The room's code.
    pub code: RoomCode,
    /// How long a lost session's seat is kept, 1 s to an hour.
    pub seat_kept: Duration,
}

/// Why there is no session: one sentence for the player.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered.
    #[error("The server was not reached at {url} ({cause}): is it running, and is the address right?")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// The server said no.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's code for the reason.
        code: String,
        /// The server's own sentence.
        message: String,
    },
    /// Something answered that is not a Framehouse server of this version.
    #[error("What answers at {url} is not a Framehouse server of this version ({what}): check the address.")]
    NotUnderstood {
        /// Where it was.
        url: String,
        /// What was wrong with the answer.
        what: String,
    },
}

impl ConnectError {
    /// Whether the same request can succeed a moment later. It cannot when a lost session's seat is gone.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::NotUnderstood { .. } => false,
        }
    }

    /// Why the server refused, in its own word for programs.
    pub fn code(&self) -> Option<&str> {
        if let Self::Refused { code, .. } = self { Some(code) } else { None }
    }
}

/// Asks a server for a session; blocks for up to some 15 s, so call it from a thread of its own.
///
/// # Errors
/// When three tries failed, or the server refused for a reason that will not pass.
pub fn request_session(server_url: &str, request: &SessionRequest) -> Result<SessionGrant, ConnectError> {
    let url = url_of(server_url, "/v1/sessions");
    let agent = agent(TRY_TIME_MAX);
    let mut attempt = 1;
    loop {
        match try_once(&agent, &url, request) {
            Err(error) if error.is_passing() && attempt < TRIES => thread::sleep(RETRY_PAUSE * attempt),
            outcome => return outcome,
        }
        attempt += 1;
    }
}

/// Reads one of a server's pages; tries once.
pub(crate) fn get_json<T: DeserializeOwned>(server_url: &str, path: &str) -> Result<T, ConnectError> {
    let body = get(&agent(TRY_TIME_MAX), server_url, path, ANSWER_BYTES_MAX)?;
    let url = url_of(server_url, path);
    serde_json::from_slice(&body).map_err(|error| ConnectError::NotUnderstood { url, what: error.to_string() })
}

/// Reads a file of a server's of at most so many bytes; tries once.
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
    read_answer(url, status, &body)
}

fn read_answer(url: &str, status: u16, body: &[u8]) -> Result<SessionGrant, ConnectError> {
    let not_understood = |what: String| ConnectError::NotUnderstood { url: url.to_owned(), what };
    if status == 200 {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| not_understood(error.to_string()))?;
        return answer.into_grant().map_err(not_understood);
    }
    Err(refusal(url, status, body))
}

fn refusal(url: &str, status: u16, body: &[u8]) -> ConnectError {
    match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { error }) => ConnectError::Refused { status, code: error.code, message: error.message },
        // A proxy's page, or not our server at all.
        Err(_) => ConnectError::Refused {
            status,
            code: "http".to_owned(),
            message: format!("What answers at {url} said only \"HTTP status {status}\": check the address."),
        },
    }
}

#[derive(Deserialize)]
struct Answer {
    token: String,
    session: String,
    resume: String,
    server: String,
    tick_rate: u16,
    protocol: String,
    code: RoomCode,
    grace_s: Option<f64>,
}

impl Answer {
    fn into_grant(self) -> Result<SessionGrant, String> {
        let Self { token, session, resume, server, tick_rate, protocol, code, grace_s } = self;
        let token = BASE64.decode(token).map_err(|_| "its token is not base64".to_owned())?;
        let seat_kept = grace_s.map_or(SEAT_KEPT, |seconds| Duration::from_secs_f64(seconds.clamp(1.0, GRACE_S_MAX)));
        Ok(SessionGrant { token, session, resume, server, tick_rate, protocol, code, seat_kept })
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalDetail,
}

#[derive(Deserialize)]
struct RefusalDetail {
    code: String,
    message: String,
}

/// 64-bit numbers go as hex digits: JSON's numbers hold 53 bits.
fn hello_as_json<S: serde::Serializer>(hello: &Option<Hello>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct HelloJson<'a> {
        protocol: String,
        game: &'a str,
        rules_version: u32,
        components: &'a [String],
        fingerprint: String,
    }
    hello
        .as_ref()
        .map(|hello| HelloJson {
            protocol: format!("{:016x}", hello.protocol),
            game: &hello.game,
            rules_version: hello.rules_version,
            components: &hello.components,
            fingerprint: format!("{:016x}", hello.fingerprint),
        })
        .serialize(serializer)
}

#[cfg(test)]
mod tests;
