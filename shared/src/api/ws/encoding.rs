//! JSON and MessagePack.

use serde::{Serialize, de::DeserializeOwned};

/// Maximum size of a message from a client, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 8192;
/// Maximum depth of maps and arrays in a MessagePack message.
const DEPTH_MAX: usize = 16;

/// Encoding of a connection's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Text frames.
    Json,
    /// Binary frames.
    MessagePack,
}

/// A message that cannot be read, with the reason in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Encoding {
    /// Encodes a message.
    pub fn encode(self, message: &impl Serialize) -> Vec<u8> {
        match self {
            Self::Json => serde_json::to_vec(message).expect("a message has only values that JSON has"),
            Self::MessagePack => rmp_serde::to_vec_named(message).expect("writing into memory does not fail"),
        }
    }

    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode<M: DeserializeOwned>(self, bytes: &[u8]) -> Result<M, Invalid> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| Invalid(error.to_string())),
            Self::MessagePack => decode_message_pack(bytes),
        }
    }
}

fn decode_message_pack<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, Invalid> {
    let mut rest = bytes;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(DEPTH_MAX);
    let message = M::deserialize(&mut deserializer).map_err(|error| Invalid(error.to_string()))?;
    drop(deserializer);
    if rest.is_empty() { Ok(message) } else { Err(Invalid("there are bytes behind the message".to_owned())) }
}
