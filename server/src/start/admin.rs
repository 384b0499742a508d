//! `framehouse-server admin`: calls the admin API of a running server.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use framehouse_shared::api::{AdminAnswer, AdminCall, ErrorBody};
use rustls::crypto::ring;
use ureq::{
    Agent, Body,
    http::{Response, Uri},
    tls::{RootCerts, TlsConfig},
};

use super::{health::reachable, print::print};
use crate::{
    config::{AdminAction, Settings},
    ops::admin::TOKEN_FILE_NAME,
};

/// Longest wait for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// Largest answer, in bytes. A replay may be that large.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Sends a call and prints the answer.
///
/// # Errors
/// With a sentence, when the server refuses it or does not answer.
pub(super) fn run(
    action: &AdminAction,
    server: Option<&str>,
    token_file: Option<&Path>,
    settings: &Settings,
) -> Result<(), String> {
    let file = token_file.map_or_else(|| settings.server.data_dir.join(TOKEN_FILE_NAME), PathBuf::from);
    let token = fs::read_to_string(&file)
        .map_err(|error| format!("cannot read the token in {}: {error}; name it with --token-file", file.display()))?;
    let scheme = if settings.http.tls_cert.is_some() { "https" } else { "http" };
    let own = || format!("{scheme}://{}", reachable(settings.server.http));
    let url = server.map_or_else(own, |url| url.trim_end_matches('/').to_owned());
    check_url(&url)?;
    let server = Server { url, authorization: format!("Bearer {}", token.trim()) };
    match call_of(action)? {
        Asked::Call(call) => print(match server.call(&call)? {
            AdminAnswer::Done(sentence) => format!("{sentence}\n"),
            answer => format!("{}\n", serde_json::to_string_pretty(&answer).expect("text and numbers")),
        }),
        Asked::Replay { path, file } => {
            let replay = server.download(&path)?;
            fs::write(file, replay).map_err(|error| format!("cannot write {}: {error}", file.display()))
        }
    }
}

/// The token is sent to this machine, or over HTTPS.
fn check_url(url: &str) -> Result<(), String> {
    let parsed = url.parse::<Uri>().ok();
    let host = parsed.as_ref().and_then(Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match parsed.as_ref().and_then(Uri::scheme_str) {
        Some("https") => Ok(()),
        Some("http") if is_loopback => Ok(()),
        Some("http") => {
            Err(format!("everybody on the way to {url} could read the token: use https://, or this machine"))
        }
        _ => Err(format!("--server takes a URL as https://play.example.org, not {url}")),
    }
}

/// What the server is asked for.
enum Asked<'a> {
    Call(AdminCall),
    Replay { path: String, file: &'a Path },
}

fn call_of(action: &AdminAction) -> Result<Asked<'_>, String> {
    Ok(Asked::Call(match action {
        AdminAction::Players { search } => AdminCall::Players { search: search.clone() },
        AdminAction::Match { id } => AdminCall::Match { match_id: *id },
        AdminAction::Room { room } => AdminCall::Room { room: *room },
        AdminAction::CloseRoom { room } => AdminCall::CloseRoom { room: *room },
        AdminAction::EndMatch { room, with_result } => AdminCall::EndMatch { room: *room, with_result: *with_result },
        AdminAction::Kick { player } => AdminCall::Kick { player: *player },
        AdminAction::Ban { player, hours, reason } => {
            AdminCall::Ban { player: *player, seconds: seconds(*hours)?, reason: reason.clone() }
        }
        AdminAction::Unban { player } => AdminCall::Unban { player: *player },
        AdminAction::Mute { player, hours } => AdminCall::Mute { player: *player, seconds: seconds(*hours)? },
        AdminAction::Unmute { player } => AdminCall::Unmute { player: *player },
        AdminAction::Sanctions => AdminCall::Sanctions {},
        AdminAction::Announce { text, room } => AdminCall::Announce { text: text.clone(), room: *room },
        AdminAction::Feature { feature, on } => AdminCall::Feature { feature: *feature, on: *on },
        AdminAction::Log { level, levels } => {
            let pair = |text: &String| {
                let (module, level) = text.split_once('=').ok_or_else(|| format!("{text} is no MODULE=LEVEL"))?;
                Ok::<_, String>((module.to_owned(), level.to_owned()))
            };
            AdminCall::Log { level: level.clone(), levels: levels.iter().map(pair).collect::<Result<_, _>>()? }
        }
        AdminAction::Reload => AdminCall::Reload {},
        AdminAction::Drain { undo } => AdminCall::Drain { undo: *undo },
        AdminAction::Reports => AdminCall::Reports {},
        AdminAction::Replay { room, file } => {
            return Ok(Asked::Replay { path: format!("rooms/{}/replay", room.as_str()), file });
        }
    }))
}

fn seconds(hours: Option<f64>) -> Result<Option<u64>, String> {
    match hours {
        Some(hours) if hours > 0.0 => Ok(Some((hours * 3600.0).ceil() as u64)),
        Some(_) => Err("--hours takes a number above 0".to_owned()),
        None => Ok(None),
    }
}

/// The server that is asked.
struct Server {
    url: String,
    authorization: String,
}

impl Server {
    fn call(&self, call: &AdminCall) -> Result<AdminAnswer, String> {
        let mut fields = serde_json::json!(call);
        fields.as_object_mut().map(|fields| fields.remove("call"));
        let request = agent().post(self.path(&call.name())).header("Authorization", &self.authorization);
        let bytes = self.answer(request.send_json(fields))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{} is of another version: {error}", self.url))
    }

    fn download(&self, path: &str) -> Result<Vec<u8>, String> {
        self.answer(agent().get(self.path(path)).header("Authorization", &self.authorization).call())
    }

    fn path(&self, path: &str) -> String {
        format!("{}/v1/admin/{path}", self.url)
    }

    /// The body of an answer with success.
    fn answer(&self, answered: Result<Response<Body>, ureq::Error>) -> Result<Vec<u8>, String> {
        let mut answer = answered.map_err(|error| format!("no answer from {}: {error}", self.url))?;
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| format!("the answer of {} did not arrive: {error}", self.url))?;
        if answer.status().is_success() {
            return Ok(body);
        }
        let told = serde_json::from_slice::<ErrorBody>(&body).map(|body| body.error.message);
        Err(told.unwrap_or_else(|_| format!("{} answers with {}", self.url, answer.status())))
    }
}

fn agent() -> Agent {
    let provider = Arc::new(ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).http_status_as_error(false);
    config.max_redirects(0).max_redirects_will_error(false).tls_config(tls).proxy(None).build().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_sent_to_this_machine_or_over_https() {
        for good in ["http://127.0.0.1:7777", "http://localhost", "http://[::1]:7", "https://play.example.org"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["http://192.0.2.1", "http://play.example.org:7777", "play.example.org", "ftp://localhost", ""] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hours_are_seconds() {
        assert_eq!((seconds(None), seconds(Some(0.5))), (Ok(None), Ok(Some(1800))));
        assert!(seconds(Some(0.0)).is_err() && seconds(Some(f64::NAN)).is_err());
    }
}
