//! Pictures of the series: processor time, memory and traffic of a room, side by side.

use std::{ops::Range, path::Path};

use plotters::prelude::*;

use super::{
    figures::{Figures, Point, Series},
    series::{PLAYERS, RATES, ROOMS},
};
use crate::plots::{Axis, COLORS, Failed, Panel, axes, draw_line, draw_picture, list_lines, plain};

/// Colour of a sum.
const SUM: RGBColor = RGBColor(85, 85, 85);
/// Part of a panel's height in which the lines are; their names are above.
const LINES_PART: f64 = 0.62;

/// A line: its name, its colour, its width, and the quantity that it shows.
type Line = (&'static str, RGBColor, u32, fn(&Point) -> f64);
/// A panel: its caption, the name of its vertical axis, and its lines.
type Quantity = (&'static str, &'static str, &'static [Line]);

const QUANTITIES: [Quantity; 3] = [
    (
        "processor time",
        "us a room-tick",
        &[
            ("all", SUM, 3, |point| point.cpu_us.total()),
            ("receive", COLORS[0], 2, |point| point.cpu_us.receive),
            ("simulate", COLORS[1], 2, |point| point.cpu_us.simulate),
            ("send", COLORS[2], 2, |point| point.cpu_us.send),
            ("everything else", COLORS[3], 2, |point| point.cpu_us.rest),
        ],
    ),
    ("memory", "KB a room", &[("memory", SUM, 3, |point| point.memory_kb)]),
    (
        "traffic with headers",
        "KB/s a room",
        &[
            ("down, to the players", COLORS[0], 2, |point| point.down_kb_s),
            ("up, from the players", COLORS[3], 2, |point| point.up_kb_s),
        ],
    ),
];

/// The horizontal axis of a series.
struct Horizontal {
    axis: Axis,
    place: fn(&Point) -> f64,
}

/// Draws a picture of each measured series into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn draw(figures: &Figures, folder: &Path) -> Result<(), Failed> {
    let axis = |name, range, labels, label| Axis { name, range, labels, label };
    // Every doubling is as wide as the next one.
    let over_rooms = Horizontal {
        axis: axis("rooms", log(ROOMS[0])..log(ROOMS[ROOMS.len() - 1]), 3, |place| {
            format!("{:.0}", 10f64.powf(*place))
        }),
        place: |point| log(point.load.rooms),
    };
    let over_players = Horizontal {
        axis: axis("players a room", to_last(&PLAYERS.map(f64::from)), 8, plain),
        place: |point| point.load.players.into(),
    };
    let over_rates = Horizontal {
        axis: axis("ticks a second", to_last(&RATES.map(f64::from)), 6, plain),
        place: |point| point.load.tick_rate.into(),
    };
    let Figures { rooms, players, rates, .. } = figures;
    draw_series(rooms, &over_rooms, "rooms of 4 at 30 Hz", &folder.join("rooms.svg"))?;
    draw_series(players, &over_players, "50 rooms at 30 Hz", &folder.join("players.svg"))?;
    draw_series(rates, &over_rates, "50 rooms of 4", &folder.join("rates.svg"))
}

fn log(number: u32) -> f64 {
    f64::from(number).log10()
}

fn to_last(places: &[f64]) -> Range<f64> {
    0.0..places.iter().copied().fold(0.0, f64::max)
}

fn draw_series(series: &Series, over: &Horizontal, title: &str, path: &Path) -> Result<(), Failed> {
    if series.points.is_empty() {
        return Ok(());
    }
    let draw = |index: usize, panel: &Panel<'_>| draw_panel(panel, QUANTITIES[index], over, &series.points);
    draw_picture(path, title, QUANTITIES.len(), draw)
        .map_err(|error| format!("the picture {}: {error}", path.display()).into())
}

fn draw_panel(
    panel: &Panel<'_>,
    (caption, unit, lines): Quantity,
    Horizontal { axis, place }: &Horizontal,
    points: &[Point],
) -> Result<(), Failed> {
    let values = lines.iter().flat_map(|(.., value)| points.iter().map(value));
    let highest = (values.fold(0.0, f64::max) / LINES_PART).max(1.0);
    let mut chart = axes(panel, caption, axis, &Axis { name: unit, range: 0.0..highest, labels: 7, label: plain })?;
    for (name, color, width, value) in lines {
        let places = points.iter().map(|point| (place(point), value(point)));
        draw_line(&mut chart, places.clone(), *color, *width, (lines.len() > 1).then_some(*name))?;
        chart.draw_series(places.map(|place| Circle::new(place, 3, color.filled())))?;
    }
    list_lines(&mut chart, SeriesLabelPosition::UpperRight)
}
