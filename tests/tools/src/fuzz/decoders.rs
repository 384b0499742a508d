//! Fuzz targets of the decoders: any bytes are an error or a message, and a message survives a round trip.

use std::fmt::Debug;

use framehouse_shared::{
    api::ws::{Down, Encoding, Up},
    ids::SLOTS_MAX,
    input::Input,
    protocol::{
        channel::{MESSAGE_BYTES_MAX, split_batch},
        codec::{self, CodecError, Reader},
        datagram::{Frames, Inputs, Ping, Pong, decode_frame, encode_frame, put_frames},
        messages::{ClientMessage, ServerMessage},
    },
    replay::{put_past_tick, read_range},
    tick::Tick,
};
use serde::{Serialize, de::DeserializeOwned};

/// Runs every decoder of unreliable datagrams.
pub fn datagram_decode(bytes: &[u8]) {
    if let Ok(message) = Inputs::decode(bytes) {
        reads_back(&message, |bytes| message.encode(bytes), Inputs::decode);
    }
    if let Ok(message) = Ping::decode(bytes) {
        reads_back(&message, |bytes| message.encode(bytes), Ping::decode);
    }
    if let Ok(message) = Pong::decode(bytes) {
        reads_back(&message, |bytes| message.encode(bytes), Pong::decode);
    }
    decode_frames(&[bytes], Tick(0));
    if let Ok(message) = Frames::decode(bytes) {
        let mut again = Vec::new();
        put_frames(&mut again, &message.header, message.encoded_frames.iter().copied());
        assert_eq!(Frames::decode(&again).as_ref(), Ok(&message));
        decode_frames(&message.encoded_frames, message.oldest());
    }
    if let [ticks, range @ ..] = bytes {
        decode_range(range, u32::from(*ticks));
    }
}

/// Decodes a range of a match's history as a rewinding client does, and encodes it again.
fn decode_range(bytes: &[u8], ticks: u32) {
    let neutral = [Input::NEUTRAL; SLOTS_MAX];
    let Ok(range) = read_range(bytes, Tick(0), ticks, neutral) else { return };
    let (mut again, mut previous) = (Vec::new(), neutral);
    for past in &range {
        let encoded_frame = encode_frame(&past.frame, &previous, past.hash);
        put_past_tick(&mut again, &encoded_frame, past.joined.iter().map(|(_, name)| name.as_str()));
        previous = past.frame.inputs;
    }
    assert_eq!(read_range(&again, Tick(0), ticks, neutral).as_ref(), Ok(&range));
}

/// Decodes frames as a client does, each as the difference to the one before, up to the first invalid one.
fn decode_frames(encoded_frames: &[&[u8]], first: Tick) {
    let mut previous = [Input::NEUTRAL; SLOTS_MAX];
    for (tick, encoded_frame) in (first.0..=u32::MAX).map(Tick).zip(encoded_frames) {
        let Ok((frame, hash)) = decode_frame(encoded_frame, tick, &previous) else { break };
        let again = encode_frame(&frame, &previous, hash);
        let inputs = frame.inputs;
        assert_eq!(decode_frame(&again, tick, &previous), Ok((frame, hash)));
        previous = inputs;
    }
}

fn reads_back<T: Debug + PartialEq>(
    message: &T,
    encode: impl FnOnce(&mut Vec<u8>),
    decode: impl FnOnce(&[u8]) -> Result<T, CodecError>,
) {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    assert_eq!(decode(&bytes).as_ref(), Ok(message));
}

/// Runs the decoders of control messages and of batches of them, and the byte reader under all hand-written layouts.
pub fn control_decode(bytes: &[u8]) {
    decode_message(bytes);
    for message in split_batch(bytes).unwrap_or_default() {
        assert!((1..=MESSAGE_BYTES_MAX).contains(&message.len()));
        decode_message(message);
    }
    read_everything(bytes);
}

/// Runs the decoders of WebSocket messages, in both encodings.
pub fn websocket_decode(bytes: &[u8]) {
    for encoding in [Encoding::Json, Encoding::MessagePack] {
        decode_websocket::<Up>(encoding, bytes, |_| true);
        // serde_json reads some fractions as their neighbour, and `pong` has one.
        let is_exact = |message: &Down| encoding != Encoding::Json || !matches!(message, Down::Pong { .. });
        decode_websocket(encoding, bytes, is_exact);
    }
}

/// A message that was read is written in one form only. Bytes are compared, because a number may be NaN.
fn decode_websocket<M: Serialize + DeserializeOwned>(
    encoding: Encoding,
    bytes: &[u8],
    is_exact: impl FnOnce(&M) -> bool,
) {
    if let Ok(message) = encoding.decode::<M>(bytes) {
        let written = encoding.encode(&message);
        let again: M = encoding.decode(&written).expect("what was written can be read");
        assert!(!is_exact(&message) || encoding.encode(&again) == written);
    }
}

fn decode_message(bytes: &[u8]) {
    if let Ok(message) = ClientMessage::decode(bytes) {
        assert_eq!(ClientMessage::decode(&codec::encode(&message)), Ok(message));
    }
    if let Ok(message) = ServerMessage::decode(bytes) {
        assert_eq!(ServerMessage::decode(&codec::encode(&message)), Ok(message));
    }
}

/// Reads numbers in the order that the bytes themselves ask for.
fn read_everything(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    while let Ok(what) = reader.u8() {
        let before = reader.rest().len();
        let _ = match what % 6 {
            0 => reader.varint().map(drop),
            1 => reader.varint32().map(drop),
            2 => reader.signed().map(drop),
            3 => reader.u64().map(drop),
            4 => reader.varint().and_then(|count| reader.bytes(count as usize)).map(drop),
            _ => reader.finish(),
        };
        assert!(reader.rest().len() <= before);
    }
    assert_eq!(reader.finish(), Ok(()));
}
