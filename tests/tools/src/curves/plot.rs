//! Plots of the curves: one SVG for each number, one panel for each loss, one line for each jitter. One more has a line
//! for each mode of a room.

use std::{error::Error, path::Path};

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
};

use super::{ECONOMY_JITTER, JITTERS, LOSSES, Point, RTTS};

/// Width and height of a picture, in pixels.
const SIZE: (u32, u32) = (1080, 380);
/// Lines by jitter, from none to much.
const COLORS: [RGBColor; JITTERS.len()] =
    [RGBColor(68, 119, 170), RGBColor(34, 136, 51), RGBColor(204, 142, 0), RGBColor(204, 51, 17)];

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

type Failed = Box<dyn Error>;

/// Draws every picture into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn draw(points: &[Point], folder: &Path) -> Result<(), Failed> {
    let draw = |picture: Picture, lines: &[Line]| {
        draw_picture(points, folder, picture, lines).map_err(|error| format!("the picture {}.svg: {error}", picture.0))
    };
    for picture in PICTURES {
        draw(picture, &lines_by_jitter())?;
    }
    draw(ECONOMY, &lines_by_mode())?;
    Ok(())
}

fn draw_picture(
    points: &[Point],
    folder: &Path,
    (file, title, name, thin): Picture,
    lines: &[Line],
) -> Result<(), Failed> {
    let path = folder.join(file).with_extension("svg");
    let picture = SVGBackend::new(&path, SIZE).into_drawing_area();
    picture.fill(&WHITE)?;
    let picture = picture.titled(title, ("sans-serif", 20))?;
    let names = [Some((name, 3)), thin.map(|thin| (thin, 1))];
    let highest = names.iter().flatten().flat_map(|(name, _)| points.iter().map(|point| point.measured.get(name)));
    // Leaves space for the names of the lines above the highest point, and the range is never empty.
    let highest = (1.4 * highest.fold(0.0, f64::max)).max(1.0);
    for (panel, loss) in picture.split_evenly((1, LOSSES.len())).iter().zip(LOSSES) {
        let mut chart = axes(panel, loss, highest)?;
        for (name, width) in names.iter().flatten() {
            draw_lines(&mut chart, (points, lines), loss, name, *width)?;
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).draw()?;
    }
    picture.present()?;
    Ok(())
}

type Panel<'a, 'b> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn axes<'a, 'b>(panel: &'b Panel<'a, 'b>, loss: u16, highest: f64) -> Result<Chart<'a, 'b>, Failed> {
    let farthest = RTTS.iter().copied().max().unwrap_or_default();
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{loss} % loss"), ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..f64::from(farthest), 0.0..highest)?;
    let plain = |number: &f64| if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") };
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("round trip, ms").x_labels(7).y_labels(7).light_line_style(TRANSPARENT);
    mesh.x_label_formatter(&plain).y_label_formatter(&plain).draw()?;
    Ok(chart)
}

fn draw_lines(
    chart: &mut Chart,
    (points, lines): (&[Point], &[Line]),
    loss: u16,
    name: &str,
    width: u32,
) -> Result<(), Failed> {
    for Line { label, color, jitter_ms, economy } in lines {
        let color = *color;
        let on_line = |point: &&Point| {
            let link = point.link;
            (link.loss_percent, link.jitter_ms, link.economy) == (loss, *jitter_ms, *economy)
        };
        let places =
            points.iter().filter(on_line).map(|point| (f64::from(point.link.rtt_ms), point.measured.get(name)));
        let series = chart.draw_series(LineSeries::new(places, color.stroke_width(width)))?;
        if width > 1 {
            let sample = move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(3));
            series.label(label).legend(sample);
        }
    }
    Ok(())
}
