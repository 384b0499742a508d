//! `POST /v1/sessions`: from the request body to a join request.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ErrorBody, RoomRequest, SessionBody, SessionGrant, SessionRefusal, SessionRequest, code, ws::Hidden},
    ids::RoomCode,
    protocol::messages::{NAME_BYTES_MAX, NAME_CHARS_MAX},
    text::{clean_name, is_printable},
};
use tokio::time::{Instant, timeout};

use super::{
    caller::Caller,
    connection::Peer,
    documented::Refusals,
    errors::error,
    limits::Act,
    queue::Ticket,
    requests::BodyWait,
    router::{Gateway, SESSIONS},
};
use crate::{
    address::AddressKey,
    identity::{Credentials, Known, TokenError},
    net::endpoint::ClientKind,
    ops::backend::{Backend, Refusal},
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// Largest size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 8192;
/// Time a client has to send a body.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);

/// The request body before validation: the room is optional, and its code may be invalid.
type ReceivedBody = SessionBody<SessionRequest<Option<RoomRequest<String>>>>;

/// Reserves a seat or a spectator's place, and grants a token to connect with.
///
/// The body has at most 8192 bytes and 5 s to arrive. With `resume` it asks for the seat of a lost connection, which needs no
/// token. While the server is full, the answer is 503 with a place in the queue (`queue`): ask again with its ticket, after
/// `ask_again_s`.
#[utoipa::path(
    post, path = SESSIONS, tag = "rooms", request_body = SessionBody,
    responses(
        (status = 200, description = "The place, for 5 s", body = SessionGrant),
        Refusals,
        (
            status = 401, body = ErrorBody,
            description = "`token_missing`, `token_malformed`, `token_unsigned`, `token_unknown_key`, `token_wrongly_signed`, \
                           `token_expired`, `token_not_yet_valid`, `token_foreign`: the server needs a token, and this is none \
                           of a player"
        ),
        (status = 403, description = "`foreign_origin`; `sent_away`: the host has sent the player away; `banned`: an operator has banned it", body = ErrorBody),
        (status = 404, description = "`no_such_room`, `no_such_seat`", body = ErrorBody),
        (status = 408, description = "`too_slow`: the body did not arrive within 5 s", body = ErrorBody),
        (status = 409, description = "`room_full`, `spectators_full`, `already_playing`", body = ErrorBody),
        (status = 413, description = "`too_large`: the body has more than 8192 bytes", body = ErrorBody),
        (status = 415, description = "`not_json`: the body is not declared as JSON", body = ErrorBody),
        (status = 426, description = "`mismatch`: the versions of client and server differ", body = ErrorBody),
        (
            status = 429, body = ErrorBody,
            description = "`busy`, `address_full`, `too_many_codes`: the caller's address has asked too often or has \
                           too much; `Retry-After` may say for how many seconds to wait"
        ),
        (
            status = 503, body = SessionRefusal,
            description = "`server_full`, `overloaded`, `busy`: with a place in the queue if there is one; `draining`, \
                           `switched_off`"
        )
    )
)]
pub(super) async fn open_session<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    Extension(Caller(address)): Extension<Caller>,
    body: Body,
) -> Response {
    let start = Instant::now();
    let body = read_body(body).await;
    let waited = Extension(BodyWait(start.elapsed()));
    let response = match body {
        Ok(body) => join(&gateway, peer, address, &body).await,
        Err(refusal) => refusal,
    };
    (waited, response).into_response()
}

/// Reads a body of at most 8192 bytes.
///
/// # Errors
/// With a refusal, when it is larger or does not arrive within 5 s.
pub(super) async fn read_body(body: Body) -> Result<Bytes, Response> {
    match timeout(BODY_TIME_MAX, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            Err(error(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, &message))
        }
        Err(_) => {
            Err(error(StatusCode::REQUEST_TIMEOUT, code::TOO_SLOW, "the body did not arrive within five seconds"))
        }
    }
}

