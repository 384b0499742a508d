//! Unreliable datagrams: inputs to the server, frames to the clients, pings. The format is hand-written, because every
//! client sends and receives them in every tick.
//!
//! All numbers are LEB128 varints, signed ones zigzag-encoded. The first byte is the tag. The second one holds the low
//! four bits of the match's number in its high nibble, so that late datagrams of another match are ignored.
//!
//! ```text
//! Inputs  0x40  match<<4|count  next_frame  seen-next_frame  [count > 0: newest-next_frame  input  [changed bits]  input..]  [tick hash(8)]
//! Frames  0x41  match<<4|count<<1|feedback  newest  input_ack-newest  [count field 0: count]  [feedback: margin worst late replaced]  frame..
//! Ping    0x42  nonce(4)
//! Pong    0x43  nonce(4)  [room time]
//! Probe   0x44  nonce(8)
//! input   mask of bytes that differ from the next newer input (from zeros for the newest), those bytes
//! frame    entropy<<19|slots<<3|hash<<2|commands<<1|events  input..  [events: count, (slot|join<<7)..]  [commands: count, (slot len bytes)..]  [entropy(4)]  [hash(8)]
//! ```

use arrayvec::ArrayVec;

use super::codec::{CodecError, Reader, put_signed, put_varint};
use crate::{
    ids::{SLOTS_MAX, Slot, SlotMask, slots_in},
    input::{
        COMMAND_BYTES_MAX, COMMANDS_MAX, Command, Entropy, Frame, INPUT_BYTES, Input, ROSTER_EVENTS_MAX, RosterChange,
        RosterEvent,
    },
    tick::Tick,
};

/// Tag of [`Inputs`].
pub const TAG_INPUTS: u8 = 0x40;
/// Tag of [`Frames`].
pub const TAG_FRAMES: u8 = 0x41;
/// Tag of [`Ping`].
pub const TAG_PING: u8 = 0x42;
/// Tag of [`Pong`].
pub const TAG_PONG: u8 = 0x43;
/// Tag of [`Probe`].
pub const TAG_PROBE: u8 = 0x44;

/// Maximum number of inputs in one message: the unacknowledged ones, newest first (800 ms at 10 Hz, 267 ms at 30 Hz, 67
/// ms at 120 Hz). At any tick rate an input is lost only if 8 packets in a row are lost, or 4 in economy mode.
pub const INPUTS_MAX: usize = 8;
/// Maximum number of frames in one message, for a client with missing frames (1.6 s at 10 Hz, 533 ms at 30 Hz, 133 ms
/// at 120 Hz). Longer gaps are filled on the reliable path.
pub const FRAMES_MAX: usize = 16;
/// Maximum size of the frames in one message, in bytes; a larger frame is sent alone.
pub const FRAMES_BYTES_MAX: usize = 1100;
/// Maximum size of one encoded frame, in bytes: all inputs change, and there are as many events and commands as possible.
pub const FRAME_BYTES_MAX: usize = 3
    + SLOTS_MAX * (1 + INPUT_BYTES)
    + (1 + ROSTER_EVENTS_MAX)
    + (1 + COMMANDS_MAX * (2 + COMMAND_BYTES_MAX))
    + size_of::<Entropy>()
    + size_of::<u64>();

/// Bit of a frame's head for its entropy: above the slots, so that only frames with it are longer.
const ENTROPY_BIT: u32 = 1 << 19;

/// Inputs of a client, and which frames it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Low four bits of the match's number.
    pub match_low: u8,
    /// First frame that the client is missing.
    pub next_frame: Tick,
    /// One past the newest frame that the client has; more than `next_frame` if frames in between are missing.
    pub seen_frames: Tick,
    /// Tick of the newest input.
    pub newest: Tick,
    /// Inputs of `newest`, `newest - 1`, ..; empty from spectators.
    pub inputs: ArrayVec<Input, INPUTS_MAX>,
    /// A confirmed tick and the hash of the client's state after it; present every 30 ticks (3 s at 10 Hz, 1 s at 30
    /// Hz, 0.25 s at 120 Hz).
    pub report: Option<(Tick, u64)>,
}

