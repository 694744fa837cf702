//! The partial grid: Fig. 5.

use flowtwin_statistics::estimate::summit;

use super::{Claim, calibrated};
use crate::paper::curve::{
    at, between, least_step_percent, mean_curve, summit_share, trend_percent,
};
use crate::paper::reading::{Feature, Reading};
use crate::paper::seed::Seed;
use crate::paper::study::Curve;

const TEMPERATURE: &str = "temperature_c";
const CUI: &str = "cui_ul_per_min";
const CS: &str = "cs_ul_per_min";
const OA_CS: &str = "oa_cs_ul_per_min";
const OA_CU: &str = "oa_cu_ul_per_min";
const OAM: &str = "oam_ul_per_min";

pub(super) fn claims() -> Vec<Claim> {
    [peaks(), precursors(), ligands(), temperature()].concat()
}

fn peaks() -> Vec<Claim> {
    vec![
        calibrated(
            "G00",
            "largest distance of the emission maximum from 450 nm over the whole grid",
            "450 nm",
        )
        .largest("nm", |s| {
            let readings = s.grid.iter().flat_map(|sweep| &sweep.curve);
            readings.map(|(_, r)| (r.peak_nm - 450.0).abs()).fold(0.0, f64::max)
        })
        .below(3.0)
        .unless("the emitter shines elsewhere, or another band reaches above it"),
        calibrated(
            "G01.380",
            "trend of the 380 nm band over Cs-oleate, less that of the main band",
            "grows",
        )
        .pooled("%", |s| {
            let trend = |feature: Feature| trend_percent(&sweep(s, CS, feature));
            trend(|r| r.pli_380) - trend(Reading::pli)
        })
        .above(0.0)
        .unless("the band only follows the main one"),
        calibrated("G06.110", "600 nm band over the main one at 110 °C", "second population")
            .pooled("", |s| band_600(s, 110.0))
            .above(0.1)
            .unless("the second population is made at lower temperatures only"),
        calibrated("G06.130", "600 nm band over the main one at 130 °C", "none")
            .pooled("", |s| band_600(s, 130.0))
            .below(0.01)
            .unless("the second population is still made at 130 °C"),
    ]
}

fn precursors() -> Vec<Claim> {
    vec![
        calibrated(
            "G01.abs",
            "Abs300 over Cs-oleate is not monotone: place of its maximum on the grid, 0 to 1",
            "no trend",
        )
        .pooled("", |s| summit_share(&sweep(s, CS, Reading::abs)))
        .within(0.1, 0.9)
        .unless("the yield does not depend on the ratio of Cs to Cu, or its best is elsewhere"),
        calibrated(
            "G01.pli",
            "PLI over Cs-oleate is not monotone: place of its maximum on the grid, 0 to 1",
            "no trend",
        )
        .pooled("", |s| summit_share(&sweep(s, CS, Reading::pli)))
        .within(0.1, 0.9)
        .unless("the best ratio of Cs to Cu is elsewhere"),
        calibrated("G02.abs", "Abs300 rises with CuI: smallest step", "up")
            .pooled("%", |s| least_step_percent(&sweep(s, CUI, Reading::abs)))
            .above(0.0)
            .unless("another reagent than CuI is the scarcest"),
        calibrated("G02.pli", "PLI rises with CuI: smallest step", "up")
            .pooled("%", |s| least_step_percent(&sweep(s, CUI, Reading::pli)))
            .above(0.0)
            .unless("another reagent than CuI is the scarcest"),
        calibrated(
            "G02.most",
            "effect of CuI on PLI over the largest of the other flows'",
            "largest",
        )
        .pooled("", |s| {
            effect(s, CUI)
                / [CS, OA_CS, OA_CU, OAM].map(|i| effect(s, i)).into_iter().fold(0.0, f64::max)
        })
        .above(1.0)
        .unless("a ligand matters more than the reagent that is used up"),
    ]
}