async fn join<B: Backend>(gateway: &Gateway<B>, peer: Peer, address: AddressKey, body: &Bytes) -> Response {
    let asked = parse_join(body, address);
    let is_resume = asked.as_ref().is_ok_and(|asked| matches!(asked.request.target, JoinTarget::Resume(_)));
    if peer.is_for_resume && !is_resume {
        return gateway.crowded();
    }
    let has_place = asked.as_ref().is_ok_and(|asked| gateway.queue.knows(asked.ticket, &asked.request));
    let act = if is_resume || has_place { Act::Resume } else { Act::Join };
    if let Err(wait) = gateway.limits.spend(address, act, gateway.start.elapsed()) {
        return gateway.too_many("too many join requests from your address: try again in a moment", wait);
    }
    match asked {
        Ok(AskedJoin { request, token, ticket }) => {
            let request = match gateway.identify(request, token.as_ref()) {
                Ok(request) => request,
                Err(refusal) => return refusal.into_response(),
            };
            let granted = gateway.open_session(request, ticket).await;
            if granted.is_ok() && peer.is_readable && !address.is_loopback() {
                gateway.readable_token.call_once(|| {
                    tracing::warn!(
                        "a token went to {address} over HTTP without TLS, and everybody on the way could use it: set \
                         --tls-cert and --tls-key, or put a proxy with TLS in front and name it in `trusted_proxies`"
                    );
                });
            }
            match granted {
                // Its fields are in order, and a crowd waits for its answers.
                Ok(granted) => Json(granted.grant).into_response(),
                Err(unseated) => unseated.into_response(),
            }
        }
        Err(BadBody::NoSuchRoom(code)) => error(
            StatusCode::NOT_FOUND,
            code::NO_SUCH_ROOM,
            &format!("there is no room {code} that you can join: check the code, or use quick match"),
        ),
        // An invalid secret belongs to no player.
        Err(BadBody::NoSuchSeat) => Refusal::from(JoinError::NoSuchSeat).into_response(),
        Err(BadBody::Malformed(message)) => error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, &message),
    }
}

impl<B> Gateway<B> {
    /// The request of a player that is known. Whoever comes back has shown its token before, and now has the secret of its
    /// seat: a token that has expired meanwhile must not cost the seat.
    ///
    /// # Errors
    /// With the reason, when the token does not name a player.
    pub(super) fn identify(&self, request: JoinRequest, token: Option<&Hidden>) -> Result<JoinRequest, TokenError> {
        if matches!(request.target, JoinTarget::Resume(_)) {
            return Ok(request);
        }
        let credentials = Credentials { secret: request.secret, token: token.map(|token| token.0.as_str()) };
        let Known { secret, name } = self.identity.identify(credentials).inspect_err(|refusal| {
            tracing::debug!(player = request.name, reason = refusal.code(), "token refused");
        })?;
        Ok(JoinRequest { secret, name: name.unwrap_or(request.name), ..request })
    }
}

/// Why a request body is refused.
#[derive(Debug, PartialEq, Eq)]
enum BadBody {
    /// The body is invalid; with a sentence.
    Malformed(String),
    NoSuchRoom(String),
    NoSuchSeat,
}

/// What a body asks for.
#[derive(Debug, PartialEq, Eq)]
struct AskedJoin {
    request: JoinRequest,
    token: Option<Hidden>,
    /// One that cannot be read is none: its holder gets a new place.
    ticket: Option<Ticket>,
}

fn parse_join(body: &Bytes, caller: AddressKey) -> Result<AskedJoin, BadBody> {
    let ReceivedBody { request: body, token, ticket } = serde_json::from_slice(body).map_err(|error| {
        BadBody::Malformed(format!(
            "the body is invalid ({error}); an example: {{\"name\":\"Ada\",\"room\":{{\"quick\":{{}}}}}}"
        ))
    })?;
    let target = match (body.resume, body.room) {
        (Some(secret), _) => JoinTarget::Resume(secret.parse().map_err(|()| BadBody::NoSuchSeat)?),
        (None, Some(room)) => parse_target(room)?,
        (None, None) => return Err(BadBody::Malformed("the body names no room".to_owned())),
    };
    let name = parse_name(&body.name).map_err(BadBody::Malformed)?;
    // The backend looks it up.
    let rating = None;
    let request = JoinRequest {
        name,
        target,
        secret: body.player_secret,
        rating,
        hello: body.hello,
        caller,
        kind: ClientKind::Simulating,
    };
    Ok(AskedJoin { request, token, ticket: ticket.and_then(|ticket| ticket.parse().ok()) })
}

fn parse_target(room: RoomRequest<String>) -> Result<JoinTarget, BadBody> {
    // An invalid code belongs to no room.
    let parse_code = |code: String| code.parse::<RoomCode>().map_err(|_| BadBody::NoSuchRoom(printable(&code)));
    Ok(match room {
        RoomRequest::Quick {} => JoinTarget::Quick,
        RoomRequest::Create { size, private, practice, economy } => {
            JoinTarget::Create { size, private, practice, economy }
        }
        RoomRequest::Code(code) => JoinTarget::Code(parse_code(code)?),
        RoomRequest::Watch(code) => JoinTarget::Watch(parse_code(code)?),
    })
}

