//! JSON and MessagePack.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Maximum size of a message from a client, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 8192;
/// Maximum depth of maps and arrays in a MessagePack message.
const DEPTH_MAX: usize = 16;

/// Encoding of a connection's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::ws::{Down, JoinRoom, Up, code_of},
        ids::Slot,
        protocol::end::EndCode,
    };

    fn json(text: &str) -> Result<Up, Invalid> {
        Encoding::Json.decode(text.as_bytes())
    }

    #[test]
    fn messages_have_the_documented_form() {
        for (text, message) in [
            (r#"{"type":"leave_room"}"#, Up::LeaveRoom),
            (r#"{"type":"leave_room","payload":null}"#, Up::LeaveRoom),
            (r#"{"payload":{"seq":7,"new":[]},"type":"ping"}"#, Up::Ping { seq: 7 }),
            (r#"{"type":"message","payload":{"data":"AP8="}}"#, Up::Message { data: vec![0, 255].into() }),
            (
                r#"{"type":"input","payload":{"frame_id":null,"input_data":"AQ=="}}"#,
                Up::Input { frame_id: None, input_data: vec![1].into() },
            ),
            (
                r#"{"type":"join_room","payload":{"quick":true}}"#,
                Up::JoinRoom(JoinRoom { quick: true, ..Default::default() }),
            ),
        ] {
            assert_eq!(json(text), Ok(message), "{text}");
        }
        for wrong in ["", "{", "[]", "7", r#"{"type":"nope"}"#, r#"{"type":"ping"}"#, r#"{"type":"chat","payload":{}}"#]
        {
            assert!(json(wrong).is_err(), "{wrong}");
        }
        let slot = Slot::new(1).expect("in range");
        let left = Down::PlayerLeft { msg_id: 9, slot, code: code_of(EndCode::ConnectionLost) };
        let text = r#"{"type":"player_left","payload":{"msg_id":9,"slot":1,"code":"connection_lost"}}"#;
        assert_eq!(String::from_utf8(Encoding::Json.encode(&left)).expect("JSON"), text);
    }

    #[test]
    fn message_pack_has_bytes_and_takes_what_libraries_without_them_write() {
        let message = Up::Message { data: vec![0, 255].into() };
        let bytes = Encoding::MessagePack.encode(&message);
        assert_eq!(bytes, b"\x82\xa4type\xa7message\xa7payload\x81\xa4data\xc4\x02\x00\xff");
        for other in [
            &b"\x82\xa7payload\x81\xa4data\xc4\x02\x00\xff\xa4type\xa7message"[..],
            b"\x82\xa7payload\x81\xa4data\x92\x00\xcc\xff\xa4type\xa7message",
            b"\x82\xa4type\xa7message\xa7payload\x81\xa4data\xa4AP8=",
        ] {
            assert_eq!(Encoding::MessagePack.decode(other).as_ref(), Ok(&message), "{other:x?}");
        }
    }

    #[test]
    fn what_only_costs_memory_or_stack_is_refused() {
        let deep = [&b"\x82\xa4type\xa4ping\xa7payload"[..], &[0x91; 5000], b"\xc0"].concat();
        for wrong in [&deep[..], b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\x81\xa4type\xaaleave_room\xc0"] {
            assert!(Encoding::MessagePack.decode::<Up>(wrong).is_err(), "{} bytes", wrong.len());
        }
        assert!(json(&"[".repeat(8000)).is_err());
        let deep = format!(r#"{{"type":"ping","payload":{}}}"#, "[".repeat(4000));
        assert!(json(&deep).is_err());
    }
}
