//! Encoding and decoding of the datagrams of every tick, of a room of four. An operation is one datagram.

use std::hint::black_box;

use framehouse_shared::{
    ids::SLOTS_MAX,
    input::{Frame, Input},
    protocol::datagram::{Feedback, Frames, FramesHeader, INPUTS_MAX, Inputs, decode_frame, encode_frame, put_frames},
    tick::Tick,
};

use super::{Body, scripted::ScriptedMatch};

/// Frames of the match.
const FRAMES: u32 = 100;
/// Number of times that a run goes through the match.
const PASSES: usize = 20;

/// A client's inputs: the newest one and seven that are not acknowledged.
pub fn encode_inputs() -> Body {
    let (messages, mut bytes) = (inputs(), Vec::new());
    Box::new(move |timer| {
        timer.time(PASSES * messages.len(), || {
            for message in (0..PASSES).flat_map(|_| &messages) {
                bytes.clear();
                message.encode(&mut bytes);
                black_box(&bytes);
            }
        });
    })
}

/// The same at the server.
pub fn decode_inputs() -> Body {
    let encode = |message: Inputs| {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        bytes
    };
    let datagrams: Vec<Vec<u8>> = inputs().into_iter().map(encode).collect();
    Box::new(move |timer| {
        timer.time(PASSES * datagrams.len(), || {
            for datagram in (0..PASSES).flat_map(|_| &datagrams) {
                black_box(Inputs::decode(datagram).expect("it was encoded just now"));
            }
        });
    })
}

/// A frame, encoded once, and the datagram of one member with it and the frame before.
pub fn encode_frames() -> Body {
    let (pairs, mut bytes) = (pairs(), Vec::new());
    Box::new(move |timer| {
        timer.time(PASSES * pairs.len(), || {
            for pair in (0..PASSES).flat_map(|_| &pairs) {
                bytes.clear();
                let newest = encode_frame(&pair.frames[1], &pair.frames[0].inputs, None);
                put_frames(&mut bytes, &pair.header(), [&*pair.older, &newest].into_iter());
                black_box(&bytes);
            }
        });
    })
}

/// The same at a client.
pub fn decode_frames() -> Body {
    let pairs = pairs();
    let encode = |pair: &Pair| {
        let mut bytes = Vec::new();
        let newest = encode_frame(&pair.frames[1], &pair.frames[0].inputs, None);
        put_frames(&mut bytes, &pair.header(), [&*pair.older, &newest].into_iter());
        bytes
    };
    let datagrams: Vec<Vec<u8>> = pairs.iter().map(encode).collect();
    Box::new(move |timer| {
        timer.time(PASSES * pairs.len(), || {
            for (pair, datagram) in (0..PASSES).flat_map(|_| pairs.iter().zip(&datagrams)) {
                let message = Frames::decode(datagram).expect("it was encoded just now");
                let previous = [&pair.before, &pair.frames[0].inputs];
                for (place, (bytes, previous)) in message.encoded_frames.iter().zip(previous).enumerate() {
                    let tick = message.oldest().plus(place as u32);
                    black_box(decode_frame(bytes, tick, previous).expect("it was encoded just now"));
                }
            }
        });
    })
}

fn inputs() -> Vec<Inputs> {
    let frames = ScriptedMatch::running(4, 1, FRAMES).frames;
    let message = |window: &[Frame]| {
        let newest = window[INPUTS_MAX - 1].tick;
        Inputs {
            match_low: 1,
            next_frame: newest.minus(4),
            seen_frames: newest.minus(4),
            newest,
            inputs: window.iter().rev().map(|frame| frame.inputs[0]).collect(),
            report: None,
        }
    };
    frames.windows(INPUTS_MAX).map(message).collect()
}

/// Two consecutive frames: what a member gets that has lost frames lately.
struct Pair {
    before: [Input; SLOTS_MAX],
    frames: [Frame; 2],
    /// The first of them, encoded.
    older: Vec<u8>,
}

impl Pair {
    fn header(&self) -> FramesHeader {
        let feedback = Feedback { margin: 80, worst_margin: 60, late: 3, replaced: 2 };
        let newest: Tick = self.frames[1].tick;
        FramesHeader { match_low: 1, newest, input_ack: newest.plus(3), feedback: Some(feedback) }
    }
}

fn pairs() -> Vec<Pair> {
    let frames = ScriptedMatch::running(4, 1, FRAMES).frames;
    let pair = |window: &[Frame]| Pair {
        before: window[0].inputs,
        older: encode_frame(&window[1], &window[0].inputs, None),
        frames: [window[1].clone(), window[2].clone()],
    };
    frames.windows(3).map(pair).collect()
}
