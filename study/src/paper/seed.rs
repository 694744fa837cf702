//! All studies of the paper, once, on one simulated rig.

use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::{Analysis, Fault, Lab, Procedure, Streams};

use super::StudyError;
use super::facts::Facts;
use super::reading::Reading;
use super::station::Station;
use super::studies::Studies;
use super::study::campaign::Phases;
use super::study::continuous::Continuous;
use super::study::grid::Sweep;
use super::study::ramp::Ramp;
use super::study::replicates::Replicates;
use super::study::steady::Steady;
use super::study::steps::CompositionStep;
use super::study::twin::TwinResults;
use super::study::vials::{Vial, Vials};
use super::study::{
    self, Curve, campaign, continuous, flow, grid, ramp, replicates, steady, steps, time, vials,
};

/// All studies on one simulated rig.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed {
    /// The seed of its world.
    pub seed: u64,
    /// Fig. 3A.
    pub continuous: Continuous,
    /// Fig. 3B.
    pub replicates: Replicates,
    /// Fig. 3C.
    pub steps: Vec<CompositionStep>,
    /// Fig. 4A–B, over the total flow [µL/min].
    pub flow: Curve,
    /// Fig. 4C–D, over the reaction time \[s\], round by round.
    pub time: Vec<Curve>,
    /// Fig. 5.
    pub grid: Vec<Sweep>,
    /// Fig. 6A and 8.
    pub campaign: Phases,
    /// Fig. 6B–D and 7.
    pub twin: TwinResults,
    /// What instruments beside the rig found.
    pub vials: Vials,
    /// Steady state decided by watching.
    pub steady: Steady,
    /// A dynamic flow experiment.
    pub ramp: Ramp,
}

/// A study that needs no campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Fig. 3A.
    Continuous,
    /// Fig. 3B.
    Replicates,
    /// Fig. 3C.
    Steps,
    /// Fig. 4A–B.
    Flow,
    /// Fig. 4C–D.
    Time,
    /// Fig. 5.
    Grid,
    /// Steady state decided by watching.
    Steady,
    /// A dynamic flow experiment.
    Ramp,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Continuous,
        Self::Replicates,
        Self::Steps,
        Self::Flow,
        Self::Time,
        Self::Grid,
        Self::Steady,
        Self::Ramp,
    ];
}

/// One rig, and the studies to do on it.
struct Chosen<'a> {
    rigs: &'a Rigs<'a>,
    seed: u64,
    parts: &'a [Part],
}

impl Chosen<'_> {
    fn does<T: Default>(
        &self,
        part: Part,
        study: impl FnOnce(&mut Station<'_>, &Studies) -> Result<T, Fault>,
    ) -> Result<T, StudyError> {
        if !self.parts.contains(&part) {
            return Ok(T::default());
        }
        self.rigs.go_on()?;
        Ok(self.rigs.at(self.seed, study)?)
    }
}

/// The rigs that the studies need: the paper's, and one with a tube cut for each total flow.
#[derive(Debug)]
pub struct Rigs<'a> {
    /// The rig of the scenario.
    pub scenario: Simulated<'a>,
    /// What is set.
    pub studies: Studies,
    quick: Procedure,
    cut: Vec<(f64, Scenario)>,
    stop: &'a AtomicBool,
}

/// What stops nobody.
static NEVER: AtomicBool = AtomicBool::new(false);

impl<'a> Rigs<'a> {
    /// The rigs for the studies of the paper on the rig of `scenario`.
    ///
    /// # Errors
    /// If the scenario lacks what the studies set, or a tube of another length makes it invalid.
    pub fn new(scenario: Simulated<'a>) -> Result<Self, StudyError> {
        let studies = Studies::of_the_paper();
        let cut = |&total: &f64| {
            let volume_ul = flow::reactor_ul(total, studies.flow.reaction_time_s);
            let mut file = scenario.file().clone();
            for stretch in file.rig.tube.iter_mut().filter(|stretch| stretch.reacts) {
                stretch.volume_ul = volume_ul;
            }
            // The window of reaction times is that of the campaigns, which are not run in this tube.
            file.space.constraints.reaction_time_s = None;
            let definition = serde_json::to_value(&file).expect("a scenario is plain data");
            Ok((total, Scenario::recorded(&definition)?))
        };
        let cut =
            studies.flow.totals_ul_per_min.iter().map(cut).collect::<Result<_, StudyError>>()?;
        let quick = quick(&scenario, studies.steps.frames)?;
        Ok(Self { scenario, quick, cut, studies, stop: &NEVER })
    }

    /// The same, until somebody sets `stop`: then a campaign ends, and no other study begins.
    #[must_use]
    pub fn unless(self, stop: &'a AtomicBool) -> Self {
        Self { stop, ..self }
    }

