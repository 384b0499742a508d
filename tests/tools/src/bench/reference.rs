//! The reference calculation: a fixed chain of multiplications and a fixed walk through memory. It uses no code of the
//! project or of a library, so that only the machine changes its time.

use std::hint::black_box;

use super::Body;

const MULTIPLICATIONS: u64 = 200_000;
/// Places of the walk: 512 KiB, more than the fastest caches have.
const PLACES: u32 = 128 << 10;
const STEPS: u32 = 50_000;

/// The calculation. It is one operation.
pub fn calculation() -> Body {
    let next = shuffled_circle();
    Box::new(move |timer| {
        timer.time(1, || {
            let hash = (0..black_box(MULTIPLICATIONS)).fold(0, |hash, number| scrambled(hash ^ number));
            let place = (0..STEPS).fold(black_box(0), |place: u32, _| next[place as usize]);
            (hash, place)
        });
    })
}

fn scrambled(bits: u64) -> u64 {
    (bits ^ bits >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// For every place the next one of a walk that visits all in a random order.
fn shuffled_circle() -> Vec<u32> {
    let mut order: Vec<u32> = (0..PLACES).collect();
    order.sort_by_key(|place| scrambled(scrambled(u64::from(*place) + 1)));
    let mut next = vec![0; PLACES as usize];
    for (place, after) in order.iter().zip(order.iter().cycle().skip(1)) {
        next[*place as usize] = *after;
    }
    next
}
