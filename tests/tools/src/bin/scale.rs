//! Measures how the cost of a server grows with rooms, players and tick rate; writes figures, pictures and the tables of
//! `SCALE.md`.
//!
//! `cargo run --release -p framehouse-tools --bin scale`
//! `cargo run --release -p framehouse-tools --bin scale -- --table`

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{Parser, ValueEnum};
use framehouse_client::{complain, say};
use framehouse_tools::scale::{
    draw,
    figures::{FILE_NAME, Figures, Load, Point},
    page::{section, tables, with_section},
    series::{Meter, over_players, over_rates, over_rooms},
};
use mimalloc::MiMalloc;
use signal_hook::consts::{SIGINT, SIGTERM};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
#[command(about = "Measures how the cost of a server grows; writes figures.json, SVG files and the tables of SCALE.md")]
struct Arguments {
    /// Seconds of measurement for each point; each takes some ten seconds more.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
    /// What to measure. The figures of other series are kept, if they are from this machine.
    #[arg(long, value_enum, default_value_t = Chosen::All)]
    series: Chosen,
    /// The folder of figures and pictures.
    #[arg(long, default_value = "assets/scale")]
    out: PathBuf,
    /// The page whose part between two marks is replaced.
    #[arg(long, default_value = "SCALE.md")]
    page: PathBuf,
    /// Measure nothing: print the tables of the figures in the folder.
    #[arg(long)]
    table: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Chosen {
    /// Rooms, up to what this machine carries.
    Rooms,
    /// Players of a room.
    Players,
    /// Ticks a second.
    Rates,
    /// All of them.
    All,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.table { print_tables(&arguments.out) } else { measure(&arguments) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain!("scale: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn print_tables(folder: &Path) -> Result<(), String> {
    let file = folder.join(FILE_NAME);
    let figures = Figures::read(&file).map_err(|error| {
        format!("there are no figures in {} ({error}): run it without --table first", file.display())
    })?;
    say!("{}", tables(&figures));
    Ok(())
}

/// Measures, writes what was measured, and then renews the page.
fn measure(Arguments { seconds, series, out, page, .. }: &Arguments) -> Result<(), String> {
    let unwritable = |path: &Path, error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    // What would fail in the end fails before minutes of measurement.
    let text = fs::read_to_string(page).map_err(|error| format!("cannot read {}: {error}", page.display()))?;
    with_section(&text, "")?;
    fs::create_dir_all(out).map_err(|error| unwritable(out, &error))?;
    let figures = measure_series(*seconds, *series, &out.join(FILE_NAME))?;
    figures.write(&out.join(FILE_NAME)).map_err(|error| unwritable(out, &error))?;
    draw(&figures, out).map_err(|error| unwritable(out, &error))?;
    let renewed = with_section(&text, &section(&figures, &out.display().to_string()))?;
    fs::write(page, renewed).map_err(|error| unwritable(page, &error))?;
    for ended in
        [&figures.rooms, &figures.players, &figures.rates].into_iter().filter_map(|series| series.ended.as_ref())
    {
        say!("A series ended at {ended}.");
    }
    say!("{}\nSee {} and {}.", tables(&figures), out.display(), page.display());
    Ok(())
}

/// Measures the chosen series, and keeps the others of the file.
fn measure_series(seconds: u32, chosen: Chosen, file: &Path) -> Result<Figures, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    let mut figures = Figures::of_this_machine(seconds);
    if let Ok(known) = Figures::read(file)
        && known.machine == figures.machine
    {
        figures = Figures { seconds, ..known };
    }
    let mut meter = Meter::new(seconds, &stop);
    let tell = |Load { rooms, players, tick_rate }| say!("{rooms} rooms of {players} at {tick_rate} Hz ..");
    let is_chosen = |series| chosen == series || chosen == Chosen::All;
    if is_chosen(Chosen::Rooms) {
        figures.rooms = meter.series(&over_rooms(), tell)?;
        figures.economy = match figures.normal().map(|point| point.load) {
            Some(load) => measure_economy(&meter, load)?,
            None => None,
        };
    }
    if is_chosen(Chosen::Players) {
        figures.players = meter.series(&over_players(), tell)?;
    }
    if is_chosen(Chosen::Rates) {
        figures.rates = meter.series(&over_rates(), tell)?;
    }
    Ok(figures)
}

/// Measures as many rooms in economy mode as the tables of normal mode are for.
fn measure_economy(meter: &Meter<'_>, load: Load) -> Result<Option<Point>, String> {
    say!("{} rooms in economy mode ..", load.rooms);
    let point = meter.economy(load)?;
    if point.is_none() {
        say!("Economy mode was at a limit, so that it has no table.");
    }
    Ok(point)
}
