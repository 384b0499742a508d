//! Durations and late starts of ticks, as measured by the runner.

use std::{collections::VecDeque, time::Duration};

use bevy::prelude::*;
use framehouse_shared::api::{HistogramUs, TickMs};

use crate::histogram::DurationHistogram;

/// Number of last ticks in a window: 10 s at 10 Hz, 3.3 s at 30 Hz, 0.8 s at 120 Hz. Percentiles need a number of ticks,
/// not a time.
const WINDOW_TICKS: usize = 100;

/// How long ticks took, and how late they started.
#[derive(Resource, Default)]
pub struct TickDurations {
    pub(super) took: Measured,
    pub(super) started_late: Measured,
}

impl TickDurations {
    /// Adds one tick.
    pub fn note(&mut self, took: Duration, started_late: Duration) {
        self.took.note(took);
        self.started_late.note(started_late);
    }
}

/// One duration of every tick: of the last ones, and of all since the start.
#[derive(Default)]
pub(super) struct Measured {
    window_ms: VecDeque<f64>,
    all: DurationHistogram,
}

impl Measured {
    fn note(&mut self, duration: Duration) {
        if self.window_ms.len() == WINDOW_TICKS {
            self.window_ms.pop_front();
        }
        self.window_ms.push_back(duration.as_secs_f64() * 1000.0);
        self.all.note(duration);
    }

    /// Mean and quantiles of the last ticks.
    pub fn window(&self) -> TickMs {
        let mut sorted: Vec<f64> = self.window_ms.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len() as f64 - 1.0) * part).round() as usize).copied().unwrap_or(0.0);
        let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        TickMs { mean, p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }

    /// Histogram over all ticks.
    pub fn all(&self) -> HistogramUs {
        self.all.page()
    }
}
