//! The newest frames of a match, one after the other in one allocation.

/// Encoded frames of consecutive ticks. Places count from the oldest frame.
#[derive(Debug, Default)]
pub struct NewestFrames {
    bytes: Vec<u8>,
    /// End of each frame in `bytes`.
    ends: Vec<u32>,
}

impl NewestFrames {
    /// Number of frames.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Size in memory, in bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// The frame at a place.
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        let end = *self.ends.get(place)? as usize;
        Some(&self.bytes[self.start(place)..end])
    }

    /// The newest frame.
    pub fn last(&self) -> Option<&[u8]> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Number of bytes of the frames from a place on.
    pub fn bytes_from(&self, place: usize) -> usize {
        self.bytes.len() - self.start(place)
    }

    /// Appends the frame that `put` appends to the bytes.
    pub fn push(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Removes the oldest frames.
    pub fn remove_oldest(&mut self, count: usize) {
        let cut = self.start(count);
        self.bytes.drain(..cut);
        self.ends.drain(..count);
        self.ends.iter_mut().for_each(|end| *end -= cut as u32);
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..40),
            removed: prop::sample::Index,
        ) {
            let mut newest = NewestFrames::default();
            frames.iter().for_each(|frame| newest.push(|bytes| bytes.extend(frame)));
            let removed = removed.index(frames.len());
            newest.remove_oldest(removed);
            let rest = &frames[removed..];
            prop_assert_eq!(newest.len(), rest.len());
            prop_assert!((0..rest.len()).all(|place| newest.get(place) == Some(&rest[place])));
            prop_assert_eq!(newest.get(rest.len()), None);
            prop_assert_eq!(newest.last(), rest.last().map(Vec::as_slice));
            prop_assert!((0..rest.len()).all(|place| newest.bytes_from(place) == rest[place..].concat().len()));
        }
    }
}