fn ligands() -> Vec<Claim> {
    vec![
        calibrated("G03.abs", "trend of Abs300 over oleic acid with Cs", "up")
            .pooled("%", |s| trend_percent(&sweep(s, OA_CS, Reading::abs)))
            .above(0.0)
            .unless("the yield does not depend on the ligand"),
        calibrated(
            "G03.pli",
            "PLI over oleic acid with Cs: place of its maximum on the grid",
            "inside",
        )
        .pooled("", |s| summit_share(&sweep(s, OA_CS, Reading::pli)))
        .within(0.1, 0.9)
        .unless("the best of the ligand lies beyond the grid"),
        calibrated("G04.abs", "trend of Abs300 over oleic acid with CuI", "up")
            .pooled("%", |s| trend_percent(&sweep(s, OA_CU, Reading::abs)))
            .above(0.0)
            .unless("the yield does not depend on the ligand"),
        calibrated(
            "G04.pli",
            "PLI over oleic acid with CuI: place of its maximum on the grid",
            "inside",
        )
        .pooled("", |s| summit_share(&sweep(s, OA_CU, Reading::pli)))
        .within(0.1, 0.9)
        .unless("the best of the ligand lies beyond the grid"),
        calibrated("G05.abs", "trend of Abs300 over oleylamine", "up")
            .pooled("%", |s| trend_percent(&sweep(s, OAM, Reading::abs)))
            .above(0.0)
            .unless("the yield does not depend on the amine"),
        calibrated("G05.pli", "trend of PLI over oleylamine", "down")
            .pooled("%", |s| trend_percent(&sweep(s, OAM, Reading::pli)))
            .below(0.0)
            .unless("the amine does not inhibit emission"),
    ]
}

fn temperature() -> Vec<Claim> {
    vec![
        calibrated("G07", "PLI rises from 120 to 150 °C: smallest step of 10 K", "up")
            .pooled("%", |s| {
                let curve = sweep(s, TEMPERATURE, Reading::pli);
                least_step_percent(&[120.0, 130.0, 140.0, 150.0].map(|t| (t, at(&curve, t))))
            })
            .above(0.0)
            .unless("particles do not grow with temperature, or the decay sets in sooner"),
        calibrated("G08.drop", "PLI at 160 °C over 150 °C", "down")
            .pooled("", |s| {
                let curve = sweep(s, TEMPERATURE, Reading::pli);
                at(&curve, 160.0) / at(&curve, 150.0)
            })
            .within(0.80, 0.97)
            .unless("the decay has a lower activation energy or is slower"),
        calibrated("G08.best", "temperature of the highest PLI", "150 °C")
            .pooled("°C", |s| summit(&between(&sweep(s, TEMPERATURE, Reading::pli), 140.0, 160.0)))
            .within(145.0, 155.0)
            .unless("the decay sets in at another temperature"),
    ]
}

/// The mean curve of a feature over one input.
fn sweep(seeds: &[&Seed], input: &str, feature: Feature) -> Vec<(f64, f64)> {
    mean_curve(seeds, |seed| curve(seed, input), feature)
}

fn curve<'a>(seed: &'a Seed, input: &str) -> &'a Curve {
    static NONE: Curve = Curve::new();
    seed.grid.iter().find(|s| s.input == input).map_or(&NONE, |s| &s.curve)
}

/// Range of PLI over an input, relative to its mean.
fn effect(seeds: &[&Seed], input: &str) -> f64 {
    let curve = sweep(seeds, input, Reading::pli);
    let values = || curve.iter().map(|(_, y)| *y);
    let (low, high) =
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    (high - low) / (values().sum::<f64>() / curve.len() as f64)
}

fn band_600(seeds: &[&Seed], celsius: f64) -> f64 {
    at(&sweep(seeds, TEMPERATURE, |r| r.pli_600), celsius)
        / at(&sweep(seeds, TEMPERATURE, Reading::pli), celsius)
}
