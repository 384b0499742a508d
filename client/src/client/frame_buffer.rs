//! Buffer of received frames, still encoded: a frame can only be decoded after the one before it.

use std::collections::VecDeque;

use framehouse_shared::tick::{SimRate, Tick};

/// Size of the buffer's window, in ticks from the next frame on (60 s at 10 Hz, 20 s at 30 Hz, 5 s at 120 Hz); later
/// frames are dropped.
pub const FRAME_BUFFER_TICKS_MAX: usize = 600;
/// Seconds of taken frames kept, for a state that is a little older than the last confirmed tick.
const TAKEN_SECONDS: f64 = 2.125;

/// A window of encoded frames by tick, with gaps.
#[derive(Debug)]
pub struct FrameBuffer {
    /// Maximum number of taken frames.
    taken_max: usize,
    /// Frames already taken, the newest last: those right before `base`.
    taken: VecDeque<Vec<u8>>,
    base: Tick,
    /// The frames from `base` on. The last one is present, or the window is empty.
    frames: VecDeque<Option<Vec<u8>>>,
    /// Number of frames from `base` on without a gap.
    contiguous: usize,
    /// One past the newest frame that ever arrived, buffered or not.
    received_end: Tick,
    is_started: bool,
}

impl FrameBuffer {
    /// An empty window.
    pub fn new(rate: SimRate) -> Self {
        Self {
            taken_max: rate.ticks(TAKEN_SECONDS) as usize,
            taken: VecDeque::new(),
            base: Tick(0),
            frames: VecDeque::new(),
            contiguous: 0,
            received_end: Tick(0),
            is_started: false,
        }
    }

    /// Stores a frame if it is new and inside the window.
    pub fn insert(&mut self, tick: Tick, encoded_frame: &[u8]) {
        self.received_end = self.received_end.max(tick.plus(1));
        if !self.is_started && self.frames.is_empty() {
            // Before the first state the first frame is unknown: accept any.
            self.base = tick;
        }
        let Some(place) = tick.0.checked_sub(self.base.0).map(|place| place as usize) else { return };
        if place >= FRAME_BUFFER_TICKS_MAX {
            return;
        }
        if place >= self.frames.len() {
            self.frames.resize(place + 1, None);
        }
        self.frames[place].get_or_insert_with(|| encoded_frame.to_vec());
        self.count_contiguous();
    }

    /// Makes `tick` the next frame to take.
    pub fn start_at(&mut self, tick: Tick) {
        self.is_started = true;
        while self.base > tick && !self.taken.is_empty() {
            self.frames.push_front(self.taken.pop_back());
            self.base = self.base.minus(1);
        }
        let missing = self.base.since(tick) as usize;
        if missing + self.frames.len() > FRAME_BUFFER_TICKS_MAX {
            self.frames.clear();
        } else {
            (0..missing).for_each(|_| self.frames.push_front(None));
        }
        let skipped = (tick.since(self.base) as usize).min(self.frames.len());
        self.frames.drain(..skipped);
        // The taken frames belong before another base now.
        if skipped > 0 || missing > 0 {
            self.taken.clear();
        }
        self.base = tick;
        self.contiguous = 0;
        self.count_contiguous();
    }

    /// The next frame, if it has arrived.
    pub fn peek(&self) -> Option<(Tick, &[u8])> {
        self.frames.front()?.as_deref().map(|encoded_frame| (self.base, encoded_frame))
    }

    /// Goes on to the following frame.
    pub fn take(&mut self) {
        if let Some(Some(encoded_frame)) = self.frames.pop_front() {
            if self.taken.len() == self.taken_max {
                self.taken.pop_front();
            }
            self.taken.push_back(encoded_frame);
            self.base = self.base.plus(1);
            self.contiguous -= 1;
        }
    }

    /// Drops the next frame because it could not be decoded, so that it can arrive again.
    pub fn discard(&mut self) {
        if let Some(front) = self.frames.front_mut() {
            *front = None;
        }
        self.contiguous = 0;
        if self.frames.iter().all(Option::is_none) {
            self.frames.clear();
        }
    }

    /// The tick of the next frame to take.
    pub const fn base(&self) -> Tick {
        self.base
    }

    /// The tick of the first frame that has not arrived.
    pub fn next_missing(&self) -> Tick {
        self.base.plus(self.contiguous as u32)
    }

