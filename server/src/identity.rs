//! Who a player is, behind the trait [`Identity`]: whoever has a secret ([`Open`]), or whomever a signed token names ([`Jwt`]).
//!
//! ```text
//! jwt.rs      tokens: from a token to a player, or to the reason for a refusal
//! keys.rs     the keys of their issuer, read again now and then
//! jwks.rs     from a JSON Web Key Set to keys with one algorithm each
//! crypto.rs   signatures, made by others, checked by ring
//! ```

mod crypto;
mod jwks;
mod jwt;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use framehouse_shared::{
    api::{PlayerSecret, code},
    replay::ServerKey,
};

pub use jwt::Jwt;

use crate::{
    config::{IdentityKind, IdentitySettings},
    error_streak::ErrorStreak,
};

/// Says who players are.
pub trait Identity: Send + Sync {
    /// Says who the player with these credentials is.
    ///
    /// # Errors
    /// With the reason, when the token does not name a player of this server.
    fn identify(&self, credentials: Credentials<'_>) -> Result<Known, TokenError>;
}

/// What a player shows of itself. It must not appear in logs.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// Secret that its client has made.
    pub secret: Option<PlayerSecret>,
    /// Signed token of an issuer.
    pub token: Option<&'a str>,
}

/// A player that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Secret from which the player's lasting id is made. `None` for a new guest.
    pub secret: Option<PlayerSecret>,
    /// Name of the player, if it does not choose one itself.
    pub name: Option<String>,
}

/// Everybody may play, and is known by a secret. Tokens are not looked at.
pub struct Open;

impl Identity for Open {
    fn identify(&self, credentials: Credentials<'_>) -> Result<Known, TokenError> {
        Ok(Known { secret: credentials.secret, name: None })
    }
}

/// The identity that these settings ask for. `key` makes the lasting ids of players; `streak` counts failed attempts to read
/// the keys of tokens.
///
/// # Errors
/// With a sentence, when the file of the keys cannot be used, or their thread cannot be started.
pub fn start(settings: &IdentitySettings, key: &ServerKey, streak: ErrorStreak) -> Result<Arc<dyn Identity>, String> {
    match settings.kind {
        IdentityKind::Open => Ok(Arc::new(Open)),
        IdentityKind::Jwt => Ok(Arc::new(Jwt::start(settings, key.clone(), streak)?)),
    }
}

/// Why a token is refused, as a sentence for the player. Each fits into the close frame of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("this server needs a token: sign in, and start the game with the token that you get")]
    Missing,
    /// It is no token, or lacks a claim that every token has.
    #[error("your token cannot be read, or has no time at which it ends: sign in again")]
    Malformed,
    /// It is not signed.
    #[error("your token is not signed: sign in again")]
    Unsigned,
    /// No key of the issuer has its id.
    #[error("your token is signed with a key that this server does not know: sign in again")]
    UnknownKey,
    /// It names another algorithm than that of its key.
    #[error("your token names another algorithm than that of its key: sign in again")]
    WrongAlgorithm,
    /// Its signature is not that of its key.
    #[error("the signature of your token is wrong: sign in again")]
    WrongSignature,
    /// Its time is over.
    #[error("your token has expired: sign in again")]
    Expired,
    /// Its time has not begun.
    #[error("your token is not valid yet: check the date and time of your computer, or sign in again")]
    NotYetValid,
    /// It is of another issuer.
    #[error("your token comes from somebody whom this server does not trust: sign in for this game")]
    ForeignIssuer,
    /// It is for something else.
    #[error("your token is for something else than this server: sign in for this game")]
    ForeignAudience,
    /// It names no player.
    #[error("your token names no player: sign in again")]
    NoSubject,
    /// It has no name that others can be shown.
    #[error("your token has no name that others could see: give your account one, and sign in again")]
    NoName,
    /// The keys could not be read yet.
    #[error("this server cannot check tokens yet: try again in a moment")]
    NoKeys,
}

impl TokenError {
    /// Error code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => code::TOKEN_MISSING,
            Self::Malformed | Self::NoSubject | Self::NoName => code::TOKEN_MALFORMED,
            Self::Unsigned => code::TOKEN_UNSIGNED,
            Self::UnknownKey => code::TOKEN_UNKNOWN_KEY,
            Self::WrongAlgorithm | Self::WrongSignature => code::TOKEN_WRONGLY_SIGNED,
            Self::Expired => code::TOKEN_EXPIRED,
            Self::NotYetValid => code::TOKEN_NOT_YET_VALID,
            Self::ForeignIssuer | Self::ForeignAudience => code::TOKEN_FOREIGN,
            Self::NoKeys => code::BUSY,
        }
    }
}
