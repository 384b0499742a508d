//! Players with signed tokens: a real server lets in whomever its issuer names, and nobody else.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use framehouse_harness::{live::wait_until, thin::ThinClient};
use framehouse_server::key;
use framehouse_shared::{
    api::{
        RoomList,
        ws::{Down, Encoding, Hidden, JoinRoom, Up},
    },
    ids::AccountId,
};
use framehouse_tools::replays::Folder;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::programs::{Running, SERVER, text};

const ISSUER: &str = "https://id.example.org/";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn issuer_key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes")
}

/// A token of the issuer's key with this seed, for this player, with these further claims.
fn token_by(seed: u8, subject: &str, changes: Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    let mut claims = json!({ "iss": ISSUER, "aud": "arena", "sub": subject, "exp": now + 600, "nickname": subject });
    let (Value::Object(all), Value::Object(changes)) = (&mut claims, changes) else { panic!("claims are an object") };
    all.extend(changes);
    let head = json!({ "alg": "EdDSA", "kid": "key-1" });
    let message = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
    let signature = issuer_key(seed).sign(message.as_bytes());
    format!("{message}.{}", encoded(signature))
}

/// A good token of this player.
pub fn token(subject: &str) -> String {
    token_by(1, subject, json!({}))
}

/// Path of settings that ask for tokens, in this folder.
pub fn settings(folder: &Folder) -> String {
    let (jwks, settings) = (folder.path().join("keys.json"), folder.path().join("server.toml"));
    let x = encoded(issuer_key(1).public_key());
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "key-1", "x": x }] });
    fs::write(&jwks, keys.to_string()).expect("a folder of ours");
    let text = format!(
        "[identity]\nkind = \"jwt\"\njwks = {jwks:?}\nissuer = {ISSUER:?}\naudience = \"arena\"\nname_claim = \"nickname\"\n"
    );
    fs::write(&settings, text).expect("a folder of ours");
    settings.to_str().expect("UTF-8").to_owned()
}

/// Status and body of the answer to a request for a seat, with these further fields.
pub fn ask(server: &Running, token: Option<&str>, more: Value) -> (u16, Value) {
    let mut body = json!({ "name": "nobody", "room": { "quick": {} }, "token": token });
    let (Value::Object(all), Value::Object(more)) = (&mut body, more) else { panic!("a body is an object") };
    all.extend(more);
    post(server, "/v1/sessions", &body, None)
}

fn post(server: &Running, path: &str, body: &Value, bearer: Option<&str>) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.post(format!("{}{path}", server.url()));
    if let Some(bearer) = bearer {
        request = request.header("Authorization", format!("Bearer {bearer}"));
    }
    let mut answer = request.send_json(body).expect("an answer");
    (answer.status().as_u16(), answer.body_mut().read_json().expect("JSON"))
}

/// A server that takes tokens.
struct Guarded {
    folder: Folder,
    running: Running,
}

impl Guarded {
    fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let (config, data) = (settings(&folder), folder.path().join("data"));
        let running = Running::start_with(SERVER, &data, Stdio::null(), &["--config", &config]);
        Self { folder, running }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, token: Option<&str>, more: Value) -> (u16, Value) {
        ask(&self.running, token, more)
    }

    /// The lasting id of the player with this subject.
    fn account(&self, subject: &str) -> AccountId {
        let key = key::open(&self.path("data")).expect("made at the first start");
        key.account(key.secret_of(ISSUER, subject))
    }

    fn socket(&self, token: Option<&str>, resume: Option<&str>) -> ThinClient {
        let mut client = ThinClient::connect(self.running.url(), Encoding::Json).expect("a socket");
        let hidden = |text: &str| Hidden(text.to_owned());
        let (token, resume) = (token.map(hidden), resume.map(hidden));
        let auth = Up::Auth { name: "nobody".to_owned(), secret: None, token, resume, view: false };
        client.send(&auth).expect("it is open");
        client
    }
}

fn quick() -> Up {
    Up::JoinRoom(JoinRoom { quick: true, ..Default::default() })
}

