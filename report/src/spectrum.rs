//! One spectrum as a figure.

use flowtwin_lab::Spectrum;

use super::plot::{Axis, Chart, Colour, Dash, Line, Rule, Style};
use super::quantity::Quantity;

/// A spectrum over its wavelengths, with marks at some of them (wavelength \[nm\], label).
pub fn spectrum_chart(spectrum: &Spectrum, marks: &[(f64, String)], simulated: bool) -> Chart {
    coloured(spectrum, marks, simulated, Style::series(1).colour)
}

/// The same in this colour.
pub(crate) fn coloured(
    spectrum: &Spectrum,
    marks: &[(f64, String)],
    simulated: bool,
    colour: Colour,
) -> Chart {
    let grid = &spectrum.wavelengths_nm;
    let (first, last) = (grid.first().copied(), grid.last().copied());
    let name = Quantity::new(&spectrum.name.replace('_', " "), &spectrum.unit);
    let across =
        Axis::between("wavelength [nm]", first.unwrap_or(0.0), last.unwrap_or(1.0)).plain();
    let mut chart = Chart::new(
        across.clone(),
        Axis::covering(name.label(), spectrum.values.iter().copied()),
        format!("{} spectrum", name.name),
        simulated,
    )
    .sized(440.0, 280.0);
    // What fits on a phone fits everywhere.
    for rule in Rule::uprights(marks, &across, 270.0) {
        chart.add(rule.dashed(Dash::Dotted));
    }
    let points = grid.iter().copied().zip(spectrum.values.iter().copied());
    chart.add(Line::new(points, colour).wide(1.3));
    chart
}