impl Inputs {
    /// Appends the message.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend([TAG_INPUTS, self.match_low << 4 | self.inputs.len() as u8]);
        put_varint(bytes, u64::from(self.next_frame.0));
        put_varint(bytes, u64::from(self.seen_frames.since(self.next_frame)));
        if let Some((newest, older)) = self.inputs.split_first() {
            self.put_inputs(bytes, *newest, older);
        }
        if let Some((tick, hash)) = self.report {
            put_varint(bytes, u64::from(tick.0));
            bytes.extend(hash.to_le_bytes());
        }
    }

    fn put_inputs(&self, bytes: &mut Vec<u8>, newest: Input, older: &[Input]) {
        put_signed(bytes, i64::from(self.newest.0) - i64::from(self.next_frame.0));
        put_input(bytes, Input::NEUTRAL, newest);
        if !older.is_empty() {
            let pairs = || self.inputs.iter().zip(older);
            bytes.push(pairs().enumerate().fold(0, |bits, (i, (newer, input))| bits | u8::from(newer != input) << i));
            pairs().filter(|(newer, input)| newer != input).for_each(|(newer, input)| put_input(bytes, *newer, *input));
        }
    }

    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = tagged(bytes, TAG_INPUTS)?;
        let head = reader.u8()?;
        let count = usize::from(head & 0x0f);
        let next_frame = reader.varint32()?;
        let seen = next_frame.checked_add(reader.varint32()?).ok_or(CodecError::Invalid)?;
        let mut message = Self {
            match_low: head >> 4,
            next_frame: Tick(next_frame),
            seen_frames: Tick(seen),
            newest: Tick(0),
            inputs: ArrayVec::new(),
            report: None,
        };
        if count > INPUTS_MAX {
            return Err(CodecError::Invalid);
        }
        if count > 0 {
            message.newest = offset(next_frame, reader.signed()?)?;
            message.inputs.push(take_input(&mut reader, Input::NEUTRAL)?);
        }
        if count > 1 {
            let changed = reader.u8()?;
            if u32::from(changed) >> (count - 1) != 0 {
                return Err(CodecError::Invalid);
            }
            for i in 0..count - 1 {
                let newer = message.inputs[i];
                let differs = changed >> i & 1 == 1;
                message.inputs.push(if differs { take_input(&mut reader, newer)? } else { newer });
            }
        }
        if !reader.rest().is_empty() {
            message.report = Some((Tick(reader.varint32()?), reader.u64()?));
        }
        reader.finish()?;
        Ok(message)
    }
}

/// Arrival times of a client's inputs, measured by the server, for the clock of the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Time from the arrival of the newest input to the close of its tick, in 1/256 tick; negative if it was late.
    pub margin: i16,
    /// Lowest margin of the last second, in 1/256 tick.
    pub worst_margin: i16,
    /// Number of inputs of this match that came too late.
    pub late: u32,
    /// Number of ticks of this match with a replacement for a missing input.
    pub replaced: u32,
}

/// Header of a `Frames` message, different for each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramesHeader {
    /// Low four bits of the match's number.
    pub match_low: u8,
    /// Tick of the newest frame in the message.
    pub newest: Tick,
    /// One past the newest input tick that the server has from this client; 0 before the first input.
    pub input_ack: Tick,
    /// Feedback on the client's inputs; present every 0.13 s, and at once after a late input.
    pub feedback: Option<Feedback>,
}

/// Appends a `Frames` message: a header and encoded frames of consecutive ticks up to `header.newest`, oldest first.
///
/// # Panics
/// When the number of frames is 0 or more than [`FRAMES_MAX`].
pub fn put_frames<'a>(
    bytes: &mut Vec<u8>,
    header: &FramesHeader,
    encoded_frames: impl ExactSizeIterator<Item = &'a [u8]>,
) {
    let count = encoded_frames.len();
    assert!((1..=FRAMES_MAX).contains(&count), "a Frames message holds 1 to {FRAMES_MAX} frames");
    let short_count = if count < 8 { count as u8 } else { 0 };
    bytes.extend([TAG_FRAMES, header.match_low << 4 | short_count << 1 | u8::from(header.feedback.is_some())]);
    put_varint(bytes, u64::from(header.newest.0));
    put_signed(bytes, i64::from(header.input_ack.0) - i64::from(header.newest.0));
    if short_count == 0 {
        bytes.push(count as u8);
    }
    if let Some(feedback) = &header.feedback {
        put_signed(bytes, i64::from(feedback.margin));
        put_signed(bytes, i64::from(feedback.worst_margin));
        put_varint(bytes, u64::from(feedback.late));
        put_varint(bytes, u64::from(feedback.replaced));
    }
    encoded_frames.for_each(|encoded_frame| bytes.extend_from_slice(encoded_frame));
}

/// A received `Frames` message: its header and the encoded frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames<'a> {
    /// Header.
    pub header: FramesHeader,
    /// Encoded frames, oldest first; the last one is `header.newest`.
    pub encoded_frames: ArrayVec<&'a [u8], FRAMES_MAX>,
}