#[test]
fn a_token_that_names_no_player_never_seats_anyone() {
    let server = Guarded::start("identity-refused");
    let unsigned = {
        let (head, good) = (encoded(r#"{"alg":"none","kid":"key-1"}"#), token("eve"));
        format!("{head}.{}.", good.split('.').nth(1).expect("claims"))
    };
    let refused = [
        (None, "token_missing"),
        (Some("nonsense".to_owned()), "token_malformed"),
        (Some(unsigned), "token_unsigned"),
        (Some(token_by(2, "eve", json!({}))), "token_wrongly_signed"),
        (Some(token_by(1, "eve", json!({ "exp": 1_700_000_000 }))), "token_expired"),
        (
            Some(token_by(1, "eve", json!({ "nbf": 4_000_000_000_u64, "exp": 4_000_000_600_u64 }))),
            "token_not_yet_valid",
        ),
        (Some(token_by(1, "eve", json!({ "iss": "https://evil.example.org/" }))), "token_foreign"),
        (Some(token_by(1, "eve", json!({ "aud": "chess" }))), "token_foreign"),
    ];
    for (token, code) in &refused {
        for room in [json!({ "quick": {} }), json!({ "watch": "K7QX" }), json!({ "create": { "size": 2 } })] {
            let secret = "000102030405060708090a0b0c0d0e0f";
            let (status, body) = server.ask(token.as_deref(), json!({ "room": room, "player_secret": secret }));
            assert_eq!((status, &body["error"]["code"]), (401, &json!(code)), "{body}");
        }
        let (closed, reason) = server.socket(token.as_deref(), None).wait_for_end();
        assert!(closed == 4001 && !reason.is_empty(), "{closed} {reason}");
    }
    let (status, body) = server.ask(None, json!({ "resume": "000102030405060708090a0b0c0d0e0f" }));
    assert_eq!((status, &body["error"]["code"]), (404, &json!("no_such_seat")), "a seat that is nobody's");
    let status = server.running.status();
    assert_eq!((status.rooms, status.players, status.sessions), (0, 0, 0));
    assert!(server.running.get::<RoomList>("/v1/rooms").rooms.is_empty());
}

#[test]
fn whoever_the_issuer_names_is_one_player_with_the_name_of_its_account() {
    let server = Guarded::start("identity-taken");
    let (status, grant) = server.ask(Some(&token("Ada")), json!({}));
    assert_eq!((status, &grant["player"]), (200, &json!(server.account("Ada"))), "{grant}");
    let mut ada = server.socket(Some(&token("Ada")), None);
    let id = ada.wait_for("authentication", |down| match down {
        Down::Authenticated { player_id, .. } => player_id.clone(),
        _ => None,
    });
    assert_eq!(id, server.account("Ada").to_string());
    let joined = ada.join(&quick());
    wait_until("her name is that of the token", || {
        let list: RoomList = server.running.get("/v1/rooms");
        list.rooms.iter().any(|room| room.host == "Ada")
    });
    let (status, body) = server.ask(Some(&token("Ada")), json!({}));
    assert_eq!((status, &body["error"]["code"]), (409, &json!("already_playing")), "one seat for each player");

    // A lost connection comes back with the secret of the seat: the token may have expired.
    drop(ada);
    let resume = joined.resume.expect("a player has one");
    let mut back = server.socket(None, Some(&resume));
    let again = back.wait_for("her seat", |down| match down {
        Down::Joined(joined) => Some((joined.slot, joined.code.clone())),
        _ => None,
    });
    assert_eq!(again, (joined.slot, joined.code));
    back.send(&Up::LeaveRoom).expect("it is open");
    back.wait_for("the end of the session", |down| matches!(down, Down::Left { .. }).then_some(()));
    back.send(&quick()).expect("it is open");
    let code = back.wait_for("a refusal", |down| match down {
        Down::Refused { code, .. } => code.clone(),
        _ => None,
    });
    assert_eq!(code, "token_missing", "another room needs a token");

    let admin = fs::read_to_string(server.path("data/admin.token")).expect("made at the first start");
    let ban = json!({ "player": server.account("Ada"), "seconds": 3600, "reason": "rude" });
    assert_eq!(post(&server.running, "/v1/admin/ban", &ban, Some(admin.trim())).0, 200);
    let (status, body) = server.ask(Some(&token("Ada")), json!({ "name": "Somebody else" }));
    assert_eq!((status, &body["error"]["code"]), (403, &json!("banned")));
    assert_eq!(server.ask(Some(&token("Bob")), json!({})).0, 200);
}

#[test]
fn bots_send_the_tokens_of_a_file() {
    let server = Guarded::start("identity-bots");
    let file = server.path("tokens");
    let bots = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arena_bots"));
        command.args(["--server", server.running.url(), "--rooms", "1", "--players", "2", "--seats", "2"]);
        let told = command.args(["--seconds", "8"]).args(more).env_clear().stdin(Stdio::null()).output();
        let told = told.expect("a program");
        (told.status.code(), text(&told.stdout) + &text(&told.stderr))
    };
    let (code, told) = bots(&[]);
    assert!(code == Some(1) && told.contains("needs a token"), "{told}");
    fs::write(&file, format!("{}\n{}\n", token("bot-1"), token("bot-2"))).expect("a folder of ours");
    let (code, told) = bots(&["--token-file", file.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = bots(&["--token-file", "nowhere"]);
    assert!(code == Some(1) && told.contains("Cannot read nowhere"), "{told}");
}
