//! Keys at a URL: a local issuer that changes them.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::identity::keys::{Keys, Pace, Source};

/// An issuer that has its keys at a URL.
struct Issuer {
    url: String,
    /// HTTP status and body of its answers.
    answer: Arc<Mutex<(u16, String)>>,
}

impl Issuer {
    fn start(keys: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/keys", listener.local_addr().expect("it is bound"));
        let issuer = Self { url, answer: Arc::new(Mutex::new((200, keys.to_string()))) };
        let answer = Arc::clone(&issuer.answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (status, body) = answer.lock().expect("nobody panicked").clone();
                serve(stream, status, &body);
            }
        });
        issuer
    }

    fn set(&self, status: u16, keys: &Value) {
        *self.answer.lock().expect("nobody panicked") = (status, keys.to_string());
    }

    /// Tokens by its keys, which are read again as this says.
    fn jwt(&self, refresh: Duration, streak: &ErrorStreak) -> Jwt {
        let pace = Pace { refresh, pause: Duration::from_millis(10) };
        let keys = Keys::start(Source::Url(self.url.clone()), pace, streak.clone()).expect("a thread");
        Jwt::new(&settings(), server_key(), keys)
    }
}

fn serve(mut stream: TcpStream, status: u16, body: &str) {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // Whoever has hung up asks again.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// Waits in real time. The bound only keeps a broken build from hanging.
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "{what}: not in 60 s");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_new_key_of_the_issuer_is_fetched_when_a_token_names_it() {
    let (issuer, streak) = (Issuer::start(&keys()), ErrorStreak::default());
    // Without the token, nothing would be read for an hour.
    let jwt = issuer.jwt(Duration::from_secs(3600), &streak);
    let old = changed(json!({}));
    wait_until("the first keys are here", || identify(&jwt, &old) != Err(TokenError::NoKeys));
    assert!(identify(&jwt, &old).is_ok());
    let secret = token("HS256", "secret", &claims(json!({})), by_secret);
    assert_eq!(identify(&jwt, &secret), Err(TokenError::UnknownKey), "everybody can read a secret at a URL");

    issuer.set(200, &json!({ "keys": [key_of_ed25519("next", 2)] }));
    let by_next = |message: &[u8]| ed25519(2).sign(message).as_ref().to_vec();
    let new = token("EdDSA", "next", &claims(json!({})), by_next);
    wait_until("the new key is here", || identify(&jwt, &new).is_ok());
    assert_eq!(identify(&jwt, &old), Err(TokenError::UnknownKey), "the issuer has withdrawn its key");

    for (status, keys) in [(500, json!({})), (302, json!({})), (200, json!({ "keys": [] })), (200, json!("nonsense"))] {
        issuer.set(status, &keys);
        streak.note(true);
        wait_until("it is noticed", || identify(&jwt, &old).is_err() && streak.count() > 2);
        assert!(identify(&jwt, &new).is_ok(), "the keys of before stay in use");
    }
    issuer.set(200, &json!({ "keys": [key_of_ed25519("ed", 1)] }));
    wait_until("it is tried again", || identify(&jwt, &old).is_ok() && streak.count() == 0);
}

#[test]
fn keys_are_read_again_now_and_then() {
    let (issuer, streak) = (Issuer::start(&keys()), ErrorStreak::default());
    let keys = Keys::start(
        Source::Url(issuer.url.clone()),
        Pace { refresh: Duration::from_millis(30), pause: Duration::from_millis(10) },
        streak,
    );
    let keys = keys.expect("a thread");
    let has = |id: &str| keys.newest().is_some_and(|keys| keys.find(Some(id)).is_some());
    wait_until("the first keys are here", || has("ed"));
    issuer.set(200, &json!({ "keys": [key_of_ed25519("next", 2)] }));
    wait_until("nobody asks, and the next key is here", || has("next") && !has("ed"));
}
