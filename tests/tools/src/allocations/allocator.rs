//! An allocator that counts.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ops::{AddAssign, Sub},
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

/// A number of allocations and their size. A block that grows or shrinks is a new allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    /// Number of allocations.
    pub count: u64,
    /// Requested bytes.
    pub bytes: u64,
}

impl Allocated {
    /// Everything that the calling thread has allocated.
    pub fn by_this_thread() -> Self {
        THIS_THREAD.get()
    }

    /// Everything that all threads have allocated.
    pub fn by_all_threads() -> Self {
        Self { count: COUNT.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
    }
}

impl Sub for Allocated {
    type Output = Self;
    fn sub(self, earlier: Self) -> Self {
        Self { count: self.count - earlier.count, bytes: self.bytes - earlier.bytes }
    }
}

impl AddAssign for Allocated {
    fn add_assign(&mut self, more: Self) {
        self.count += more.count;
        self.bytes += more.bytes;
    }
}

static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // It neither allocates nor drops anything, so an allocator may use it at any time of a thread.
    static THIS_THREAD: Cell<Allocated> = const { Cell::new(Allocated { count: 0, bytes: 0 }) };
}

/// Counts the allocations of another allocator.
pub struct Counting<A>(pub A);

fn count(bytes: usize) {
    let one = Allocated { count: 1, bytes: bytes as u64 };
    COUNT.fetch_add(one.count, Ordering::Relaxed);
    BYTES.fetch_add(one.bytes, Ordering::Relaxed);
    let mut sum = THIS_THREAD.get();
    sum += one;
    THIS_THREAD.set(sum);
}

// SAFETY: every call goes on to the other allocator unchanged; counting touches no memory of it.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the promises of `GlobalAlloc`, which are the other allocator's.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: as above.
        unsafe { self.0.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.0.dealloc(memory, layout) }
    }
}
