use proptest::{collection::vec, prelude::*};

use super::*;

fn slot(n: u8) -> Slot {
    Slot::new(n).expect("in range")
}

fn input(bytes: [u8; 2]) -> Input {
    Input([bytes[0], 0, 0, 0, 0, 0, 0, bytes[1]])
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    bytes
}

// The golden bytes: a change here is a change of the protocol, so its version in `messages.rs` has to change too.

#[test]
fn inputs_have_their_golden_bytes() {
    let message = Inputs {
        match_low: 3,
        next_frame: Tick(300),
        seen_frames: Tick(302),
        newest: Tick(305),
        inputs: [input([9, 1]), input([9, 1]), input([9, 0])].into_iter().collect(),
        report: None,
    };
    let bytes = encoded(|bytes| message.encode(bytes));
    assert_eq!(bytes, [0x40, 0x33, 0xac, 0x02, 2, 10, 0b1000_0001, 9, 1, 0b10, 0b1000_0000, 0]);
    assert_eq!(Inputs::decode(&bytes), Ok(message));
}

#[test]
fn a_spectators_message_has_no_inputs_and_a_report_comes_last() {
    let message = Inputs {
        match_low: 0,
        next_frame: Tick(5),
        seen_frames: Tick(5),
        newest: Tick(0),
        inputs: ArrayVec::new(),
        report: Some((Tick(4), 7)),
    };
    let bytes = encoded(|bytes| message.encode(bytes));
    assert_eq!(bytes, [0x40, 0, 5, 0, 4, 7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(Inputs::decode(&bytes), Ok(message));
}

#[test]
fn frames_have_their_golden_bytes() {
    let mut previous = [Input::NEUTRAL; SLOTS_MAX];
    let mut first = Frame { tick: Tick(29), ..Default::default() };
    first.inputs[1] = input([7, 0]);
    first.events.push(RosterEvent { change: RosterChange::Leave, slot: slot(2) });
    first.events.push(RosterEvent { change: RosterChange::Join, slot: slot(2) });
    let encoded_frame = encode_frame(&first, &previous, Some(0x0102_0304_0506_0708));
    assert_eq!(encoded_frame, [0b10_101, 1, 7, 2, 0x02, 0x82, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(decode_frame(&encoded_frame, Tick(29), &previous), Ok((first.clone(), Some(0x0102_0304_0506_0708))));

    previous = first.inputs;
    let mut second = Frame { tick: Tick(30), inputs: previous, ..Default::default() };
    second.commands.push(Command { slot: slot(0), bytes: [5, 6].into_iter().collect() });
    let second_frame = encode_frame(&second, &previous, None);
    assert_eq!(second_frame, [0b010, 1, 0, 2, 5, 6]);

    let feedback = Feedback { margin: -1, worst_margin: 128, late: 2, replaced: 300 };
    let header = FramesHeader { match_low: 1, newest: Tick(30), input_ack: Tick(33), feedback: Some(feedback) };
    let encoded_frames = [encoded_frame.as_slice(), second_frame.as_slice()];
    let bytes = encoded(|bytes| put_frames(bytes, &header, encoded_frames.into_iter()));
    let head = [0x41, 0x15, 30, 6, 1, 0x80, 0x02, 2, 0xac, 0x02];
    assert_eq!(bytes, [&head, encoded_frame.as_slice(), &second_frame].concat());
    let decoded = Frames::decode(&bytes).expect("our own message");
    assert_eq!(decoded.header, header);
    assert_eq!(decoded.encoded_frames.as_slice(), encoded_frames);
    assert_eq!(decoded.oldest(), Tick(29));
}

#[test]
fn entropy_costs_six_bytes_of_one_frame_a_second() {
    let frame = Frame { entropy: Some(Entropy(0x0403_0201)), ..Default::default() };
    let encoded_frame = encode_frame(&frame, &[Input::NEUTRAL; SLOTS_MAX], None);
    assert_eq!(encoded_frame, [0x80, 0x80, 0x20, 1, 2, 3, 4]);
    // In two datagrams to each of 16 members: far less than 1 % of the 10 KB/s of a room of three.
    assert_eq!(encoded_frame.len() - encode_frame(&Frame::default(), &frame.inputs, None).len(), 6);
}

#[test]
fn a_quiet_frame_costs_six_bytes() {
    let encoded_frame = encode_frame(&Frame::default(), &[Input::NEUTRAL; SLOTS_MAX], None);
    let header = FramesHeader { match_low: 0, newest: Tick(1), input_ack: Tick(2), feedback: None };
    let bytes = encoded(|bytes| put_frames(bytes, &header, [encoded_frame.as_slice(), &encoded_frame].into_iter()));
    assert_eq!(bytes, [0x41, 0x04, 1, 2, 0, 0]);
}

#[test]
fn pings_have_their_golden_bytes() {
    assert_eq!(encoded(|bytes| Ping { nonce: 0x0403_0201 }.encode(bytes)), [0x42, 1, 2, 3, 4]);
    assert_eq!(encoded(|bytes| Pong { nonce: 1, room_time: None }.encode(bytes)), [0x43, 1, 0, 0, 0]);
    assert_eq!(encoded(|bytes| Pong { nonce: 1, room_time: Some(-3) }.encode(bytes)), [0x43, 1, 0, 0, 0, 5]);
}

#[test]
fn a_probe_has_its_golden_bytes() {
    let probe = Probe { nonce: 0x0807_0605_0403_0201 };
    assert_eq!(probe.encode(), [0x44, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(Probe::decode(&probe.encode()), Ok(probe));
}

fn any_input() -> impl Strategy<Value = Input> {
    any::<[u8; 8]>().prop_map(Input)
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let event = (any::<bool>(), 0u8..16).prop_map(|(join, n)| RosterEvent {
        change: if join { RosterChange::Join } else { RosterChange::Leave },
        slot: slot(n),
    });
    let command = (0u8..16, vec(any::<u8>(), 0..=64))
        .prop_map(|(n, b)| Command { slot: slot(n), bytes: b.into_iter().collect() });
    let inputs = proptest::array::uniform16(any_input());
    (any::<u32>(), inputs, vec(event, 0..=32), vec(command, 0..=8), any::<Option<u32>>()).prop_map(
        |(tick, inputs, events, commands, entropy)| Frame {
            tick: Tick(tick),
            inputs,
            events: events.into_iter().collect(),
            commands,
            entropy: entropy.map(Entropy),
        },
    )
}

proptest! {
    #[test]
    fn inputs_read_back(match_low in 0u8..16, next: u32, ahead in 0u32..1000, newest: u32, inputs in vec(any_input(), 0..=8), report: Option<(u32, u64)>) {
        let newest = if inputs.is_empty() { 0 } else { newest };
        let message = Inputs {
            match_low,
            next_frame: Tick(next),
            seen_frames: Tick(next).plus(ahead),
            newest: Tick(newest),
            inputs: inputs.into_iter().collect(),
            report: report.map(|(tick, hash)| (Tick(tick), hash)),
        };
        let bytes = encoded(|bytes| message.encode(bytes));
        prop_assert_eq!(Inputs::decode(&bytes), Ok(message));
    }

    #[test]
    fn frames_read_back(frame in any_frame(), previous in proptest::array::uniform16(any_input()), hash: Option<u64>) {
        let encoded_frame = encode_frame(&frame, &previous, hash);
        prop_assert_eq!(decode_frame(&encoded_frame, frame.tick, &previous), Ok((frame, hash)));
        let header = FramesHeader { match_low: 2, newest: Tick(9), input_ack: Tick(0), feedback: None };
        let bytes = encoded(|bytes| put_frames(bytes, &header, std::iter::repeat_n(encoded_frame.as_slice(), 9)));
        let decoded = Frames::decode(&bytes).expect("our own message");
        prop_assert_eq!(decoded.encoded_frames.len(), 9);
        prop_assert!(decoded.encoded_frames.iter().all(|b| *b == encoded_frame.as_slice()));
    }

    #[test]
    fn any_bytes_are_read_without_panic(mut bytes in vec(any::<u8>(), 1..80), tag in 0x40u8..0x45) {
        let _ = decode_frame(&bytes, Tick(0), &[Input::NEUTRAL; SLOTS_MAX]);
        bytes[0] = tag;
        let _ = (Inputs::decode(&bytes), Frames::decode(&bytes).is_ok(), Ping::decode(&bytes), Pong::decode(&bytes), Probe::decode(&bytes));
    }
}

#[test]
fn the_largest_frame_has_the_largest_size() {
    let commands = Slot::all().take(COMMANDS_MAX).map(|slot| Command { slot, bytes: [9; COMMAND_BYTES_MAX].into() });
    let events = Slot::all()
        .flat_map(|slot| [RosterChange::Leave, RosterChange::Join].map(|change| RosterEvent { change, slot }));
    let frame = Frame {
        tick: Tick(29),
        inputs: [Input([1; INPUT_BYTES]); SLOTS_MAX],
        events: events.collect(),
        commands: commands.collect(),
        entropy: Some(Entropy(7)),
    };
    assert_eq!(encode_frame(&frame, &[Input::NEUTRAL; SLOTS_MAX], Some(1)).len(), FRAME_BYTES_MAX);
}
