//! Pictures of lines as SVG, in the one style of all tools: panels side by side on a white ground, readable on light and
//! dark pages, at the width of a README.

use std::{error::Error, ops::Range, path::Path};

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
};

/// Width and height of a picture, in pixels.
const SIZE: (u32, u32) = (1080, 380);
/// Size of a title, of a panel's caption, and of the text at axes and lines.
const FONTS: [u32; 3] = [22, 19, 17];
/// Colours of lines, which people with a weakness for red or green can tell apart.
pub const COLORS: [RGBColor; 4] =
    [RGBColor(68, 119, 170), RGBColor(34, 136, 51), RGBColor(204, 142, 0), RGBColor(204, 51, 17)];

/// Why a picture was not drawn.
pub type Failed = Box<dyn Error>;
/// A part of a picture, with axes of its own.
pub type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// The inside of a panel.
pub type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// An axis of a panel.
pub struct Axis {
    /// Name with unit.
    pub name: &'static str,
    /// From the first to the last place.
    pub range: Range<f64>,
    /// The most labels.
    pub labels: usize,
    /// Text of a label.
    pub label: fn(&f64) -> String,
}

/// Text of a label with at most one decimal.
pub fn plain(number: &f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

/// Draws a picture of some panels into a file. `draw` draws the panel of an index.
///
/// # Errors
/// When the file cannot be written.
pub fn draw_picture(
    path: &Path,
    title: &str,
    panels: usize,
    mut draw: impl FnMut(usize, &Panel<'_>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let picture = SVGBackend::new(path, SIZE).into_drawing_area();
    picture.fill(&WHITE)?;
    let titled = picture.titled(title, ("sans-serif", FONTS[0]))?;
    for (index, panel) in titled.split_evenly((1, panels)).iter().enumerate() {
        draw(index, panel)?;
    }
    picture.present()?;
    Ok(())
}

/// Draws the axes of a panel.
///
/// # Errors
/// When the picture cannot be written.
pub fn axes<'a, 'b>(panel: &'b Panel<'a>, caption: &str, x: &Axis, y: &Axis) -> Result<Chart<'a, 'b>, Failed> {
    let mut chart = ChartBuilder::on(panel)
        .caption(caption, ("sans-serif", FONTS[1]))
        .margin(10)
        .margin_right(26)
        .x_label_area_size(46)
        .y_label_area_size(if y.name.is_empty() { 48 } else { 66 })
        .build_cartesian_2d(x.range.clone(), y.range.clone())?;
    let mut mesh = chart.configure_mesh();
    mesh.label_style(("sans-serif", FONTS[2])).light_line_style(TRANSPARENT);
    mesh.x_desc(x.name).x_labels(x.labels).x_label_formatter(&x.label);
    mesh.y_desc(y.name).y_labels(y.labels).y_label_formatter(&y.label).draw()?;
    Ok(chart)
}

/// Draws a line through places; a named one is listed by [`list_lines`].
///
/// # Errors
/// When the picture cannot be written.
pub fn draw_line(
    chart: &mut Chart<'_, '_>,
    places: impl IntoIterator<Item = (f64, f64)>,
    color: RGBColor,
    width: u32,
    name: Option<&str>,
) -> Result<(), Failed> {
    let line = chart.draw_series(LineSeries::new(places, color.stroke_width(width)))?;
    if let Some(name) = name {
        let sample = move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(3));
        line.label(name).legend(sample);
    }
    Ok(())
}

/// Lists the named lines in the upper part of a panel.
///
/// # Errors
/// When the picture cannot be written.
pub fn list_lines<'a: 'b, 'b>(chart: &mut Chart<'a, 'b>, position: SeriesLabelPosition) -> Result<(), Failed> {
    chart.configure_series_labels().label_font(("sans-serif", FONTS[2])).position(position).draw()?;
    Ok(())
}
