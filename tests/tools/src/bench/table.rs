//! A measurement beside the baseline, and what is wrong with it.

use std::fmt::Write;

use super::{Baseline, Measured, Measurement};

/// A table for people: every benchmark with its time, the time that the baseline predicts for this machine, how many times
/// that it took, and the time that it may take.
pub fn table(measurement: &Measurement, baseline: &Baseline) -> String {
    let mut text = format!("{:<48}{:>10}{:>10}{:>8}{:>10}\n", "benchmark", "now", "baseline", "ratio", "at most");
    for one in &measurement.benchmarks {
        let expected = expected_ns(one, measurement, baseline);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        writeln!(
            text,
            "{:<48}{:>10}{:>10}{:>8}{:>10}",
            one.name,
            in_words(one.ns),
            or_dash(expected.map(in_words)),
            or_dash(expected.map(|expected| format!("{:.2}", one.ns / expected))),
            or_dash(one.ns_max.map(in_words)),
        )
        .expect("a string takes everything");
    }
    text + &format!("{:<48}{:>10}", "reference calculation", in_words(measurement.reference_ns))
}

/// A sentence for every benchmark that is slower than the baseline by more than `percent`, or than it may be.
pub fn failures(measurement: &Measurement, baseline: &Baseline, percent: u32) -> Vec<String> {
    let slower = |one: &Measured| {
        let more = (one.ns / expected_ns(one, measurement, baseline)? - 1.0) * 100.0;
        (more > f64::from(percent))
            .then(|| format!("\"{}\" is {more:.0} % slower than the baseline: {percent} % are allowed", one.name))
    };
    let too_slow = |one: &Measured| {
        let ns_max = one.ns_max.filter(|ns_max| one.ns > *ns_max)?;
        Some(format!("\"{}\" takes {}: {} are allowed", one.name, in_words(one.ns), in_words(ns_max)))
    };
    measurement.benchmarks.iter().flat_map(|one| [slower(one), too_slow(one)]).flatten().collect()
}

/// Time on this machine according to the baseline, in ns.
fn expected_ns(one: &Measured, measurement: &Measurement, baseline: &Baseline) -> Option<f64> {
    Some(baseline.ratio(one.name)? * measurement.reference_ns)
}

fn in_words(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.1} ns"),
        1e3..1e6 => format!("{:.2} us", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
