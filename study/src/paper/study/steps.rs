//! Fig. 3C: how long a step of the composition takes to come through, at three reaction times in sequence.

use flowtwin_lab::Fault;
use flowtwin_statistics::mean;

use crate::paper::reading::Moment;
use crate::paper::station::{Station, Train};
use crate::paper::studies::{Steps as Spec, Studies};

/// The step of the composition at one reaction time.
#[derive(Clone, Debug, PartialEq)]
pub struct CompositionStep {
    /// Reaction time \[s\].
    pub reaction_time_s: f64,
    /// Residence time \[s\].
    pub residence_time_s: f64,
    /// The readings.
    pub readings: Vec<Moment>,
    /// Abs300 once the step has come through.
    pub settled: f64,
    /// tE: after this many residence times Abs300 has entered the band about its final value and stays there.
    pub steady_after: f64,
}

/// Runs the study: from no CuI to the baseline, at each reaction time.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(
    station: &mut Station<'_>,
    studies: &Studies,
) -> Result<Vec<CompositionStep>, Fault> {
    let space = station.space();
    let baseline = studies.baseline(space);
    let first_of_grid = &studies.grid.made_up[0];
    let without = studies.grid.at(&baseline, space, first_of_grid, 0.0);
    let study = &studies.steps;
    let mut steps = Vec::new();
    for &reaction_time_s in &study.reaction_times_s {
        let before = station.at_reaction_time(&without, reaction_time_s);
        let after = station.at_reaction_time(&baseline, reaction_time_s);
        station.run_in(&before)?;
        let train = Train {
            from: study.from_residence_times,
            every: study.every_residence_times,
            until: study.until_residence_times,
        };
        let readings = station.watch(&after, train)?;
        let settled = settled(&readings, study);
        steps.push(CompositionStep {
            reaction_time_s,
            residence_time_s: station.residence_time_s(&after),
            steady_after: steady_after(&readings, settled, study.band),
            settled,
            readings,
        });
    }
    Ok(steps)
}

fn settled(readings: &[Moment], study: &Spec) -> f64 {
    let late = readings.iter().filter(|m| m.at >= study.settled_residence_times);
    mean(&late.map(|m| m.reading.abs).collect::<Vec<_>>())
}

/// When Abs300 enters the band for the last time, between the last reading outside and the first inside; NaN where it
/// is never outside, or still at the end.
fn steady_after(readings: &[Moment], settled: f64, band: f64) -> f64 {
    let off = |m: &Moment| (m.reading.abs / settled - 1.0).abs();
    let Some(last) = readings.iter().rposition(|m| off(m) > band) else {
        return f64::NAN;
    };
    let Some(inside) = readings.get(last + 1) else {
        return f64::NAN;
    };
    let outside = &readings[last];
    let share = (off(outside) - band) / (off(outside) - off(inside));
    outside.at + share * (inside.at - outside.at)
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Outcome;

    use super::*;
    use crate::paper::reading::Reading;

    fn moment(at: f64, abs: f64) -> Moment {
        Moment { at, reading: Reading { abs, ..Reading::of(&Outcome::default()) } }
    }

    #[test]
    fn a_step_ends_where_it_enters_the_band_and_stays() {
        let readings: Vec<Moment> = [(0.9, 0.1), (1.0, 0.96), (1.1, 0.9), (1.2, 1.0), (1.3, 0.99)]
            .map(|(at, abs)| moment(at, abs))
            .to_vec();
        // From 0.9 (10 % off) to 1.0 (0 % off): 5 % is half way.
        assert!((steady_after(&readings, 1.0, 0.05) - 1.15).abs() < 1e-9);
    }

    #[test]
    fn a_step_that_has_not_ended_has_no_time() {
        let readings = [moment(0.9, 0.5), moment(1.0, 0.8)];
        assert!(steady_after(&readings, 1.0, 0.05).is_nan());
    }
}
