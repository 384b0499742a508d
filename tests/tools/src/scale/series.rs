//! Points of a series, and its end: the limit of the server or of the clients.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use clap::Parser;

use super::figures::{Load, Point, Series};
use crate::load::{self, args::Args, beyond::LATE_TICKS_MAX, report::Report};

/// Rooms of the series over rooms.
pub const ROOMS: [u32; 7] = [10, 25, 50, 100, 250, 500, 1000];
/// Players of the series over players.
pub const PLAYERS: [u32; 5] = [2, 4, 8, 12, 16];
/// Tick rates of the series over rates.
pub const RATES: [u16; 5] = [10, 20, 30, 60, 120];
/// The usual room: players and tick rate of the other series.
const USUAL: (u32, u16) = (4, 30);
/// Rooms of the series over players and rates.
const FIXED_ROOMS: u32 = 50;
/// Share of the tick thread's time, in per cent, above which it is at its limit: the default of `load_max`.
const TICK_THREAD_PCT_MAX: f64 = 85.0;

/// The points of the series over rooms.
pub fn over_rooms() -> Vec<Load> {
    let (players, tick_rate) = USUAL;
    ROOMS.map(|rooms| Load { rooms, players, tick_rate }).to_vec()
}

/// The points of the series over players.
pub fn over_players() -> Vec<Load> {
    PLAYERS.map(|players| Load { rooms: FIXED_ROOMS, players, tick_rate: USUAL.1 }).to_vec()
}

/// The points of the series over tick rates.
pub fn over_rates() -> Vec<Load> {
    RATES.map(|tick_rate| Load { rooms: FIXED_ROOMS, players: USUAL.0, tick_rate }).to_vec()
}

/// A measured point, and the limit that it has met.
pub struct Measured {
    /// Its figures.
    pub point: Point,
    /// A sentence; figures at a limit say nothing about the cost.
    pub limit: Option<String>,
}

/// Measures points one after the other until one is at a limit or cannot be measured, which is left out and named.
///
/// # Errors
/// A sentence, if already the first point is at a limit or cannot be measured.
pub fn measure_series(
    loads: &[Load],
    mut measure: impl FnMut(Load) -> Result<Measured, String>,
) -> Result<Series, String> {
    let mut series = Series::default();
    for load in loads {
        let limit = match measure(*load) {
            Ok(Measured { point, limit: None }) => {
                series.points.push(point);
                continue;
            }
            Ok(Measured { limit: Some(sentence), .. }) | Err(sentence) => sentence,
        };
        let Load { rooms, players, tick_rate } = load;
        let ended = format!("{rooms} rooms of {players} at {tick_rate} Hz: {limit}");
        if series.points.is_empty() {
            return Err(format!("no point could be measured, not even {ended}"));
        }
        series.ended = Some(ended);
        break;
    }
    Ok(series)
}

/// Fewer late ticks say nothing: one may be the machine's.
const LATE_TICKS_MIN: f64 = 3.0;

/// Measures points. What it has measured once it does not measure again.
pub struct Meter<'a> {
    seconds: u32,
    stop: &'a Arc<AtomicBool>,
    known: Vec<Point>,
}

impl<'a> Meter<'a> {
    /// Measures each point for some seconds, until `stop` is set.
    pub const fn new(seconds: u32, stop: &'a Arc<AtomicBool>) -> Self {
        Self { seconds, stop, known: Vec::new() }
    }

    /// Measures a series. `tell` gets each point before it is measured.
    ///
    /// # Errors
    /// A sentence, if its first point cannot be measured, states differ, or it was asked to stop.
    pub fn series(&mut self, loads: &[Load], tell: impl Fn(Load)) -> Result<Series, String> {
        let series = measure_series(loads, |load| {
            if let Some(point) = self.known.iter().find(|point| point.load == load) {
                return Ok(Measured { point: *point, limit: None });
            }
            tell(load);
            let measured = self.measure(load, false)?;
            if measured.limit.is_none() {
                self.known.push(measured.point);
            }
            Ok(measured)
        })?;
        if self.stop.load(Ordering::Relaxed) {
            return Err("stopped before the measurement was done".to_owned());
        }
        Ok(series)
    }

    /// Measures a point in economy mode. Nothing if it is at a limit.
    ///
    /// # Errors
    /// A sentence, if it cannot be measured.
    pub fn economy(&self, load: Load) -> Result<Option<Point>, String> {
        let Measured { point, limit } = self.measure(load, true)?;
        Ok(limit.is_none().then_some(point))
    }

    fn measure(&self, load: Load, economy: bool) -> Result<Measured, String> {
        let report = load::run(&Args { economy, ..self.args(load) }, self.stop)?;
        let limit = limit_of(&report);
        match report.failure().filter(|_| limit.is_none()) {
            Some(failure) => Err(failure),
            None => Ok(Measured { point: Point::new(load, &report), limit }),
        }
    }

    fn args(&self, Load { rooms, players, tick_rate }: Load) -> Args {
        let Self { seconds, .. } = self;
        let flags = format!("load --rooms {rooms} --players {players} --tick-rate {tick_rate} --seconds {seconds}");
        Args::parse_from(flags.split_whitespace())
    }
}

/// The limit that a measurement has met, in a sentence.
pub fn limit_of(report: &Report) -> Option<String> {
    let ticks = report.seconds * f64::from(report.tick_rate);
    let late = report.late_ticks as f64;
    if !report.driver_kept_up {
        Some("the clients' own processor time".to_owned())
    } else if report.dropped_ticks > 0 {
        Some(format!("the server gave {} ticks up", report.dropped_ticks))
    } else if late >= LATE_TICKS_MIN && late > LATE_TICKS_MAX * ticks {
        Some(format!("{:.1} % of the server's ticks took longer than a tick", 100.0 * late / ticks))
    } else if report.tick_thread_cpu_pct > TICK_THREAD_PCT_MAX {
        Some(format!("the server's tick thread was busy for {:.0} %", report.tick_thread_cpu_pct))
    } else {
        None
    }
}
