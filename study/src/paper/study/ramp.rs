//! A dynamic flow experiment beside steady-state points along the same line.

use flowtwin_lab::Fault;
use flowtwin_lab::procedure::RampSpec;
use flowtwin_statistics::mean;

use super::Curve;
use crate::paper::reading::Reading;
use crate::paper::station::Station;
use crate::paper::studies::{Studies, with};

/// Both ways to the same curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ramp {
    /// Points of the ramp, by the input at the moment their slugs formed.
    pub ramp: Curve,
    /// Lab time of the ramp \[s\].
    pub ramp_s: f64,
    /// Steady-state points.
    pub steady: Curve,
    /// Lab time of all of them \[s\].
    pub steady_s: f64,
}

/// Runs the study.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(station: &mut Station<'_>, studies: &Studies) -> Result<Ramp, Fault> {
    let space = station.space();
    let study = &studies.ramp;
    let baseline = studies.baseline(space);
    let at = |level: f64| with(&baseline, space, &study.input, level);
    station.run_in(&at(study.low))?;
    let began = station.now();
    let mut steady = Curve::new();
    for i in 0..study.steady_points {
        let share = i as f64 / (study.steady_points - 1) as f64;
        let level = study.low + share * (study.high - study.low);
        steady.push((level, station.read(&at(level))?));
    }
    let steady_s = station.now().since(began).as_secs();
    let began = station.now();
    let spec =
        RampSpec { duration_s: study.duration_s, step_s: study.step_s, every_s: study.every_s };
    let points = station.ramp((&at(study.low), &at(study.high)), &spec)?;
    let level = |c: &flowtwin_lab::Conditions| c.get(&study.input).unwrap_or(f64::NAN);
    Ok(Ramp {
        ramp: points.iter().map(|p| (level(&p.conditions), Reading::of(&p.outcome))).collect(),
        ramp_s: station.now().since(began).as_secs(),
        steady,
        steady_s,
    })
}

impl Ramp {
    /// Mean distance of the ramp from the line through the steady-state points, with its sign [%].
    pub fn bias_percent(&self, feature: fn(&Reading) -> f64) -> f64 {
        mean(&self.distances_percent(feature))
    }

    /// Root mean squared distance [%].
    pub(crate) fn scatter_percent(&self, feature: fn(&Reading) -> f64) -> f64 {
        let squares: Vec<f64> = self.distances_percent(feature).iter().map(|d| d * d).collect();
        mean(&squares).sqrt()
    }

    fn distances_percent(&self, feature: fn(&Reading) -> f64) -> Vec<f64> {
        let distance = |(level, reading): &(f64, Reading)| {
            100.0 * (feature(reading) / between(&self.steady, *level, feature) - 1.0)
        };
        self.ramp.iter().map(distance).collect()
    }

    /// Pairs of conditions and outcome for each hour of lab time: ramp over steady state.
    pub fn gain(&self) -> f64 {
        (self.ramp.len() as f64 / self.ramp_s) / (self.steady.len() as f64 / self.steady_s)
    }
}

/// The feature at a level, on straight lines between the points of a curve.
fn between(curve: &Curve, level: f64, feature: fn(&Reading) -> f64) -> f64 {
    let above = curve.partition_point(|(x, _)| *x < level).clamp(1, curve.len() - 1);
    let ((x0, a), (x1, b)) = (&curve[above - 1], &curve[above]);
    let share = (level - x0) / (x1 - x0);
    feature(a) + share * (feature(b) - feature(a))
}
