//! The digital twin and what it has learnt: Fig. 6 and 7.

use super::reaction::ratio;
use super::{Claim, definition, predicted};
use crate::paper::reading::Reading;
use crate::paper::seed::Seed;
use crate::paper::study::twin::Uncertainty;

pub(super) fn claims() -> Vec<Claim> {
    [accuracy(), contributions()].concat()
}

fn accuracy() -> Vec<Claim> {
    vec![
        definition("D02", "Latin-hypercube experiments at the start", "9")
            .fact("", |f| f.experiments("start"))
            .is(9.0)
            .unless("another number is written"),
        definition("D02.strata", "… with one in every ninth of every input", "yes")
            .share(|s| s.campaign.is_latin())
            .at_least(1.0)
            .unless("the design is not a Latin hypercube"),
        definition("D03", "maximum-variance experiments", "51")
            .fact("", |f| f.experiments("explore"))
            .is(51.0)
            .unless("another number is written"),
        predicted(
            "D04.test",
            "R² of the twin on the test set, squared correlation, median of 8 splits",
            "0.81",
        )
        .median("", |s| s.twin.test_r2())
        .within(0.70, 0.90)
        .unless("48 points teach much less, or teach it without error"),
        predicted(
            "D04.stop",
            "experiments at which the test R² first reaches 0.80; 70 if it does not",
            "60",
        )
        .median("", |s| s.twin.stops_at())
        .between(50.0, 60.0)
        .unless("fewer experiments teach as much, or 60 are not enough"),
        predicted(
            "D06.falls",
            "mean uncertainty over 1000 inputs falls from 10 to 60 experiments: smallest fall",
            "falls",
        )
        .pooled("%", |s| {
            let means = of_uncertainty(s, |u| u.mean);
            means.windows(2).map(|w| 100.0 * (1.0 - w[1] / w[0])).fold(f64::INFINITY, f64::min)
        })
        .above(0.0)
        .unless("members of the ensemble agree no better with more experiments"),
        predicted(
            "D06.ratio",
            "mean uncertainty with 60 experiments over that with 10",
            "lowest at 60",
        )
        .pooled("", |s| {
            let means = of_uncertainty(s, |u| u.mean);
            means[means.len() - 1] / means[0]
        })
        .below(0.6)
        .unless("members of the ensemble agree no better with more experiments"),
        predicted(
            "D06.spread",
            "spread of the uncertainty over 1000 inputs with 60 experiments over that with 10",
            "narrows",
        )
        .pooled("", |s| {
            let spreads = of_uncertainty(s, |u| u.deviation);
            spreads[spreads.len() - 1] / spreads[0]
        })
        .below(1.0)
        .unless("parts of the box stay as unsure as they were"),
    ]
}

fn contributions() -> Vec<Claim> {
    vec![
        predicted("X01", "CuI and temperature contribute most", "first two")
            .share(|s| s.twin.rank("cui_ul_per_min") <= 2 && s.twin.rank("temperature_c") <= 2)
            .at_least(0.8)
            .unless("another input decides the outcome in the box"),
        predicted("X02.cui", "more CuI raises PLI", "positive")
            .share(|s| s.twin.sign("cui_ul_per_min") > 0.0)
            .at_least(0.95)
            .unless("CuI is not the scarcest reagent"),
        predicted("X02.temperature", "a higher temperature raises PLI", "positive")
            .share(|s| s.twin.sign("temperature_c") > 0.0)
            .at_least(0.95)
            .unless("the best temperature lies well within the box"),
        predicted("X03.cs", "more oleic acid with Cs raises PLI", "positive")
            .share(|s| s.twin.sign("oa_cs_ul_per_min") > 0.0)
            .at_least(0.8)
            .unless("the best of the ligand lies within the box"),
        predicted("X03.cu", "more oleic acid with CuI raises PLI", "positive")
            .share(|s| s.twin.sign("oa_cu_ul_per_min") > 0.0)
            .at_least(0.8)
            .unless("the best lies within the box, or the effect is too small to be learnt"),
        predicted("X04", "more oleylamine lowers PLI", "negative")
            .share(|s| s.twin.sign("oam_ul_per_min") < 0.0)
            .at_least(0.8)
            .unless("the amine does not inhibit emission"),
        predicted("X05", "PLI at 42 s over 31 s of reaction at the same composition", "< 1")
            .pooled("", |s| ratio(s, Reading::pli, 42.0, 31.0))
            .below(1.0)
            .unless("the yield still matures after 31 s, or nothing decays"),
        predicted("X06", "Cs-oleate is not among the first three of the 7 inputs", "not high")
            .share(|s| s.twin.rank("cs_ul_per_min") > 3)
            .at_least(0.8)
            .unless("Cs is scarce, or its oleic acid decides the outcome"),
        definition("X08", "diameter of the particles made at 150 °C over 130 °C", "larger")
            .fact("", |f| f.sizes_nm[1] / f.sizes_nm[0])
            .above(1.0)
            .unless("the law of the diameter falls with temperature"),
        predicted(
            "X09",
            "relative spread of the diameters of particles made at 150 °C over 130 °C",
            "more uniform",
        )
        .fact("", |f| f.spreads_percent[1] / f.spreads_percent[0])
        .below(1.0)
        .unless("growth gains more from temperature than nucleation"),
        predicted("X07", "PLI over CuI and temperature is highest where both are", "corner")
            .share(|s| s.twin.rises_to_corner())
            .at_least(0.8)
            .unless("the surface has its maximum elsewhere"),
    ]
}

/// Mean over seeds of a measure of the uncertainty, by number of experiments.
fn of_uncertainty(seeds: &[&Seed], what: fn(&Uncertainty) -> f64) -> Vec<f64> {
    let sizes = seeds.first().map_or(0, |s| s.twin.uncertainty.len());
    let mean = |i: usize| {
        seeds.iter().map(|s| what(&s.twin.uncertainty[i])).sum::<f64>() / seeds.len() as f64
    };
    (0..sizes).map(mean).collect()
}
