//! `POST /v1/admin/{call}` for operators, and `POST /v1/reports` for players.

use std::sync::Arc;

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use framehouse_shared::{
    api::{AdminAnswer, AdminCall, ErrorBody, ReportRequest, ReportTaken, code},
    ids::RoomCode,
};
use serde_json::Value;

use super::{
    asking::{Asking, Refused, room_of},
    caller::Caller,
    documented::Refusals,
    errors::{busy, error},
    limits::Act,
    router::{Gateway, json},
    sessions::read_body,
};
use crate::ops::{
    admin::{AdminRefusal, Desk},
    backend::Backend,
};

/// How a caller shows the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `Bearer TOKEN`, of programs.
    Bearer,
    /// `Basic`, of a browser that has asked for name and password: the password is the token.
    Basic,
}

impl Scheme {
    /// The token in the header `Authorization`; `None` without such a header.
    fn token(self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        match self {
            Self::Bearer => (scheme == "Bearer").then(|| given.as_bytes().to_vec()),
            Self::Basic if scheme == "Basic" => {
                let pair = BASE64_STANDARD.decode(given.trim()).ok()?;
                let colon = pair.iter().position(|byte| *byte == b':')?;
                Some(pair[colon + 1..].to_vec())
            }
            Self::Basic => None,
        }
    }

    const fn challenge(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Basic => "Basic realm=\"Framehouse: the password is the token in admin.token\"",
        }
    }
}

impl<B: Backend> Gateway<B> {
    /// The desk, for a caller that knows the token.
    pub(super) fn admit(&self, asking: &Asking, scheme: Scheme) -> Result<&Desk, Refused> {
        let Some(desk) = &self.desk else {
            return Err(error(StatusCode::NOT_FOUND, code::NOT_FOUND, "this server has no admin API").into());
        };
        let caller = asking.caller;
        if asking.peer.is_readable && !asking.is_local() {
            let message = "everybody on the way could read the token: ask over HTTPS, or on this machine";
            return Err(error(StatusCode::FORBIDDEN, code::UNAUTHORIZED, message).into());
        }
        let refused = || {
            let message = "this needs the token in admin.token of the data folder, as Authorization: Bearer TOKEN";
            let refused = error(StatusCode::UNAUTHORIZED, code::UNAUTHORIZED, message);
            Refused::from(([(header::WWW_AUTHENTICATE, scheme.challenge())], refused).into_response())
        };
        let token = scheme.token(&asking.headers).ok_or_else(refused)?;
        match desk.knows(&token, caller, self.start.elapsed()) {
            Ok(true) => Ok(desk),
            Ok(false) => {
                tracing::warn!(%caller, "a wrong admin token was tried");
                Err(refused())
            }
            Err(wait) => Err(busy("a wrong token was tried just now: try again in a second", wait).into()),
        }
    }
}

impl IntoResponse for AdminRefusal {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Bad(_) => (StatusCode::BAD_REQUEST, code::BAD_REQUEST),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, code::NOT_FOUND),
            Self::Conflict(_) => (StatusCode::CONFLICT, code::CONFLICT),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, code::BUSY),
            Self::NotAudited(_) => (StatusCode::INTERNAL_SERVER_ERROR, code::NOT_AUDITED),
        };
        let refused = error(status, code, &self.to_string());
        match self {
            Self::Busy => super::errors::with_retry_after(refused, std::time::Duration::from_secs(1)),
            _ => refused,
        }
    }
}

/// Carries out a call of an operator.
///
/// The path names the call, and the body has its fields without `call`. Every call is a line in `audit.jsonl`.
#[utoipa::path(
    post, path = "/v1/admin/{call}", tag = "admin", request_body = AdminCall,
    params(("call" = String, Path, description = "Name of the call, as `call` in its fields")),
    security(("admin_token" = [])),
    responses(
        (status = 200, description = "What was done, or what was asked for", body = AdminAnswer),
        Refusals,
        (status = 400, description = "`bad_request`: there is no such call, or a value cannot be used", body = ErrorBody),
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: there is no such room, player or match, or no admin API", body = ErrorBody),
        (status = 408, description = "`too_slow`: the body did not arrive within 5 s", body = ErrorBody),
        (status = 409, description = "`conflict`: the state does not allow it", body = ErrorBody),
        (status = 413, description = "`too_large`: the body has more than 8192 bytes", body = ErrorBody),
        (status = 415, description = "`not_json`: the body is not declared as JSON", body = ErrorBody),
        (status = 500, description = "`not_audited`: nothing was done, because it could not be audited", body = ErrorBody)
    )
)]
pub(super) async fn call_admin<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    asking: Asking,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Refused> {
    let desk = gateway.admit(&asking, Scheme::Bearer)?.clone();
    let body = read_body(body).await?;
    let call =
        parse_call(name, &body).map_err(|sentence| error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, &sentence))?;
    Ok(json(desk.carry_out(asking.caller, call).await?))
}

