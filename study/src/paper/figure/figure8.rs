//! Fig. 8: best so far over the experiments of each policy, the inputs they chose, and the best spectra.

use super::panel::{Panel, WIDE, beside, with_unit};
use crate::paper::seed::Seed;
use crate::paper::study::campaign::KeptPhase;

const POLICIES: [(&str, &str); 4] =
    [("ei", "EI"), ("eplt", "EPLT"), ("ucb", "UCB"), ("random", "random")];

pub(super) fn body(seeds: &[Seed], first: &Seed) -> String {
    let mut best =
        Panel::new("A: best so far", "experiment", "best PLI over the best of the 60 experiments")
            .note("Lines: medians over all rigs; bands: nine of ten rigs.")
            .wide(WIDE);
    for (phase, name) in POLICIES {
        let curve = |s: &Seed| so_far(s.campaign.named(phase), s.campaign.best_of_training());
        best.many(name, &seeds.iter().map(curve).collect::<Vec<_>>());
    }
    let inputs: Vec<Panel> = (0..first.twin.inputs.len()).map(|i| input(first, i)).collect();
    best.html() + &beside(&inputs) + &beside(&spectra(first))
}

fn so_far(phase: &KeptPhase, reference: f64) -> Vec<(f64, f64)> {
    let mut best = f64::NEG_INFINITY;
    let point = |(i, e): (usize, &crate::paper::study::campaign::KeptExperiment)| {
        best = best.max(e.reading.pli);
        (i as f64 + 1.0, best / reference)
    };
    phase.experiments.iter().enumerate().map(point).collect()
}

/// The values of one input that the policies chose on the first rig.
fn input(first: &Seed, index: usize) -> Panel {
    let name = with_unit(&first.twin.inputs[index].name);
    let title = format!("B: {}, first rig", name.split(" [").next().unwrap_or(&name));
    let mut panel = Panel::new(&title, "experiment", &name);
    for (phase, name) in POLICIES {
        let experiments = first.campaign.named(phase).experiments.iter().enumerate();
        let chosen = experiments.map(|(i, e)| (i as f64 + 1.0, e.conditions.values()[index]));
        panel.one(name, chosen.collect(), true);
    }
    panel
}

/// Emission and absorbance of the best experiment of each policy on the first rig.
fn spectra(first: &Seed) -> Vec<Panel> {
    let titles = ["C: best emission, first rig", "C: best absorbance, first rig"];
    let of = |(i, title): (usize, &'static str)| {
        let unit = ["counts", "AU"][i];
        let mut panel = Panel::new(title, "wavelength [nm]", unit);
        for (phase, name) in POLICIES {
            if let Some(spectrum) = first.campaign.named(phase).best_spectra.get(i) {
                let points = spectrum.wavelengths_nm.iter().zip(&spectrum.values);
                let shown = points.filter(|(nm, _)| (260.0..720.0).contains(*nm)).step_by(4);
                panel.one(name, shown.map(|(nm, v)| (*nm, *v)).collect(), true);
            }
        }
        panel
    };
    titles.into_iter().enumerate().map(of).collect()
}