fn printable(text: &str) -> String {
    text.chars().take(16).filter(|letter| is_printable(letter.encode_utf8(&mut [0; 4]))).collect()
}

/// The name as others see it.
///
/// # Errors
/// With a sentence.
pub(super) fn parse_name(name: &str) -> Result<String, String> {
    clean_name(name).ok_or_else(|| {
        format!(
            "a name has 1 to {NAME_CHARS_MAX} visible characters, at most {NAME_BYTES_MAX} bytes, and no control characters"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn parse(body: &'static str) -> Result<JoinRequest, BadBody> {
        parse_join(&Bytes::from_static(body.as_bytes()), Ipv4Addr::LOCALHOST.into()).map(|asked| asked.request)
    }

    #[test]
    fn every_target_is_understood() {
        let target = |room| parse(room).expect("a good body").target;
        assert_eq!(target(r#"{"name":"Ada","room":{"quick":{}}}"#), JoinTarget::Quick);
        assert_eq!(
            target(r#"{"name":"Ada","room":{"create":{"size":4,"private":true}}}"#),
            JoinTarget::Create { size: 4, private: true, practice: false, economy: None }
        );
        assert_eq!(
            target(r#"{"name":"Ada","room":{"create":{"size":2,"economy":true}}}"#),
            JoinTarget::Create { size: 2, private: false, practice: false, economy: Some(true) }
        );
        let code = "K7QX".parse().expect("a code");
        assert_eq!(target(r#"{"name":"Ada","room":{"code":"k7qx"}}"#), JoinTarget::Code(code));
        assert_eq!(target(r#"{"name":"Ada","room":{"watch":"k7qx"}}"#), JoinTarget::Watch(code));
        let secret = "0123456789abcdef0123456789abcdef";
        let body = r#"{"name":"Ada","resume":"0123456789abcdef0123456789abcdef"}"#;
        assert_eq!(target(body), JoinTarget::Resume(secret.parse().expect("a secret")));
    }

    #[test]
    fn a_token_is_beside_the_request() {
        let token = |body: &'static str| {
            let parsed = parse_join(&Bytes::from_static(body.as_bytes()), Ipv4Addr::LOCALHOST.into());
            parsed.expect("a good body").token
        };
        assert_eq!(token(r#"{"name":"Ada","room":{"quick":{}},"token":"a.b.c"}"#), Some(Hidden("a.b.c".to_owned())));
        assert_eq!(token(r#"{"name":"Ada","room":{"quick":{}}}"#), None);
    }

    #[test]
    fn a_ticket_that_cannot_be_read_is_none() {
        let ticket = |text: &str| {
            let body = format!(r#"{{"name":"Ada","room":{{"quick":{{}}}},"ticket":"{text}"}}"#);
            parse_join(&Bytes::from(body), Ipv4Addr::LOCALHOST.into()).expect("a good body").ticket
        };
        let given = Ticket::random();
        assert_eq!(ticket(&given.reveal()), Some(given));
        assert_eq!(ticket("nope"), None);
    }

    #[test]
    fn a_bad_body_is_answered_with_a_sentence() {
        for body in ["", "{", "[]", r#"{"name":"Ada"}"#, r#"{"name":"Ada","room":{"create":{"size":-1}}}"#] {
            assert!(matches!(parse(body), Err(BadBody::Malformed(_))), "{body}");
        }
        assert!(matches!(parse(r#"{"name":" ","room":{"quick":{}}}"#), Err(BadBody::Malformed(_))));
        assert!(matches!(parse(r#"{"name":"a\nb","room":{"quick":{}}}"#), Err(BadBody::Malformed(_))));
        assert!(matches!(parse(r#"{"name":"\u200b\u202e","room":{"quick":{}}}"#), Err(BadBody::Malformed(_))));
        let named = parse(r#"{"name":"Zoe\u0308\u202e","room":{"quick":{}}}"#).expect("a good body");
        assert_eq!(named.name, "Zo\u{eb}");
        assert_eq!(parse(r#"{"name":"Ada","room":{"code":"nope!"}}"#), Err(BadBody::NoSuchRoom("nope!".into())));
        assert_eq!(parse(r#"{"name":"Ada","resume":"nope"}"#), Err(BadBody::NoSuchSeat));
        let secret = parse(r#"{"name":"Ada","room":{"quick":{}},"player_secret":"nope"}"#);
        assert!(matches!(secret, Err(BadBody::Malformed(sentence)) if sentence.contains("32 hexadecimal digits")));
    }
}