    /// One past the newest buffered frame.
    pub fn seen(&self) -> Tick {
        self.base.plus(self.frames.len() as u32)
    }

    /// One past the newest frame that ever arrived, even if it was too far ahead to be buffered.
    pub const fn received_end(&self) -> Tick {
        self.received_end
    }

    fn count_contiguous(&mut self) {
        while self.frames.get(self.contiguous).is_some_and(Option::is_some) {
            self.contiguous += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    fn started(at: u32) -> FrameBuffer {
        let mut frame_buffer = FrameBuffer::new(SimRate::DEFAULT);
        frame_buffer.start_at(Tick(at));
        frame_buffer
    }

    #[test]
    fn frames_come_out_in_order_whatever_order_they_came_in() {
        let mut rng = SimRng::new(3);
        let mut frame_buffer = started(0);
        let mut taken = Vec::new();
        for _ in 0..5000 {
            let tick = frame_buffer.base().0 + rng.below(20);
            frame_buffer.insert(Tick(tick), &tick.to_le_bytes());
            while let Some((tick, encoded_frame)) = frame_buffer.peek() {
                assert_eq!(encoded_frame, tick.0.to_le_bytes());
                taken.push(tick.0);
                frame_buffer.take();
            }
        }
        assert!(taken.len() > 100);
        assert!(taken.iter().copied().eq(0..taken.len() as u32));
    }

    #[test]
    fn a_hole_is_seen_and_filled() {
        let mut frame_buffer = started(10);
        frame_buffer.insert(Tick(10), b"a");
        frame_buffer.insert(Tick(30), b"b");
        assert_eq!((frame_buffer.next_missing(), frame_buffer.seen()), (Tick(11), Tick(31)));
        (11..30).for_each(|tick| frame_buffer.insert(Tick(tick), b"c"));
        assert_eq!((frame_buffer.next_missing(), frame_buffer.seen()), (Tick(31), Tick(31)));
    }

    #[test]
    fn frames_outside_the_window_are_not_kept() {
        let mut frame_buffer = started(10);
        frame_buffer.insert(Tick(9), b"old");
        frame_buffer.insert(Tick(10 + FRAME_BUFFER_TICKS_MAX as u32), b"far");
        frame_buffer.insert(Tick(u32::MAX), b"far");
        assert_eq!((frame_buffer.seen(), frame_buffer.received_end()), (Tick(10), Tick(u32::MAX)));
    }

    #[test]
    fn what_came_before_the_first_state_is_used() {
        let mut frame_buffer = FrameBuffer::new(SimRate::DEFAULT);
        (50..60).for_each(|tick| frame_buffer.insert(Tick(tick), b"x"));
        frame_buffer.start_at(Tick(55));
        assert_eq!((frame_buffer.base(), frame_buffer.next_missing()), (Tick(55), Tick(60)));
        let mut frame_buffer = FrameBuffer::new(SimRate::DEFAULT);
        (50..60).for_each(|tick| frame_buffer.insert(Tick(tick), b"x"));
        frame_buffer.start_at(Tick(45));
        assert_eq!((frame_buffer.next_missing(), frame_buffer.seen()), (Tick(45), Tick(60)));
    }

    #[test]
    fn a_state_from_the_past_gets_its_frames_back() {
        let mut frame_buffer = started(0);
        for tick in 0..20 {
            frame_buffer.insert(Tick(tick), &tick.to_le_bytes());
            frame_buffer.take();
        }
        frame_buffer.insert(Tick(20), b"x");
        frame_buffer.start_at(Tick(12));
        assert_eq!((frame_buffer.next_missing(), frame_buffer.seen()), (Tick(21), Tick(21)));
        assert_eq!(frame_buffer.peek(), Some((Tick(12), &12u32.to_le_bytes()[..])));
    }

    #[test]
    fn a_bad_frame_can_come_again() {
        let mut frame_buffer = started(0);
        frame_buffer.insert(Tick(0), b"bad");
        frame_buffer.insert(Tick(1), b"good");
        frame_buffer.discard();
        assert_eq!((frame_buffer.peek(), frame_buffer.next_missing(), frame_buffer.seen()), (None, Tick(0), Tick(2)));
        frame_buffer.insert(Tick(0), b"good");
        assert_eq!(frame_buffer.next_missing(), Tick(2));
    }
}