impl<'a> Frames<'a> {
    /// Decodes a whole message. Only the shape of the frames is checked: decoding one requires the frame before it.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let mut reader = tagged(bytes, TAG_FRAMES)?;
        let head = reader.u8()?;
        let newest = reader.varint32()?;
        let input_ack = offset(newest, reader.signed()?)?;
        let count = match head >> 1 & 7 {
            0 => reader.u8()?,
            count => count,
        };
        let feedback = if head & 1 == 1 { Some(take_feedback(&mut reader)?) } else { None };
        if count == 0 || usize::from(count) > FRAMES_MAX || u32::from(count) > newest.saturating_add(1) {
            return Err(CodecError::Invalid);
        }
        let mut encoded_frames = ArrayVec::new();
        for _ in 0..count {
            encoded_frames.push(take_encoded_frame(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self {
            header: FramesHeader { match_low: head >> 4, newest: Tick(newest), input_ack, feedback },
            encoded_frames,
        })
    }

    /// Tick of the oldest frame in the message.
    pub fn oldest(&self) -> Tick {
        self.header.newest.minus(self.encoded_frames.len() as u32 - 1)
    }
}

/// Encodes a closed frame, as [`put_frame`] does.
///
/// # Panics
/// When the frame has too many events or commands.
pub fn encode_frame(frame: &Frame, previous: &[Input; SLOTS_MAX], hash: Option<u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    put_frame(&mut bytes, frame, previous, hash);
    bytes
}

/// Appends a closed frame as the difference to the inputs of the previous tick; once for all members of a room.
///
/// # Panics
/// When the frame has too many events or commands.
pub fn put_frame(bytes: &mut Vec<u8>, frame: &Frame, previous: &[Input; SLOTS_MAX], hash: Option<u64>) {
    assert!(frame.commands.len() <= COMMANDS_MAX, "a frame holds at most {COMMANDS_MAX} commands");
    let changed = Slot::all()
        .filter(|slot| frame.inputs[slot.index()] != previous[slot.index()])
        .fold(0, |mask: SlotMask, slot| mask | slot.bit());
    let flags = u64::from(hash.is_some()) << 2
        | u64::from(!frame.commands.is_empty()) << 1
        | u64::from(!frame.events.is_empty());
    let entropy = if frame.entropy.is_some() { u64::from(ENTROPY_BIT) } else { 0 };
    put_varint(bytes, entropy | u64::from(changed) << 3 | flags);
    for slot in slots_in(changed) {
        put_input(bytes, previous[slot.index()], frame.inputs[slot.index()]);
    }
    if !frame.events.is_empty() {
        bytes.push(frame.events.len() as u8);
        bytes.extend(frame.events.iter().map(|e| u8::from(e.slot) | u8::from(e.change == RosterChange::Join) << 7));
    }
    if !frame.commands.is_empty() {
        bytes.push(frame.commands.len() as u8);
        for command in &frame.commands {
            bytes.extend([u8::from(command.slot), command.bytes.len() as u8]);
            bytes.extend_from_slice(&command.bytes);
        }
    }
    bytes.extend(frame.entropy.into_iter().flat_map(|entropy| entropy.0.to_le_bytes()));
    if let Some(hash) = hash {
        bytes.extend(hash.to_le_bytes());
    }
}

/// Decodes the frame of `tick` from the difference to the inputs of the previous tick, and the hash after the tick.
///
/// # Errors
/// When the bytes are not exactly one frame.
pub fn decode_frame(
    bytes: &[u8],
    tick: Tick,
    previous: &[Input; SLOTS_MAX],
) -> Result<(Frame, Option<u64>), CodecError> {
    let mut reader = Reader::new(bytes);
    let head = reader.varint32()?;
    let mut frame = Frame { tick, inputs: *previous, ..Default::default() };
    for slot in slots_in(changed_slots(head)?) {
        frame.inputs[slot.index()] = take_input(&mut reader, previous[slot.index()])?;
    }
    if head & 1 != 0 {
        for _ in 0..take_count(&mut reader, ROSTER_EVENTS_MAX)? {
            let byte = reader.u8()?;
            let change = if byte & 0x80 != 0 { RosterChange::Join } else { RosterChange::Leave };
            frame.events.push(RosterEvent { change, slot: take_slot(byte & 0x7f)? });
        }
    }
    if head & 2 != 0 {
        for _ in 0..take_count(&mut reader, COMMANDS_MAX)? {
            frame.commands.push(take_command(&mut reader)?);
        }
    }
    if head & ENTROPY_BIT != 0 {
        frame.entropy = Some(Entropy(take_u32(&mut reader)?));
    }
    let hash = if head & 4 != 0 { Some(reader.u64()?) } else { None };
    reader.finish()?;
    Ok((frame, hash))
}

/// Request for the room's time, sent every 500 ms, below 20 Hz every 10 ticks (twice as rarely in economy mode, from the
/// first match on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Number that the [`Pong`] repeats.
    pub nonce: u32,
}

/// Answer to a [`Ping`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// Nonce of the ping.
    pub nonce: u32,
    /// Room time at which the answer was sent, in 1/256 tick since the start of the match's first tick. Negative during
    /// the countdown, `None` while no match is set.
    pub room_time: Option<i64>,
}

