//! Tests of tokens that real keys have signed: what is taken, and every reason for a refusal. `issuer.rs` has those of keys at a
//! URL.

mod issuer;

use std::{env, fs, process};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::get_current_timestamp;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents},
};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.example.org/";
const AUDIENCE: &str = "arena";
const SUBJECT: &str = "account-7";
const SECRET: &[u8; 32] = b"thirty-two bytes that are secret";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa() -> RsaKeyPair {
    let lines = include_str!("tests/rsa.pem").lines().filter(|line| !line.starts_with('-'));
    let key = BASE64_STANDARD.decode(lines.collect::<String>()).expect("base64");
    RsaKeyPair::from_pkcs8(&key).expect("a key")
}

fn rsa_public() -> RsaPublicKeyComponents<Vec<u8>> {
    RsaPublicKeyComponents::from(rsa().public())
}

fn ed25519(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes")
}

fn by_rsa(message: &[u8]) -> Vec<u8> {
    let key = rsa();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

fn by_ed25519(message: &[u8]) -> Vec<u8> {
    ed25519(1).sign(message).as_ref().to_vec()
}

fn by_secret(message: &[u8]) -> Vec<u8> {
    with_secret(SECRET)(message)
}

fn with_secret(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// A token with this algorithm, key and claims.
fn token(alg: &str, kid: &str, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let head = json!({ "alg": alg, "kid": kid, "typ": "JWT" });
    let message = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
    let signature = encoded(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Claims that are taken, with these changes.
fn claims(changes: Value) -> Value {
    let now = get_current_timestamp();
    let mut claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "exp": now + 600, "iat": now });
    let (Value::Object(claims), Value::Object(changes)) = (&mut claims, changes) else {
        panic!("claims are an object")
    };
    claims.extend(changes);
    claims.retain(|_, value| !value.is_null());
    Value::Object(claims.clone())
}

/// A token of Ed25519 with these changes of its claims.
fn changed(changes: Value) -> String {
    token("EdDSA", "ed", &claims(changes), by_ed25519)
}

fn key_of_ed25519(kid: &str, seed: u8) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encoded(ed25519(seed).public_key()) })
}

/// Keys that can be used, and some that cannot.
fn keys() -> Value {
    let RsaPublicKeyComponents { n, e } = rsa_public();
    let (n, e) = (encoded(n), encoded(e));
    json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": n, "e": e },
        key_of_ed25519("ed", 1),
        { "kty": "oct", "kid": "secret", "alg": "HS256", "k": encoded(SECRET) },
        { "kty": "RSA", "kid": "pss", "alg": "PS256", "n": n, "e": e },
        { "kty": "RSA", "kid": "encryption", "use": "enc", "n": n, "e": e },
        { "kty": "RSA", "kid": "small", "n": encoded([255; 128]), "e": e },
        { "kty": "oct", "kid": "short", "k": encoded("short") },
        { "kty": "OKP", "crv": "Ed25519", "kid": "half", "x": encoded([7; 16]) },
        { "kty": "new", "kid": "new", "x": 7 },
        "nonsense",
    ] })
}

fn settings() -> IdentitySettings {
    IdentitySettings {
        kind: IdentityKind::Jwt,
        issuer: Some(ISSUER.to_owned()),
        audience: Some(AUDIENCE.to_owned()),
        ..Default::default()
    }
}

fn server_key() -> ServerKey {
    ServerKey::from_secret([7; 32])
}

/// Tokens by these settings and these keys in a file.
fn jwt(name: &str, settings: IdentitySettings, keys: &Value) -> Result<Jwt, String> {
    let file = env::temp_dir().join(format!("framehouse-identity-{}-{name}.json", process::id()));
    fs::write(&file, keys.to_string()).expect("a file of ours");
    let jwks = Some(file.to_str().expect("UTF-8").to_owned());
    let started = Jwt::start(&IdentitySettings { jwks, ..settings }, server_key(), ErrorStreak::default());
    fs::remove_file(&file).expect("a file of ours");
    started
}

fn identify(jwt: &Jwt, token: &str) -> Result<Known, TokenError> {
    jwt.identify(Credentials { secret: None, token: Some(token) })
}

