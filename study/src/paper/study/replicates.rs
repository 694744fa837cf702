//! Fig. 3B: baselines with a random condition between each two.

use flowtwin_lab::{Fault, Stream};
use flowtwin_statistics::estimate::{mean, relative_deviation_percent};

use crate::paper::reading::{Feature, Reading};
use crate::paper::station::Station;
use crate::paper::studies::Studies;

/// What was read at baselines, each round a study of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replicates {
    /// The baselines of each round.
    pub rounds: Vec<Vec<Reading>>,
}

/// Runs the study; `stream` draws the random conditions.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(
    station: &mut Station<'_>,
    studies: &Studies,
    stream: &mut Stream,
) -> Result<Replicates, Fault> {
    let space = station.space();
    let baseline = studies.baseline(space);
    let mut replicates = Replicates { rounds: Vec::new() };
    station.run_in(&baseline)?;
    for _ in 0..studies.replicates.rounds {
        let mut baselines = Vec::new();
        for i in 0..studies.replicates.baselines {
            if i > 0 {
                let unit: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
                station.read(&space.from_unit(&unit))?;
            }
            baselines.push(station.read(&baseline)?);
        }
        replicates.rounds.push(baselines);
    }
    Ok(replicates)
}

impl Replicates {
    /// Relative standard deviation of a feature over the baselines of a round, the mean of all rounds [%].
    pub(crate) fn deviation_percent(&self, feature: Feature) -> f64 {
        let deviation = |baselines: &Vec<Reading>| {
            relative_deviation_percent(&baselines.iter().map(feature).collect::<Vec<_>>())
        };
        mean(&self.rounds.iter().map(deviation).collect::<Vec<_>>())
    }
}