    /// Whether to go on.
    fn go_on(&self) -> Result<(), StudyError> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(StudyError::Stopped),
            false => Ok(()),
        }
    }

    /// The facts that no seed changes.
    ///
    /// # Errors
    /// As [`Facts::of`].
    pub fn facts(&self, seed: u64) -> Result<Facts, StudyError> {
        Facts::of(self.scenario, &self.studies, seed)
    }

    /// Does all studies once.
    ///
    /// # Errors
    /// A fault that a study suffered, a surrogate that could not be fitted, or somebody who stopped it.
    pub fn run(&self, seed: u64) -> Result<Seed, StudyError> {
        self.go_on()?;
        let streams = Streams::new(seed).child("paper", 0);
        let mut drawn = streams.open("vials", 0);
        let campaign = campaign::run(self.scenario, seed, self.stop);
        self.go_on()?;
        let campaign = campaign?;
        let space = self.scenario.space();
        let surrogate = self.scenario.surrogate();
        let twin = study::twin::run(&campaign, space, surrogate, &self.studies, &streams)?;
        self.go_on()?;
        let vials = vials::run(self.scenario, &self.studies, seed, &campaign, &mut drawn)?;
        Ok(Seed { twin, vials, campaign, ..self.parts(seed, &Part::ALL)? })
    }

    /// Does some of the studies that need no campaign; the others, the campaigns of Fig. 6 to 8 and what is learnt from
    /// them stay empty.
    ///
    /// # Errors
    /// A fault that a study suffered, or somebody who stopped it.
    pub fn parts(&self, seed: u64, parts: &[Part]) -> Result<Seed, StudyError> {
        let streams = Streams::new(seed).child("paper", 0);
        let mut conditions = streams.open("random conditions", 0);
        let nothing = Vial { reading: Reading::mean(&[]), sample: vials::NOTHING };
        let rig = Chosen { rigs: self, seed, parts };
        Ok(Seed {
            seed,
            twin: TwinResults::default(),
            vials: Vials { best: nothing, random: Vec::new() },
            campaign: Phases::default(),
            continuous: rig.does(Part::Continuous, continuous::run)?,
            replicates: rig.does(Part::Replicates, |station, s| {
                replicates::run(station, s, &mut conditions)
            })?,
            steady: rig
                .does(Part::Steady, |station, s| steady::run(station, s, &mut conditions))?,
            steps: match parts.contains(&Part::Steps) {
                true => {
                    self.go_on()?;
                    on(self.scenario, &self.quick, seed, |station| {
                        steps::run(station, &self.studies)
                    })?
                }
                false => Vec::new(),
            },
            flow: if parts.contains(&Part::Flow) { self.flow(seed)? } else { Curve::new() },
            time: rig.does(Part::Time, time::run)?,
            grid: rig.does(Part::Grid, grid::run)?,
            ramp: rig.does(Part::Ramp, ramp::run)?,
        })
    }

    fn flow(&self, seed: u64) -> Result<Curve, StudyError> {
        let point = |(total, scenario): &(f64, Scenario)| {
            self.go_on()?;
            let reading: Reading =
                on(scenario.simulated()?, scenario.procedure(), seed, |station| {
                    flow::point(station, &self.studies)
                })?;
            Ok::<_, StudyError>((*total, reading))
        };
        self.cut.iter().map(point).collect()
    }

    /// Runs a study on a fresh lab of the paper's rig.
    fn at<T>(
        &self,
        seed: u64,
        study: impl FnOnce(&mut Station<'_>, &Studies) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let studies = &self.studies;
        on(self.scenario, self.scenario.procedure(), seed, |station| study(station, studies))
    }
}

/// Runs a study on a fresh, guarded lab of a scenario.
fn on<T>(
    scenario: Simulated<'_>,
    procedure: &Procedure,
    seed: u64,
    study: impl FnOnce(&mut Station<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let limits = scenario.file().guard.clone();
    let mut lab = Guarded::new(scenario.lab(seed), limits);
    study(&mut Station::new(&mut lab as &mut dyn Lab, procedure, scenario.space())?)
}

/// The procedure of a scenario with fewer frames in each reading, the same share of them kept.
fn quick(scenario: &Scenario, frames: u32) -> Result<Procedure, StudyError> {
    let mut spec = scenario.file().analysis.clone();
    for channel in &mut spec.channels {
        channel.phase.keep = (channel.phase.keep * frames / channel.exposure.frames).max(1);
        channel.exposure.frames = frames;
    }
    let analysis = Analysis::new(spec, scenario.manifest())?;
    let procedure = scenario.procedure();
    Ok(Procedure::new(procedure.spec().clone(), procedure.recipe().clone(), analysis))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::super::{measure, scenario};
    use super::*;

    #[test]
    fn whoever_stops_it_waits_for_no_study() {
        let (scenario, stop) = (scenario().unwrap(), AtomicBool::new(true));
        let rigs = Rigs::new(scenario.simulated().unwrap()).unwrap().unless(&stop);
        let run = rigs.run(1);
        assert!(matches!(run, Err(StudyError::Stopped)), "{run:?}");
        let parts = rigs.parts(1, &[Part::Steps]);
        assert!(matches!(parts, Err(StudyError::Stopped)), "{parts:?}");
        let all = measure(&rigs, 1, 1000, NonZeroUsize::MIN, &|_| ());
        assert!(matches!(all, Err(StudyError::Stopped)), "{all:?}");
    }
}
