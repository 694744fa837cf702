//! Fig. 3A: 120 min of continuous operation.

use flowtwin_lab::Fault;
use flowtwin_statistics::estimate::relative_deviation_percent;

use crate::paper::reading::{Feature, Moment, Reading};
use crate::paper::station::{Station, Train};
use crate::paper::studies::Studies;

/// What was read in 120 min without a stop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Continuous {
    /// Time \[min\] and readings, the first at the first steady state.
    pub readings: Vec<(f64, Reading)>,
}

/// Runs the study.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(station: &mut Station<'_>, studies: &Studies) -> Result<Continuous, Fault> {
    let study = &studies.continuous;
    let baseline = studies.baseline(station.space());
    let conditions = station.at_reaction_time(&baseline, study.reaction_time_s);
    let residence_s = station.residence_time_s(&conditions);
    let every = study.every_residence_times;
    let train = Train { from: every, every, until: study.lab_time_s / residence_s };
    let readings = station.watch(&conditions, train)?;
    let minutes = |m: &Moment| (m.at * residence_s / 60.0, m.reading);
    Ok(Continuous { readings: readings.iter().map(minutes).collect() })
}

impl Continuous {
    /// Relative standard deviation of a feature after equilibrium [%].
    pub(crate) fn deviation_percent(&self, feature: Feature) -> f64 {
        let values: Vec<f64> = self.readings.iter().map(|(_, r)| feature(r)).collect();
        relative_deviation_percent(&values)
    }
}
