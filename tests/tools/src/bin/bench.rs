//! Runs the microbenchmarks and compares them with the stored baseline; exits with 1 if one has become slower.
//!
//! `cargo run --release -p framehouse-tools --bin bench`
//! `cargo run --release -p framehouse-tools --bin bench -- --save`

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::bench::{Baseline, Benchmark, Measurement, all, failures, measure, table};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what runs in every tick, on one thread, and compares it with the baseline.
#[derive(Parser)]
struct Args {
    /// Run only benchmarks whose names contain this.
    name: Option<String>,
    /// Store the result as the baseline, and compare nothing.
    #[arg(long)]
    save: bool,
    /// How much slower than the baseline a benchmark may be, in per cent.
    #[arg(long, default_value_t = 25)]
    percent: u32,
    /// Number of runs of every benchmark; the fastest counts.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The baseline.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.tsv"))]
    baseline: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentences) => {
            sentences.iter().for_each(|sentence| complain!("bench: {sentence}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Vec<String>> {
    let benchmarks = chosen(args)?;
    let known = Baseline::read(&args.baseline);
    let measurement = measure(&benchmarks, args.rounds);
    if args.save {
        return save(args, known.unwrap_or_default(), &measurement);
    }
    let file = args.baseline.display();
    let baseline = known.map_err(|error| vec![format!("{file} is no baseline: {error}; write one with --save")])?;
    say!("{}", table(&measurement, &baseline));
    let failures = failures(&measurement, &baseline, args.percent);
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

fn chosen(args: &Args) -> Result<Vec<Benchmark>, Vec<String>> {
    let part = args.name.as_deref().unwrap_or_default();
    let chosen: Vec<Benchmark> = all().into_iter().filter(|benchmark| benchmark.name.contains(part)).collect();
    if chosen.is_empty() { Err(vec![format!("no benchmark's name contains \"{part}\"")]) } else { Ok(chosen) }
}

fn save(args: &Args, mut baseline: Baseline, measurement: &Measurement) -> Result<(), Vec<String>> {
    baseline.update(measurement);
    baseline.keep_only(all().iter().map(|benchmark| benchmark.name));
    say!("{}", table(measurement, &baseline));
    let file = args.baseline.display();
    baseline.write(&args.baseline).map_err(|error| vec![format!("{file} cannot be written: {error}")])
}
