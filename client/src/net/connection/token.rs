//! Reading of connect tokens.

use renetcode::ConnectToken;

/// The bytes are not a connect token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server handed out a connect token that this client cannot read: the two are of different versions")]
pub struct TokenError;

pub(super) fn read_token(mut bytes: &[u8]) -> Result<ConnectToken, TokenError> {
    let token = ConnectToken::read(&mut bytes).map_err(|_| TokenError)?;
    // netcode subtracts the two times without a check.
    if token.expire_timestamp < token.create_timestamp { Err(TokenError) } else { Ok(token) }
}