#[test]
fn a_token_by_each_kind_of_key_names_the_same_player() {
    let jwt = jwt("taken", settings(), &keys()).expect("keys");
    let expected = Known { secret: Some(server_key().secret_of(ISSUER, SUBJECT)), name: None };
    for token in [
        token("RS256", "rsa", &claims(json!({})), by_rsa),
        token("EdDSA", "ed", &claims(json!({})), by_ed25519),
        token("HS256", "secret", &claims(json!({})), by_secret),
        changed(json!({ "aud": ["other", AUDIENCE] })),
        changed(json!({ "nbf": get_current_timestamp() - 5 })),
    ] {
        assert_eq!(identify(&jwt, &token), Ok(expected.clone()), "{token}");
    }
    let other = identify(&jwt, &changed(json!({ "sub": "account-8" }))).expect("another player");
    assert_ne!(other, expected);
    // A secret of a client is not believed beside a token, and not in its place.
    let secret = Some(PlayerSecret::from_random(7));
    let both = jwt.identify(Credentials { secret, token: Some(&changed(json!({}))) });
    assert_eq!(both, Ok(expected));
    assert_eq!(jwt.identify(Credentials { secret, token: None }), Err(TokenError::Missing));
    assert_eq!(Open.identify(Credentials { secret, token: Some("x") }), Ok(Known { secret, name: None }));
}

#[test]
fn every_wrong_token_is_refused_for_its_reason() {
    let jwt = jwt("refused", settings(), &keys()).expect("keys");
    let (now, good) = (get_current_timestamp(), claims(json!({})));
    let by_nobody = |_: &[u8]| Vec::new();
    let stolen = {
        // The signature of another token.
        let (one, two) = (changed(json!({ "sub": "ada" })), changed(json!({ "sub": "eve" })));
        let (message, signature) = (one.rsplit_once('.').expect("dots").0, two.rsplit_once('.').expect("dots").1);
        format!("{message}.{signature}")
    };
    let refused = [
        ("nonsense".to_owned(), TokenError::Malformed),
        ("a.b.c".to_owned(), TokenError::Malformed),
        (String::new(), TokenError::Malformed),
        (changed(json!({ "more": "x".repeat(5000) })), TokenError::Malformed),
        (changed(json!({ "exp": null })), TokenError::Malformed),
        (changed(json!({ "exp": "tomorrow" })), TokenError::Malformed),
        (changed(json!({ "iat": "now" })), TokenError::Malformed),
        (changed(json!({ "exp": now - 60 })), TokenError::Expired),
        (changed(json!({ "nbf": now + 300 })), TokenError::NotYetValid),
        (changed(json!({ "iat": now + 300 })), TokenError::NotYetValid),
        (token("none", "ed", &good, by_nobody), TokenError::Unsigned),
        (token("nOnE", "ed", &good, by_ed25519), TokenError::Unsigned),
        (token("EdDSA", "ed", &good, by_nobody), TokenError::Unsigned),
        (token("EdDSA", "ed", &good, |message| ed25519(2).sign(message).as_ref().to_vec()), TokenError::WrongSignature),
        (token("RS256", "rsa", &good, by_ed25519), TokenError::WrongSignature),
        (token("HS256", "secret", &good, with_secret(&[0; 32])), TokenError::WrongSignature),
        (token("EdDSA", "ed", &claims(json!({ "exp": now - 60 })), by_rsa), TokenError::WrongSignature),
        (stolen, TokenError::WrongSignature),
        (changed(json!({ "iss": "https://evil.example.org/" })), TokenError::ForeignIssuer),
        (changed(json!({ "iss": null })), TokenError::ForeignIssuer),
        (changed(json!({ "aud": "chess" })), TokenError::ForeignAudience),
        (changed(json!({ "aud": null })), TokenError::ForeignAudience),
        (changed(json!({ "sub": null })), TokenError::NoSubject),
        (changed(json!({ "sub": "" })), TokenError::NoSubject),
        (token("EdDSA", "nobody", &good, by_ed25519), TokenError::UnknownKey),
    ];
    for (token, reason) in refused {
        assert_eq!(identify(&jwt, &token), Err(reason), "{token}");
    }
    for unusable in ["pss", "encryption", "small", "short", "half", "new"] {
        assert_eq!(identify(&jwt, &token("RS256", unusable, &good, by_rsa)), Err(TokenError::UnknownKey), "{unusable}");
    }
    assert!(identify(&jwt, &changed(json!({ "exp": now - 10 }))).is_ok(), "clocks differ a little");
}

