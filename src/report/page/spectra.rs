//! The spectra of an experiment, with what was read off them.

use flowtwin_lab::Analysis;
use flowtwin_lab::analysis::Measure;
use flowtwin_lab::journal::SpectrumRecord;

use super::html::{HALF, Legend, figure, pair};
use crate::report::format::fixed;
use crate::report::plot::{Axis, Chart, Dash, Line, Rule, Style};
use crate::report::quantity::Quantity;
use crate::report::run::{Experiment, Run, feature};

/// One figure for each spectrum of an experiment.
pub(super) fn figures(run: &Run<'_>, experiment: &Experiment<'_>) -> String {
    let Some(analysis) = run.definition().analysis(&run.header().manifest) else {
        return String::new();
    };
    let spectra = experiment.record.spectra.iter().enumerate();
    let figures: Vec<String> =
        spectra.filter_map(|(i, spectrum)| one(run, experiment, &analysis, spectrum, i)).collect();
    if figures.is_empty() { String::new() } else { pair(&figures) }
}

fn one(
    run: &Run<'_>,
    experiment: &Experiment<'_>,
    analysis: &Analysis,
    spectrum: &SpectrumRecord,
    series: usize,
) -> Option<String> {
    let channel = analysis.channels().iter().position(|c| c.name == spectrum.name)?;
    let grid = analysis.wavelengths_nm(channel);
    let name = Quantity::new(&spectrum.name.replace('_', " "), &spectrum.unit);
    let mut chart = Chart::new(
        Axis::between("wavelength [nm]", *grid.first()?, *grid.last()?).plain(),
        Axis::covering(name.label(), spectrum.values.iter().copied()),
        format!("{} spectrum of experiment {}", name.name, experiment.record.experiment),
        run.header().simulated,
    )
    .sized(HALF, 280.0);
    for (nm, label) in marks(experiment, analysis, &spectrum.name) {
        chart.add(Rule::upright(nm, label).dashed(Dash::Dotted));
    }
    let points = grid.iter().copied().zip(spectrum.values.iter().copied());
    chart.add(Line::new(points, Style::series(series + 1).colour).wide(1.3));
    let title = format!("{}, experiment {}", name.name, experiment.record.experiment);
    Some(figure(&capital(&title), "", &Legend::default(), &chart.svg()))
}

/// Wavelengths at which features of a channel were read [nm], with what to call them.
fn marks(experiment: &Experiment<'_>, analysis: &Analysis, channel: &str) -> Vec<(f64, String)> {
    let features = analysis.features().iter().filter(|f| f.channel == channel);
    features
        .filter_map(|f| match f.measure {
            Measure::ValueAt { nm, .. } => Some((nm, format!("{} nm", fixed(nm, 0)))),
            Measure::PeakPosition { .. } => {
                let nm = feature(experiment.record, &f.name)?;
                Some((nm, format!("{} nm", fixed(nm, 1))))
            }
            _ => None,
        })
        .collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