fn parse_call(name: String, body: &Bytes) -> Result<AdminCall, String> {
    let fields = if body.is_empty() { Ok(Value::Object(serde_json::Map::new())) } else { serde_json::from_slice(body) };
    let Ok(Value::Object(mut fields)) = fields else { return Err("the body is no JSON object".to_owned()) };
    fields.insert("call".to_owned(), Value::String(name));
    serde_json::from_value(Value::Object(fields)).map_err(|error| format!("this is no call: {error}"))
}

/// The replay of a room's running match, as far as it has come.
#[utoipa::path(
    get, path = "/v1/admin/rooms/{code}/replay", tag = "admin",
    params(("code" = RoomCode, Path, description = "Code of the room")),
    security(("admin_token" = [])),
    responses(
        (status = 200, description = "The replay file", content_type = "application/octet-stream", body = [u8]),
        Refusals,
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: there is no such room, no recorded match in it, or no admin API", body = ErrorBody),
        (status = 500, description = "`not_audited`: nothing was done, because it could not be audited", body = ErrorBody)
    )
)]
pub(super) async fn send_room_replay<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    asking: Asking,
    Path(name): Path<String>,
) -> Result<Response, Refused> {
    let desk = gateway.admit(&asking, Scheme::Bearer)?.clone();
    let replay = desk.copy_replay(asking.caller, room_of(&name)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], replay).into_response())
}

/// Reports a player in the same room to the operators of this server.
///
/// The secret of the reporting player's session is its proof. A player may report five times in an hour.
#[utoipa::path(
    post, path = "/v1/reports", tag = "rooms", request_body = ReportRequest,
    responses(
        (status = 200, description = "The report is kept", body = ReportTaken),
        Refusals,
        (status = 404, description = "`not_found`: the secret is of nobody with a seat, or nobody else is in the named seat", body = ErrorBody),
        (status = 408, description = "`too_slow`: the body did not arrive within 5 s", body = ErrorBody),
        (status = 409, description = "`conflict`: too many reports of this player, or they cannot be written", body = ErrorBody),
        (status = 413, description = "`too_large`: the body has more than 8192 bytes", body = ErrorBody),
        (status = 415, description = "`not_json`: the body is not declared as JSON", body = ErrorBody)
    )
)]
pub(super) async fn take_report<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(Caller(caller)): Extension<Caller>,
    body: Body,
) -> Result<Response, Refused> {
    // A secret could be guessed, as with a join.
    if let Err(wait) = gateway.limits.spend(caller, Act::Join, gateway.start.elapsed()) {
        return Err(gateway.too_many("too many requests from your address: try again in a moment", wait).into());
    }
    let body = read_body(body).await?;
    let request: ReportRequest = serde_json::from_slice(&body).map_err(|wrong| {
        let message = format!("the body is invalid ({wrong}): it has `resume`, `slot` and `text`");
        error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, &message)
    })?;
    let report = match gateway.desk.clone() {
        Some(desk) => desk.take_report(request).await?,
        None => gateway.backend.pass_report(request).await?,
    };
    Ok(json(ReportTaken { report }))
}

#[cfg(test)]
mod tests {
    use framehouse_shared::ids::AccountId;

    use super::*;

    #[test]
    fn the_token_is_a_bearers_or_a_browsers_password() {
        let with = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("printable"))]);
        // Any name before the colon.
        let basic = format!("Basic {}", BASE64_STANDARD.encode("ada:se:cret"));
        assert_eq!(Scheme::Basic.token(&with(&basic)), Some(b"se:cret".to_vec()));
        assert_eq!(Scheme::Bearer.token(&with("Bearer secret")), Some(b"secret".to_vec()));
        assert_eq!((Scheme::Bearer.token(&with(&basic)), Scheme::Basic.token(&with("Bearer secret"))), (None, None));
        for wrong in ["Basic %", "Basic c2VjcmV0", "secret", ""] {
            assert_eq!(Scheme::Basic.token(&with(wrong)), None, "{wrong}");
        }
        assert_eq!(Scheme::Basic.token(&HeaderMap::new()), None);
    }

    #[test]
    fn a_call_is_its_path_and_the_fields_of_its_body() {
        let parse = |name: &str, body: &str| parse_call(name.to_owned(), &Bytes::copy_from_slice(body.as_bytes()));
        let kick = format!(r#"{{"player":"{:032x}"}}"#, 7);
        assert_eq!(parse("kick", &kick), Ok(AdminCall::Kick { player: AccountId(7) }));
        assert_eq!(parse("reload", ""), Ok(AdminCall::Reload {}));
        assert_eq!(parse("reload", r#"{"call":"drain"}"#), Ok(AdminCall::Reload {}), "the path decides");
        for (name, body) in [("kick", "{}"), ("reboot", ""), ("reload", "[]"), ("reload", "{")] {
            assert!(parse(name, body).is_err(), "{name} {body}");
        }
    }
}
