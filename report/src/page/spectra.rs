//! The spectra of an experiment, with what was read off them.

use flowtwin_lab::analysis::Measure;
use flowtwin_lab::{Analysis, Spectrum};

use super::html::{Legend, figure, pair};
use crate::format::{capital, fixed};
use crate::plot::Style;
use crate::run::{Experiment, Run, feature};
use crate::spectrum;

/// One figure for each spectrum of an experiment.
pub(super) fn figures(run: &Run<'_>, experiment: &Experiment<'_>) -> String {
    let Some(analysis) = run.definition().analysis(&run.header().manifest) else {
        return String::new();
    };
    let observation = experiment.record.observation(&analysis);
    let known = |s: &&Spectrum| !s.wavelengths_nm.is_empty();
    let spectra = observation.outcome.spectra.iter().filter(known).enumerate();
    let figure = |(i, spectrum)| one(run, experiment, &analysis, spectrum, i);
    let figures: Vec<String> = spectra.map(figure).collect();
    if figures.is_empty() { String::new() } else { pair(&figures) }
}

fn one(
    run: &Run<'_>,
    experiment: &Experiment<'_>,
    analysis: &Analysis,
    spectrum: &Spectrum,
    series: usize,
) -> String {
    let marks = marks(experiment, analysis, &spectrum.name);
    let colour = Style::series(series + 1).colour;
    let chart = spectrum::coloured(spectrum, &marks, run.header().simulated, colour);
    let name = capital(&spectrum.name.replace('_', " "));
    let title = format!("{name}, experiment {}", experiment.record.experiment);
    figure(&title, "", &Legend::default(), &chart.responsive())
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
