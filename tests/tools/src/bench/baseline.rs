//! The stored baseline: for every benchmark the ratio of its time to that of the reference calculation.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::Measurement;

const HEAD: &str = "# Processor time of an operation / that of the reference calculation. Written by `bench --save`.";

/// Ratios of benchmarks to the reference calculation, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline(BTreeMap<String, f64>);

/// Reason why a baseline cannot be used.
#[derive(Debug)]
pub enum BaselineError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// A line is not a name, a tab and a positive number.
    Line(String),
}

impl std::fmt::Display for BaselineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::Line(line) => write!(f, "the line {line:?} is not a name, a tab and a positive number"),
        }
    }
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a baseline.
    pub fn read(file: &Path) -> Result<Self, BaselineError> {
        let text = fs::read_to_string(file).map_err(BaselineError::Unreadable)?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let entry = |line: &str| {
            let (name, ratio) = line.split_once('\t')?;
            let ratio: f64 = ratio.parse().ok()?;
            (ratio.is_finite() && ratio > 0.0).then(|| (name.to_owned(), ratio))
        };
        lines
            .map(|line| entry(line).ok_or_else(|| BaselineError::Line(line.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Writes the baseline.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let lines: String = self.0.iter().map(|(name, ratio)| format!("{name}\t{ratio:.3e}\n")).collect();
        fs::write(file, format!("{HEAD}\n{lines}"))
    }

    /// Takes the ratios of a measurement in the place of earlier ones.
    pub fn update(&mut self, measurement: &Measurement) {
        let ratio = |ns| ns / measurement.reference_ns;
        self.0.extend(measurement.benchmarks.iter().map(|one| (one.name.to_owned(), ratio(one.ns))));
    }

    /// Forgets benchmarks with other names.
    pub fn keep_only<'a>(&mut self, names: impl Iterator<Item = &'a str> + Clone) {
        self.0.retain(|name, _| names.clone().any(|known| known == name));
    }

    /// Ratio of a benchmark to the reference calculation.
    pub fn ratio(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Names of the benchmarks, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
