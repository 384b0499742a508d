//! Ranges of a match's frames: the ticks of a replay without the hashes of each component. A server stores old frames
//! in this form, and sends them to clients that go back in a running match.

use arrayvec::ArrayVec;

use super::{BLOCK_BYTES_MAX, BLOCK_TICKS};
use crate::{
    ids::{SLOTS_MAX, Slot},
    input::{Frame, Input, RosterChange},
    protocol::{
        codec::{CodecError, Reader, put_varint},
        datagram::decode_frame,
        messages::NAME_BYTES_MAX,
    },
    tick::Tick,
};

/// Maximum length of a range, in ticks: 30 s at 10 Hz, 10 s at 30 Hz, 2.5 s at 120 Hz.
pub const RANGE_TICKS_MAX: u32 = BLOCK_TICKS;
/// Maximum size of a range before compression, in bytes. The longest possible ticks need a little less.
pub const RANGE_BYTES_MAX: usize = BLOCK_BYTES_MAX;

/// A tick from the history of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTick {
    /// Frame: everything that the simulation of the tick depends on.
    pub frame: Frame,
    /// Slots and names of the players that join in it, in the order of the frame's events.
    pub joined: ArrayVec<(Slot, String), SLOTS_MAX>,
    /// Hash of the state after it, for every 30th tick.
    pub hash: Option<u64>,
}

/// Slots of the players that join in a frame, in the order of its events.
pub fn joined_in(frame: &Frame) -> impl Iterator<Item = Slot> {
    frame.events.iter().filter(|event| event.change == RosterChange::Join).map(|event| event.slot)
}

/// Appends a tick: its frame as [`encode_frame`](crate::protocol::datagram::encode_frame) encoded it, and the names of
/// players that [join in it](joined_in), each cut off after [`NAME_BYTES_MAX`] bytes.
pub fn put_past_tick<'a>(bytes: &mut Vec<u8>, encoded_frame: &[u8], names: impl Iterator<Item = &'a str>) {
    put_varint(bytes, encoded_frame.len() as u64);
    bytes.extend_from_slice(encoded_frame);
    for name in names {
        let name = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name.as_bytes());
    }
}

/// Reads the next tick. `previous` are the inputs of the tick before it.
pub(super) fn take_past_tick(
    reader: &mut Reader,
    tick: Tick,
    previous: &[Input; SLOTS_MAX],
) -> Result<PastTick, CodecError> {
    let length = reader.varint32()? as usize;
    let (frame, hash) = decode_frame(reader.bytes(length)?, tick, previous)?;
    let mut joined = ArrayVec::new();
    for slot in joined_in(&frame) {
        joined.try_push((slot, take_name(reader)?)).map_err(|_| CodecError::Invalid)?;
    }
    Ok(PastTick { frame, joined, hash })
}

/// Reads a whole range: exactly `ticks` ticks from `first` on. `previous` are the inputs of the tick before `first`.
///
/// # Errors
/// When the bytes are anything else, or the range is longer than [`RANGE_TICKS_MAX`] or [`RANGE_BYTES_MAX`].
pub fn read_range(
    bytes: &[u8],
    first: Tick,
    ticks: u32,
    mut previous: [Input; SLOTS_MAX],
) -> Result<Vec<PastTick>, CodecError> {
    let is_last_in_range = first.0.checked_add(ticks).is_some();
    if ticks > RANGE_TICKS_MAX || bytes.len() > RANGE_BYTES_MAX || !is_last_in_range {
        return Err(CodecError::Invalid);
    }
    let mut reader = Reader::new(bytes);
    let mut range = Vec::new();
    for place in 0..ticks {
        let tick = take_past_tick(&mut reader, first.plus(place), &previous)?;
        previous = tick.frame.inputs;
        range.push(tick);
    }
    reader.finish()?;
    Ok(range)
}

fn take_name(reader: &mut Reader) -> Result<String, CodecError> {
    let length = usize::from(reader.u8()?);
    if length > NAME_BYTES_MAX {
        return Err(CodecError::Invalid);
    }
    String::from_utf8(reader.bytes(length)?.to_vec()).map_err(|_| CodecError::Invalid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{input::RosterEvent, protocol::datagram::encode_frame};

    const SLOT: Slot = Slot::new(2).expect("in range");
    const NEUTRAL: [Input; SLOTS_MAX] = [Input::NEUTRAL; SLOTS_MAX];

    fn range() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut first = Frame { tick: Tick(7), ..Frame::default() };
        first.events.push(RosterEvent { change: RosterChange::Join, slot: SLOT });
        put_past_tick(&mut bytes, &encode_frame(&first, &NEUTRAL, None), ["Ada"].into_iter());
        let second = Frame { tick: Tick(8), ..Frame::default() };
        put_past_tick(&mut bytes, &encode_frame(&second, &NEUTRAL, Some(9)), std::iter::empty());
        bytes
    }

    #[test]
    fn a_range_reads_back_with_names_and_hashes() {
        let read = read_range(&range(), Tick(7), 2, NEUTRAL).expect("a whole range");
        assert_eq!(read[0].joined[..], [(SLOT, "Ada".to_owned())]);
        assert_eq!((read[0].hash, read[1].hash, read[1].frame.tick), (None, Some(9), Tick(8)));
    }

    #[test]
    fn a_range_of_another_length_is_refused() {
        assert!(read_range(&range(), Tick(7), 1, NEUTRAL).is_err());
        assert!(read_range(&range(), Tick(7), 3, NEUTRAL).is_err());
        assert!(read_range(&[0; 2 * RANGE_BYTES_MAX], Tick(7), RANGE_TICKS_MAX, NEUTRAL).is_err());
        assert!(read_range(&range(), Tick(u32::MAX), 2, NEUTRAL).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, first: u32, ticks: u32) {
            let _ = read_range(&bytes, Tick(first), ticks, NEUTRAL);
        }
    }
}
