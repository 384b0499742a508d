//! Processor time of this thread.

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// Processor time that a benchmark has spent on its operations.
#[derive(Debug, Default)]
pub struct Timer {
    spent: Duration,
    operations: u32,
}

impl Timer {
    /// Does work that counts as this many operations, and adds its time.
    pub fn time<T>(&mut self, operations: usize, work: impl FnOnce() -> T) -> T {
        let began = thread_time();
        let done = black_box(work());
        self.spent += thread_time() - began;
        self.operations += operations as u32;
        done
    }

    /// Number of operations so far.
    pub const fn operations(&self) -> u32 {
        self.operations
    }

    /// Mean time of one operation, in ns; infinite if there were none.
    pub fn ns_of_one(&self) -> f64 {
        self.spent.as_nanos() as f64 / f64::from(self.operations)
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
