//! Fig. 4C–D: reaction time in one tube, all flows by one factor.

use flowtwin_lab::Fault;

use super::Curve;
use crate::paper::station::Station;
use crate::paper::studies::Studies;

/// Runs the study: rounds over all reaction times, so that a drift does not look like an effect.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(station: &mut Station<'_>, studies: &Studies) -> Result<Vec<Curve>, Fault> {
    let baseline = studies.baseline(station.space());
    station.run_in(&baseline)?;
    let mut rounds = Vec::new();
    for _ in 0..studies.time.repeats {
        let mut curve = Curve::new();
        for &seconds in &studies.time.reaction_times_s {
            let conditions = station.at_reaction_time(&baseline, seconds);
            curve.push((seconds, station.read(&conditions)?));
        }
        rounds.push(curve);
    }
    Ok(rounds)
}
