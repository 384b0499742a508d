//! Plots of the curves: one SVG for each number, one panel for each loss, one line for each jitter. One more has a line
//! for each mode of a room.

use std::path::Path;

use plotters::prelude::*;

use super::{ECONOMY_JITTER, JITTERS, LOSSES, Point, RTTS};
use crate::plots::{Axis, COLORS, Chart, Failed, Panel, axes, draw_line, draw_picture, list_lines, plain};

/// A picture: its file, its title, the quantity that its lines show, and one that thin lines show.
type Picture = (&'static str, &'static str, &'static str, Option<&'static str>);

const PICTURES: [Picture; 8] = [
    ("late", "inputs that came too late, %", "late_inputs_pct", None),
    ("replaced", "inputs that the server made up, %", "replaced_inputs_pct", None),
    ("rollback", "ticks undone by a rollback: p50, thin p99", "rollback_ticks_p50", Some("rollback_ticks_p99")),
    ("corrections", "corrections a minute that can be noticed", "corrections_per_min", None),
    ("lead", "lead of the input time over the room's, ticks", "lead_ticks_p50", None),
    ("view", "from input to view, ms: p50, thin p99", "input_to_view_ms_p50", Some("input_to_view_ms_p99")),
    (
        "confirm",
        "from input to confirmation, ms: p50, thin p99",
        "input_to_confirm_ms_p50",
        Some("input_to_confirm_ms_p99"),
    ),
    ("bytes", "a room of four, KB/s down, thin up", "down_kb_per_room_s", Some("up_kb_per_room_s")),
];

/// What economy mode costs, at a jitter of [`ECONOMY_JITTER`].
const ECONOMY: Picture = (
    "economy",
    "from input to confirmation, ms: p50, thin p99; jitter 5 ms",
    "input_to_confirm_ms_p50",
    Some("input_to_confirm_ms_p99"),
);

/// A line of a panel, over all distances.
struct Line {
    label: String,
    color: RGBColor,
    jitter_ms: u16,
    economy: bool,
}

fn lines_by_jitter() -> Vec<Line> {
    let line = |(jitter_ms, color)| Line { label: format!("jitter {jitter_ms} ms"), color, jitter_ms, economy: false };
    JITTERS.into_iter().zip(COLORS).map(line).collect()
}

fn lines_by_mode() -> Vec<Line> {
    let line =
        |label: &str, color, economy| Line { label: label.to_owned(), color, jitter_ms: ECONOMY_JITTER, economy };
    vec![line("normal", COLORS[0], false), line("economy", COLORS[3], true)]
}

/// Draws every picture into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn draw(points: &[Point], folder: &Path) -> Result<(), Failed> {
    let draw = |picture: Picture, lines: &[Line]| {
        draw_one(points, folder, picture, lines).map_err(|error| format!("the picture {}.svg: {error}", picture.0))
    };
    for picture in PICTURES {
        draw(picture, &lines_by_jitter())?;
    }
    draw(ECONOMY, &lines_by_mode())?;
    Ok(())
}

fn draw_one(points: &[Point], folder: &Path, (file, title, name, thin): Picture, lines: &[Line]) -> Result<(), Failed> {
    let names = [Some((name, 3)), thin.map(|thin| (thin, 1))];
    let highest = names.iter().flatten().flat_map(|(name, _)| points.iter().map(|point| point.measured.get(name)));
    // Leaves space for the names of the lines above the highest point, and the range is never empty.
    let highest = (1.5 * highest.fold(0.0, f64::max)).max(1.0);
    draw_picture(&folder.join(file).with_extension("svg"), title, LOSSES.len(), |panel, area| {
        let mut chart = axes_of(area, LOSSES[panel], highest)?;
        for (name, width) in names.iter().flatten() {
            draw_lines(&mut chart, (points, lines), LOSSES[panel], name, *width)?;
        }
        list_lines(&mut chart, SeriesLabelPosition::UpperLeft)
    })
}

fn axes_of<'a, 'b>(panel: &'b Panel<'a>, loss: u16, highest: f64) -> Result<Chart<'a, 'b>, Failed> {
    let farthest = RTTS.iter().copied().max().unwrap_or_default();
    let x = Axis { name: "round trip, ms", range: 0.0..f64::from(farthest), labels: 7, label: plain };
    let y = Axis { name: "", range: 0.0..highest, labels: 7, label: plain };
    axes(panel, &format!("{loss} % loss"), &x, &y)
}

fn draw_lines(
    chart: &mut Chart,
    (points, lines): (&[Point], &[Line]),
    loss: u16,
    name: &str,
    width: u32,
) -> Result<(), Failed> {
    for Line { label, color, jitter_ms, economy } in lines {
        let on_line = |point: &&Point| {
            let link = point.link;
            (link.loss_percent, link.jitter_ms, link.economy) == (loss, *jitter_ms, *economy)
        };
        let places =
            points.iter().filter(on_line).map(|point| (f64::from(point.link.rtt_ms), point.measured.get(name)));
        draw_line(chart, places, *color, width, (width > 1).then_some(label))?;
    }
    Ok(())
}
