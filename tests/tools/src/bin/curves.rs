//! Measures the effects of distance, jitter and loss on a room in virtual time, and writes a table and pictures.
//!
//! `cargo run --release -p framehouse-tools --bin curves`
//! `cargo run --release -p framehouse-tools --bin curves -- --minutes 10 --link wifi --link delay=50,jitter=10`
//! `cargo run --release -p framehouse-tools --bin curves -- --minutes 10 --link wifi --economy`

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_shared::net_sim::NetSimConfig;
use framehouse_tools::curves::{draw, measure, measure_all, to_csv};

#[derive(Parser)]
#[command(
    about = "Measures rooms of bots over a grid of networks in virtual time; writes curves.csv and a few SVG files"
)]
struct Arguments {
    /// Virtual minutes for each network, from 1.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write to.
    #[arg(long, default_value = "assets/curves")]
    out: PathBuf,
    /// Measure only this network (as for the client's --net-sim), and print the line; may be given several times.
    #[arg(long, value_name = "PRESET|KEY=VALUE,..", value_parser = check_link)]
    link: Vec<String>,
    /// Measure the networks of --link in economy mode.
    #[arg(long, requires = "link")]
    economy: bool,
}

fn check_link(text: &str) -> Result<String, String> {
    text.parse::<NetSimConfig>().map(|_| text.to_owned())
}

fn main() -> ExitCode {
    let Arguments { minutes, seed, out, link, economy } = Arguments::parse();
    if !link.is_empty() {
        print_links(&link, economy, minutes, seed);
        return ExitCode::SUCCESS;
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let points = measure_all(minutes, seed, threads);
    match write(&out, &to_csv(&points)).and_then(|()| draw(&points, &out)) {
        Ok(()) => {
            say!("{} networks measured; see {}", points.len(), out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain!("Nothing can be written to {}: {error}.", out.display());
            ExitCode::FAILURE
        }
    }
}

fn print_links(links: &[String], economy: bool, minutes: u32, seed: u64) {
    for (row, link) in links.iter().enumerate() {
        let measured = measure(link.parse().expect("checked with the arguments"), economy, minutes, seed);
        if row == 0 {
            say!("link;{}", measured.names(";"));
        }
        say!("{link};{}", measured.numbers(";"));
    }
}

fn write(out: &Path, table: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    fs::write(out.join("curves.csv"), table)?;
    Ok(())
}