impl Ping {
    /// Appends the message.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(TAG_PING);
        bytes.extend(self.nonce.to_le_bytes());
    }

    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = tagged(bytes, TAG_PING)?;
        let nonce = take_u32(&mut reader)?;
        reader.finish()?;
        Ok(Self { nonce })
    }
}

impl Pong {
    /// Appends the message.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(TAG_PONG);
        bytes.extend(self.nonce.to_le_bytes());
        if let Some(time) = self.room_time {
            put_signed(bytes, time);
        }
    }

    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = tagged(bytes, TAG_PONG)?;
        let nonce = take_u32(&mut reader)?;
        let room_time = if reader.rest().is_empty() { None } else { Some(reader.signed()?) };
        reader.finish()?;
        Ok(Self { nonce, room_time })
    }
}

/// Test of an address that a client's datagrams come from since a moment ago: the client sends it back at once, which
/// shows that it receives there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Random number.
    pub nonce: u64,
}

impl Probe {
    /// The message.
    pub fn encode(&self) -> [u8; 9] {
        let mut bytes = [TAG_PROBE; 9];
        bytes[1..].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }

    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = tagged(bytes, TAG_PROBE)?;
        let nonce = reader.u64()?;
        reader.finish()?;
        Ok(Self { nonce })
    }
}

fn tagged(bytes: &[u8], tag: u8) -> Result<Reader<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? == tag { Ok(reader) } else { Err(CodecError::Invalid) }
}

fn offset(base: u32, difference: i64) -> Result<Tick, CodecError> {
    let tick = i64::from(base).checked_add(difference).ok_or(CodecError::Invalid)?;
    u32::try_from(tick).map(Tick).map_err(|_| CodecError::Invalid)
}

fn put_input(bytes: &mut Vec<u8>, base: Input, input: Input) {
    let changed = |i: &usize| base.0[*i] != input.0[*i];
    bytes.push((0..INPUT_BYTES).filter(changed).fold(0, |mask, i| mask | 1 << i));
    bytes.extend((0..INPUT_BYTES).filter(changed).map(|i| input.0[i]));
}

fn take_input(reader: &mut Reader, base: Input) -> Result<Input, CodecError> {
    let mask = reader.u8()?;
    let mut input = base;
    for (i, byte) in input.0.iter_mut().enumerate() {
        if mask >> i & 1 == 1 {
            *byte = reader.u8()?;
        }
    }
    Ok(input)
}

fn take_feedback(reader: &mut Reader) -> Result<Feedback, CodecError> {
    let mut margin = || i16::try_from(reader.signed()?).map_err(|_| CodecError::Invalid);
    let (margin, worst_margin) = (margin()?, margin()?);
    Ok(Feedback { margin, worst_margin, late: reader.varint32()?, replaced: reader.varint32()? })
}

/// Takes one encoded frame and checks its shape.
fn take_encoded_frame<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], CodecError> {
    let start = reader.rest();
    let head = reader.varint32()?;
    for _ in slots_in(changed_slots(head)?) {
        take_input(reader, Input::NEUTRAL)?;
    }
    if head & 1 != 0 {
        let count = take_count(reader, ROSTER_EVENTS_MAX)?;
        reader.bytes(count)?;
    }
    if head & 2 != 0 {
        for _ in 0..take_count(reader, COMMANDS_MAX)? {
            take_command(reader)?;
        }
    }
    if head & ENTROPY_BIT != 0 {
        take_u32(reader)?;
    }
    if head & 4 != 0 {
        reader.u64()?;
    }
    Ok(&start[..start.len() - reader.rest().len()])
}

fn changed_slots(head: u32) -> Result<SlotMask, CodecError> {
    SlotMask::try_from((head & !ENTROPY_BIT) >> 3).map_err(|_| CodecError::Invalid)
}

fn take_count(reader: &mut Reader, max: usize) -> Result<usize, CodecError> {
    let count = usize::from(reader.u8()?);
    if (1..=max).contains(&count) { Ok(count) } else { Err(CodecError::Invalid) }
}

fn take_slot(number: u8) -> Result<Slot, CodecError> {
    Slot::new(number).ok_or(CodecError::Invalid)
}

fn take_command(reader: &mut Reader) -> Result<Command, CodecError> {
    let slot = take_slot(reader.u8()?)?;
    let length = usize::from(reader.u8()?);
    if length > COMMAND_BYTES_MAX {
        return Err(CodecError::Invalid);
    }
    Ok(Command { slot, bytes: reader.bytes(length)?.iter().copied().collect() })
}

fn take_u32(reader: &mut Reader) -> Result<u32, CodecError> {
    let bytes = reader.bytes(4)?;
    Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were read")))
}

#[cfg(test)]
mod tests;
