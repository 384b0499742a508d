//! View frames: what a browser shows of a room. A browser simulates nothing; the server asks the game for a view of each
//! room that browsers watch, and sends its bytes to all of them.

use crate::tick::Tick;

/// Maximum size of the view of one room, in bytes. It is sent up to 20 times a second to every browser in the room, so
/// it should be much shorter: 200 bytes make about 6 KB/s.
pub const VIEW_BYTES_MAX: usize = 4096;

/// Writer of one view frame, passed to [`Game::web_view`](crate::game::Game::web_view).
///
/// All numbers are little-endian, as `DataView` reads them with `true` as its last argument. The layout is the game's
/// own; its JavaScript module ([`Game::web_module`](crate::game::Game::web_module)) reads it.
///
/// ```
/// use framehouse_shared::{tick::Tick, web_view::ViewWriter};
///
/// let mut view = ViewWriter::new(Tick(90));
/// view.u8(2);
/// view.quantised(12.34, 0.1);
/// view.quantised(-1.0, 0.1);
/// assert_eq!(view.finish(), Some(vec![2, 123, 0, 246, 255]));
/// ```
#[derive(Debug)]
pub struct ViewWriter {
    since: Tick,
    bytes: Vec<u8>,
}

impl ViewWriter {
    /// An empty view. The previous one of the room had the state before tick `since`.
    pub const fn new(since: Tick) -> Self {
        Self { since, bytes: Vec::new() }
    }

    /// The first tick that the previous view of the room did not have: the game writes the events of the ticks from this
    /// one on, if it keeps recent events in its state. After a pause the distance may be large.
    pub const fn since(&self) -> Tick {
        self.since
    }

    /// Appends a byte.
    pub fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    /// Appends 16 bits.
    pub fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    /// Appends 32 bits.
    pub fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    /// Appends signed 16 bits.
    pub fn i16(&mut self, value: i16) {
        self.put(&value.to_le_bytes());
    }

    /// Appends a coordinate as a multiple of `unit` in signed 16 bits: rounded, and limited to their range. No number
    /// (NaN) is 0.
    pub fn quantised(&mut self, value: f32, unit: f32) {
        self.i16((value / unit).round() as i16);
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        // One byte more than allowed says that the view is too long.
        let left = (VIEW_BYTES_MAX + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(left)]);
    }

    /// The bytes; nothing if they are more than [`VIEW_BYTES_MAX`].
    pub fn finish(self) -> Option<Vec<u8>> {
        Some(self.bytes).filter(|bytes| bytes.len() <= VIEW_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_bounded() {
        let mut view = ViewWriter::new(Tick(0));
        view.put(&[7; VIEW_BYTES_MAX]);
        assert_eq!(view.bytes.len(), VIEW_BYTES_MAX);
        (0..10_000).for_each(|_| view.u32(7));
        assert_eq!(view.bytes.len(), VIEW_BYTES_MAX + 1);
        assert_eq!(view.finish(), None);
    }

    #[test]
    fn coordinates_out_of_range_are_limited() {
        let mut view = ViewWriter::new(Tick(0));
        [f32::INFINITY, -1e9, f32::NAN, 0.26].iter().for_each(|value| view.quantised(*value, 0.5));
        assert_eq!(view.finish(), Some(vec![255, 127, 0, 128, 0, 0, 1, 0]));
    }
}
