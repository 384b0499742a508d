//! The figures as Markdown, and the part of a page that is made of them.

use super::{
    figures::{Figures, Load, Point, Series},
    needs::{Needs, needs},
};

/// Numbers of rooms of the tables.
const ROOMS: [u32; 3] = [1000, 10_000, 100_000];
/// Line before the part of a page that is made of figures.
pub const BEGIN: &str = "<!-- made by `scale`: begin -->";
/// Line after it.
pub const END: &str = "<!-- made by `scale`: end -->";

/// A line of a table: its name, and its text for a number of rooms.
type Row = (&'static str, fn(&Needs) -> String);

const ROWS: [Row; 11] = [
    ("servers (processes)", |needs| grouped(needs.servers)),
    ("rooms on each", |needs| grouped(needs.each.rooms)),
    ("cores of each", |needs| grouped(needs.each.cores)),
    ("memory of each, GB", |needs| grouped(needs.each.memory_gb)),
    ("network of each, down / up, Mbit/s", |needs| pair(needs.each.down_mbit_s, needs.each.up_mbit_s)),
    ("packets of each, down / up, a second", |needs| pair(needs.each.packets_down_s, needs.each.packets_up_s)),
    ("open files of each", |needs| grouped(needs.each.files)),
    ("UDP ports of each (`lanes`)", |needs| grouped(needs.each.ports)),
    ("cores of all", |needs| grouped(needs.all.cores)),
    ("memory of all, GB", |needs| grouped(needs.all.memory_gb)),
    ("network of all, down / up, Mbit/s", |needs| pair(needs.all.down_mbit_s, needs.all.up_mbit_s)),
];

/// The tables of what to buy: one for normal mode, and one for economy mode if it was measured.
pub fn tables(figures: &Figures) -> String {
    let modes = [("normal mode", figures.normal()), ("economy mode", figures.economy.as_ref())];
    let tables = modes.into_iter().filter_map(|(mode, point)| Some(table(mode, point?)));
    tables.collect::<Vec<_>>().join("\n")
}

fn table(mode: &str, point: &Point) -> String {
    let columns = ROOMS.map(|rooms| needs(point, rooms));
    let head = ROOMS.map(|rooms| format!("{} rooms", grouped(rooms))).join(" | ");
    let line = |(name, text): &Row| format!("| {name} | {} |\n", columns.each_ref().map(text).join(" | "));
    format!("| {mode} | {head} |\n|---|--:|--:|--:|\n{}", ROWS.iter().map(line).collect::<String>())
}

/// The part of a page that is made of figures: pictures of this folder, what was measured, and the tables.
pub fn section(figures: &Figures, pictures: &str) -> String {
    let series = [
        ("rooms", "Cost over the number of rooms", &figures.rooms),
        ("players", "Cost over the players of a room", &figures.players),
        ("rates", "Cost over the tick rate", &figures.rates),
    ];
    let measured = series.iter().filter(|(_, _, series)| !series.points.is_empty());
    let shown = measured.map(|(file, title, _)| format!("![{title}]({pictures}/{file}.svg)\n"));
    let ends = series.iter().filter_map(|(_, _, series)| ended(series));
    let parts = [shown.collect(), about(figures), ends.collect(), tables(figures)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn about(figures: &Figures) -> String {
    let Figures { machine, seconds, .. } = figures;
    let (cpu, cores, kernel) = (&machine.cpu, machine.cores, &machine.kernel);
    let basis = figures.normal().map(basis).unwrap_or_default();
    format!(
        "Measured on {cpu} ({cores} cores, Linux {kernel}) together with the clients, {seconds} s a point.{basis}\n"
    )
}

/// The figures that the tables are computed from.
fn basis(point: &Point) -> String {
    let Point { load: Load { rooms, players, tick_rate }, cpu_us, tick_thread_us, memory_kb, .. } = point;
    format!(
        " The table is computed from {rooms} rooms of {players} at {tick_rate} Hz: {:.1} us of processor time a room-tick, \
         {tick_thread_us:.1} us of it in the tick thread, and {memory_kb:.0} KB a room.",
        cpu_us.total()
    )
}

fn ended(series: &Series) -> Option<String> {
    series.ended.as_ref().map(|ended| format!("A series ended before its last point, at {ended}.\n"))
}

/// The page with this section between its two marks, instead of what was there.
///
/// # Errors
/// A sentence, if the page has not exactly one mark of each kind, in order.
pub fn with_section(page: &str, section: &str) -> Result<String, String> {
    let missing = || format!("the page needs one line '{BEGIN}' and after it one line '{END}'");
    let (before, rest) = page.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    if after.contains(BEGIN) || after.contains(END) || before.contains(END) {
        return Err(missing());
    }
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", section.trim()))
}

fn pair(down: u32, up: u32) -> String {
    format!("{} / {}", grouped(down), grouped(up))
}

/// A number with a comma before every three digits.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
