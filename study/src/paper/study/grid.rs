//! Fig. 5: the partial grid, one input at a time.

use flowtwin_lab::Fault;

use super::Curve;
use crate::paper::reading::Reading;
use crate::paper::station::Station;
use crate::paper::studies::Studies;

/// One input and what was read at its levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The input.
    pub input: String,
    /// What was read.
    pub curve: Curve,
    /// The range of the input in a campaign.
    pub campaign: (f64, f64),
}

impl Sweep {
    /// The readings at levels that a campaign may choose.
    pub(crate) fn within_campaign(&self) -> impl Iterator<Item = &Reading> {
        let (low, high) = self.campaign;
        self.curve.iter().filter(move |(level, _)| (low..=high).contains(level)).map(|(_, r)| r)
    }
}

/// Runs the study.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(station: &mut Station<'_>, studies: &Studies) -> Result<Vec<Sweep>, Fault> {
    let space = station.space();
    let baseline = studies.baseline(space);
    station.run_in(&baseline)?;
    let mut sweeps = Vec::new();
    for sweep in &studies.grid.sweeps {
        let mut curve = Curve::new();
        for &level in &sweep.levels {
            let conditions = studies.grid.at(&baseline, space, &sweep.input, level);
            curve.push((level, station.read(&conditions)?));
        }
        let input = space.inputs().iter().find(|input| input.name == sweep.input);
        let campaign = input.map_or((f64::NAN, f64::NAN), |input| (input.low, input.high));
        sweeps.push(Sweep { input: sweep.input.clone(), curve, campaign });
    }
    Ok(sweeps)
}
