//! Fig. 4A–B: total flow at constant reaction time. The tube is cut to length for each flow.

use flowtwin_lab::Fault;

use super::Curve;
use crate::paper::reading::Reading;
use crate::paper::station::Station;
use crate::paper::studies::Studies;

/// One point of the study, on a rig with the tube of that flow.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn point(station: &mut Station<'_>, studies: &Studies) -> Result<Reading, Fault> {
    let baseline = studies.baseline(station.space());
    let conditions = station.at_reaction_time(&baseline, studies.flow.reaction_time_s);
    station.run_in(&conditions)?;
    let readings: Result<Vec<Reading>, Fault> =
        (0..studies.flow.repeats).map(|_| station.read(&conditions)).collect();
    Ok(Reading::mean(&readings?))
}

/// Volume of the reactor that gives this reaction time at `total_ul_per_min` \[µL\].
pub(crate) fn reactor_ul(total_ul_per_min: f64, reaction_time_s: f64) -> f64 {
    total_ul_per_min * reaction_time_s / 60.0
}

/// The curve relative to its last point, the plateau.
pub fn relative(curve: &Curve, feature: fn(&Reading) -> f64) -> Vec<(f64, f64)> {
    let plateau = curve.last().map_or(f64::NAN, |(_, reading)| feature(reading));
    curve.iter().map(|(flow, reading)| (*flow, feature(reading) / plateau)).collect()
}