#[test]
fn a_public_key_is_no_secret_and_a_key_has_one_algorithm() {
    let jwt = jwt("confused", settings(), &keys()).expect("keys");
    let good = claims(json!({}));
    let RsaPublicKeyComponents { n, .. } = rsa_public();
    let point = ed25519(1).public_key().as_ref().to_vec();
    for token in [
        token("HS256", "rsa", &good, with_secret(&n)),
        token("HS256", "rsa", &good, with_secret(encoded(&n).as_bytes())),
        token("HS256", "ed", &good, with_secret(&point)),
        token("RS256", "ed", &good, by_rsa),
        token("RS512", "rsa", &good, by_rsa),
        token("ES256", "ed", &good, by_ed25519),
        token("XY999", "ed", &good, by_ed25519),
        token("EdDSA", "secret", &good, by_secret),
    ] {
        assert_eq!(identify(&jwt, &token), Err(TokenError::WrongAlgorithm), "{token}");
    }
}

#[test]
fn a_token_without_a_key_id_means_the_only_key() {
    let token = {
        let message = format!("{}.{}", encoded(r#"{"alg":"EdDSA"}"#), encoded(claims(json!({})).to_string()));
        format!("{message}.{}", encoded(by_ed25519(message.as_bytes())))
    };
    let one = jwt("one-key", settings(), &json!({ "keys": [key_of_ed25519("ed", 1)] })).expect("a key");
    assert!(identify(&one, &token).is_ok());
    let several = jwt("several-keys", settings(), &keys()).expect("keys");
    assert_eq!(identify(&several, &token), Err(TokenError::UnknownKey));
}

#[test]
fn without_an_audience_only_tokens_for_nobody_in_particular_are_taken() {
    let jwt = jwt("audience", IdentitySettings { audience: None, ..settings() }, &keys()).expect("keys");
    assert!(identify(&jwt, &changed(json!({ "aud": null }))).is_ok());
    assert_eq!(identify(&jwt, &changed(json!({}))), Err(TokenError::ForeignAudience));
}

#[test]
fn the_name_is_that_of_the_claim_and_can_be_shown() {
    let named = IdentitySettings { name_claim: Some("nickname".to_owned()), ..settings() };
    let jwt = jwt("names", named, &keys()).expect("keys");
    let name = |name: Value| identify(&jwt, &changed(json!({ "nickname": name }))).map(|known| known.name);
    assert_eq!(name(json!("Ada")), Ok(Some("Ada".to_owned())));
    assert_eq!(name(json!(" A\u{202e}d\na ")), Ok(Some("Ada".to_owned())));
    assert!(name(json!("x".repeat(99))).is_ok_and(|name| name.is_some_and(|name| name.len() < 99)));
    for none in [json!(null), json!(""), json!(7), json!("\u{200b}")] {
        assert_eq!(name(none), Err(TokenError::NoName));
    }
}

#[test]
fn a_file_without_keys_is_refused_with_a_sentence() {
    for (set, told) in [
        (json!({ "keys": [] }), "there is no key in it that can be used"),
        (json!({ "keys": [{ "kty": "oct", "k": encoded("short") }] }), "there is no key in it that can be used"),
        (json!(["keys"]), "it is no JSON Web Key Set"),
    ] {
        let sentence = jwt("no-keys", settings(), &set).err().expect("no keys");
        assert!(sentence.contains(told) && sentence.contains("no-keys.json"), "{sentence}");
    }
    let missing = IdentitySettings { jwks: Some("/nowhere/keys.json".to_owned()), ..settings() };
    assert!(start(&missing, &server_key(), ErrorStreak::default()).is_err());
    assert!(start(&IdentitySettings::default(), &server_key(), ErrorStreak::default()).is_ok());
}

#[test]
fn every_refusal_is_a_sentence_that_fits_into_a_close_frame() {
    for refusal in [
        TokenError::Missing,
        TokenError::Malformed,
        TokenError::Unsigned,
        TokenError::UnknownKey,
        TokenError::WrongAlgorithm,
        TokenError::WrongSignature,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::ForeignIssuer,
        TokenError::ForeignAudience,
        TokenError::NoSubject,
        TokenError::NoName,
        TokenError::NoKeys,
    ] {
        let sentence = refusal.to_string();
        assert!(sentence.len() <= 123 && sentence.contains(": "), "{sentence}");
        assert_eq!(sentence.contains("try again"), refusal.code() == code::BUSY, "{sentence}");
    }
}
