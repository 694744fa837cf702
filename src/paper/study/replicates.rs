//! Fig. 3B: baselines with a random condition between each two.

use flowtwin_lab::{Fault, Stream};

use crate::paper::reading::{Feature, Reading};
use crate::paper::station::Station;
use crate::paper::statistics::relative_deviation_percent;
use crate::paper::studies::Studies;

/// What was read at baselines and in between.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    /// The baselines.
    pub baselines: Vec<Reading>,
    /// The random conditions between them.
    pub between: Vec<Reading>,
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
    let mut replicates = Replicates { baselines: Vec::new(), between: Vec::new() };
    station.run_in(&baseline)?;
    for i in 0..studies.replicates.baselines {
        if i > 0 {
            let unit: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
            replicates.between.push(station.read(&space.from_unit(&unit))?);
        }
        replicates.baselines.push(station.read(&baseline)?);
    }
    Ok(replicates)
}

impl Replicates {
    /// Relative standard deviation of a feature over the baselines [%].
    pub fn deviation_percent(&self, feature: Feature) -> f64 {
        let values: Vec<f64> = self.baselines.iter().map(feature).collect();
        relative_deviation_percent(&values)
    }
}
