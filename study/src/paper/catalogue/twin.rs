//! The digital twin and what it has learnt: Fig. 6 and 7.

use super::reaction::ratio;
use super::{Claim, calibrated, predicted};
use crate::paper::reading::Reading;
use crate::paper::seed::Seed;

pub(super) fn claims() -> Vec<Claim> {
    [accuracy(), contributions()].concat()
}

fn accuracy() -> Vec<Claim> {
    vec![
        predicted("D02", "Latin-hypercube experiments at the start", "9")
            .fact("", |f| f.experiments("start"))
            .is(9.0),
        predicted("D02.strata", "… with one in every ninth of every input", "yes")
            .share(|s| s.campaign.is_latin())
            .at_least(1.0),
        predicted("D03", "maximum-variance experiments", "51")
            .fact("", |f| f.experiments("explore"))
            .is(51.0),
        predicted(
            "D04.test",
            "R² of the twin on the test set, squared correlation, median of 8 splits",
            "0.81",
        )
        .median("", |s| s.twin.test_r2())
        .within(0.70, 0.90),
        predicted("D04.single", "… of a single split: the paper's one value is among them", "0.81")
            .spread("", |s| s.twin.splits.first().map_or(f64::NAN, |split| split.test_r2))
            .covers(0.81),
        predicted("D04.train", "R² on the training set less that on the test set", "> 0")
            .mean("", |s| {
                let gap = |split: &crate::paper::study::twin::Split| split.train_r2 - split.test_r2;
                s.twin.splits.iter().map(gap).sum::<f64>() / s.twin.splits.len() as f64
            })
            .above(0.0),
        predicted(
            "D06.falls",
            "mean uncertainty over 1000 inputs falls from 10 to 60 experiments: smallest fall",
            "falls",
        )
        .pooled("%", |s| {
            let means = uncertainty(s);
            means.windows(2).map(|w| 100.0 * (1.0 - w[1] / w[0])).fold(f64::INFINITY, f64::min)
        })
        .above(0.0),
        predicted(
            "D06.ratio",
            "mean uncertainty with 60 experiments over that with 10",
            "lowest at 60",
        )
        .pooled("", |s| {
            let means = uncertainty(s);
            means[means.len() - 1] / means[0]
        })
        .below(0.6),
    ]
}

fn contributions() -> Vec<Claim> {
    vec![
        predicted("X01", "CuI and temperature contribute most", "first two")
            .share(|s| s.twin.rank("cui_ul_per_min") <= 2 && s.twin.rank("temperature_c") <= 2)
            .at_least(0.8),
        predicted("X02.cui", "more CuI raises PLI", "positive")
            .share(|s| s.twin.sign("cui_ul_per_min") > 0.0)
            .at_least(0.95),
        predicted("X02.temperature", "a higher temperature raises PLI", "positive")
            .share(|s| s.twin.sign("temperature_c") > 0.0)
            .at_least(0.95),
        predicted("X03.cs", "more oleic acid with Cs raises PLI", "positive")
            .share(|s| s.twin.sign("oa_cs_ul_per_min") > 0.0)
            .at_least(0.8),
        predicted("X03.cu", "more oleic acid with CuI raises PLI", "positive")
            .share(|s| s.twin.sign("oa_cu_ul_per_min") > 0.0)
            .at_least(0.5),
        predicted("X04", "more oleylamine lowers PLI", "negative")
            .share(|s| s.twin.sign("oam_ul_per_min") < 0.0)
            .at_least(0.8),
        predicted("X05", "PLI at 42 s over 31 s of reaction at the same composition", "< 1")
            .pooled("", |s| ratio(s, Reading::pli, 42.0, 31.0))
            .below(1.0),
        predicted("X06", "place of Cs-oleate among the 7 inputs", "not high")
            .median("", |s| s.twin.rank("cs_ul_per_min") as f64)
            .at_least(4.0),
        calibrated("X08", "diameter of the particles made at 150 °C over 130 °C", "larger")
            .fact("", |f| f.sizes_nm[1] / f.sizes_nm[0])
            .above(1.0),
        predicted("X07", "PLI over CuI and temperature is highest where both are", "corner")
            .share(|s| s.twin.rises_to_corner())
            .at_least(0.5),
    ]
}

/// Mean over seeds of the mean uncertainty, by number of experiments.
fn uncertainty(seeds: &[&Seed]) -> Vec<f64> {
    let sizes = seeds.first().map_or(0, |s| s.twin.uncertainty.len());
    let mean = |i: usize| {
        seeds.iter().map(|s| s.twin.uncertainty[i].mean).sum::<f64>() / seeds.len() as f64
    };
    (0..sizes).map(mean).collect()
}
