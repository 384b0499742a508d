//! Players with signed tokens (JSON Web Tokens) of one issuer.

use std::{collections::HashSet, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use framehouse_shared::{replay::ServerKey, text::cut_name};
use jsonwebtoken::{
    Algorithm, Validation,
    errors::{Error, ErrorKind},
    get_current_timestamp,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Credentials, Identity, Known, TokenError, crypto,
    keys::{Keys, Pace, Source},
};
use crate::{config::IdentitySettings, error_streak::ErrorStreak};

/// Maximum length of a token, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;
/// Shortest pause between two readings of the keys.
const READ_PAUSE: Duration = Duration::from_secs(10);

/// Players are known by tokens.
pub struct Jwt {
    keys: Keys,
    /// What is checked in a token, beside its signature.
    validation: Validation,
    issuer: String,
    name_claim: Option<String>,
    /// Makes the secrets that stand for players of the issuer.
    key: ServerKey,
}

/// The part of a token that says how it is signed. It is not signed itself, so it only chooses a key.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
}

impl Jwt {
    /// Checks tokens by these settings, and reads the keys for it.
    ///
    /// # Errors
    /// With a sentence, when the keys are in a file that cannot be used, or their thread cannot be started.
    pub fn start(settings: &IdentitySettings, key: ServerKey, streak: ErrorStreak) -> Result<Self, String> {
        let jwks = settings.jwks.clone().unwrap_or_default();
        let source = if settings.jwks_url().is_some() { Source::Url(jwks) } else { Source::File(jwks.into()) };
        let pace = Pace { refresh: Duration::from_secs(settings.refresh_s.into()), pause: READ_PAUSE };
        Ok(Self::new(settings, key, Keys::start(source, pace, streak)?))
    }

    pub(super) fn new(settings: &IdentitySettings, key: ServerKey, keys: Keys) -> Self {
        crypto::install();
        let issuer = settings.issuer.clone().unwrap_or_default();
        let mut required: HashSet<String> = ["exp", "iss", "sub"].map(str::to_owned).into();
        let mut validation = Validation::default();
        validation.set_issuer(&[&issuer]);
        if let Some(audience) = &settings.audience {
            validation.set_audience(&[audience]);
            required.insert("aud".to_owned());
        }
        (validation.required_spec_claims, validation.validate_nbf) = (required, true);
        validation.leeway = settings.leeway_s.into();
        Self { keys, validation, issuer, name_claim: settings.name_claim.clone(), key }
    }

    /// The claims of a token whose signature and times are right.
    fn claims(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        let head = Head::of(token)?;
        let keys = self.keys.newest().ok_or(TokenError::NoKeys)?;
        let Some(key) = keys.find(head.kid.as_deref()) else {
            self.keys.ask_for_newer();
            return Err(TokenError::UnknownKey);
        };
        // The algorithm is that of the key, and never what a token says.
        if head.alg.parse::<Algorithm>().ok() != Some(key.algorithm) {
            return Err(TokenError::WrongAlgorithm);
        }
        let validation = Validation { algorithms: vec![key.algorithm], ..self.validation.clone() };
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &validation);
        let claims = decoded.map_err(|error| reason(&error))?.claims;
        self.check_issue(&claims)?;
        Ok(claims)
    }

    /// A token that will be issued in the future is not valid yet.
    fn check_issue(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let latest = (get_current_timestamp() + self.validation.leeway) as f64;
        match claims.get("iat").map(Value::as_f64) {
            Some(None) => Err(TokenError::Malformed),
            Some(Some(issued)) if issued > latest => Err(TokenError::NotYetValid),
            _ => Ok(()),
        }
    }

    fn name(&self, claims: &Map<String, Value>) -> Result<Option<String>, TokenError> {
        let Some(claim) = &self.name_claim else { return Ok(None) };
        let name = claims.get(claim).and_then(Value::as_str).and_then(cut_name);
        name.map(Some).ok_or(TokenError::NoName)
    }
}

impl Identity for Jwt {
    fn identify(&self, credentials: Credentials<'_>) -> Result<Known, TokenError> {
        let claims = self.claims(credentials.token.ok_or(TokenError::Missing)?)?;
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        let secret = self.key.secret_of(&self.issuer, subject.ok_or(TokenError::NoSubject)?);
        Ok(Known { secret: Some(secret), name: self.name(&claims)? })
    }
}

impl Head {
    fn of(token: &str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let head = token.split_once('.').and_then(|(head, _)| BASE64_URL_SAFE_NO_PAD.decode(head).ok());
        let head = head.and_then(|head| serde_json::from_slice::<Self>(&head).ok()).ok_or(TokenError::Malformed)?;
        let is_signed = !head.alg.eq_ignore_ascii_case("none") && !token.ends_with('.');
        if is_signed { Ok(head) } else { Err(TokenError::Unsigned) }
    }
}

fn reason(error: &Error) -> TokenError {
    match error.kind() {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYetValid,
        ErrorKind::InvalidSignature => TokenError::WrongSignature,
        ErrorKind::InvalidAlgorithm => TokenError::WrongAlgorithm,
        ErrorKind::InvalidIssuer => TokenError::ForeignIssuer,
        ErrorKind::InvalidAudience => TokenError::ForeignAudience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => TokenError::ForeignIssuer,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => TokenError::ForeignAudience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "sub" => TokenError::NoSubject,
        _ => TokenError::Malformed,
    }
}
