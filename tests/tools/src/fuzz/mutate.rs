//! Seeded mutations of inputs, used without libFuzzer.

use framehouse_shared::rng::SimRng;

/// Bytes that decoders treat specially: ends of ranges, continuation bits, tags and length markers.
const SPECIAL: [u8; 16] = [0, 1, 4, 0x0f, 0x3f, 0x40, 0x41, 0x75, 0x7f, 0x80, 0x85, 0xc0, 0xfb, 0xfc, 0xfd, 0xff];
/// The most bytes of an input.
const BYTES_MAX: usize = 4096;

/// Changes an input at one to eight positions. `other` is another input, parts of which are inserted.
pub fn mutate(input: &mut Vec<u8>, other: &[u8], rng: &mut SimRng) {
    for _ in 0..=rng.below(8) {
        mutate_once(input, other, rng);
    }
    input.truncate(BYTES_MAX);
}

fn mutate_once(input: &mut Vec<u8>, other: &[u8], rng: &mut SimRng) {
    let place = rng.below(input.len() as u32 + 1) as usize;
    let magnitude = rng.below(8);
    let length = rng.below(1 << magnitude) as usize;
    let end = (place + length).min(input.len());
    match rng.below(8) {
        0 => input.insert(place, rng.bits() as u8),
        1 => drop(input.drain(place..end)),
        2 => drop(input.splice(place..place, input[place..end].to_vec())),
        3 => {
            let from = rng.below(other.len() as u32 + 1) as usize;
            let to = (from + length).min(other.len());
            drop(input.splice(place..end, other[from..to].to_vec()));
        }
        4 => input.truncate(place),
        5 => input.resize(input.len() + length, SPECIAL[rng.below(16) as usize]),
        what => {
            if let Some(byte) = input.get_mut(place) {
                *byte = if what == 6 { *byte ^ (1 << rng.below(8)) } else { SPECIAL[rng.below(16) as usize] };
            }
        }
    }
}
