//! Policies that maximise an acquisition function over a surrogate.

use ndarray::{Array2, ArrayView1};

use crate::acquisition::Acquisition;
use crate::feasibility::Feasibility;
use crate::objective::Weighed;
use crate::policy::{Ask, Policy, PolicyError, Proposals, SurrogateSpec};
use crate::region::Region;
use crate::search::Search;
use crate::{Context, History, Model, Posterior, Surrogate, Trial, Work};
use flowtwin_lab::Stream;

/// Best experiments around which to look closer, and points around each at every distance.
const NEAR: usize = 4;

/// What a guided policy maximises.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Aim {
    /// The spread: learn the most.
    MaxVariance,
    /// The mean: pure exploitation, "EPLT".
    Exploit,
    /// Mean plus `lambda` spreads.
    Ucb {
        /// Weight of the spread.
        lambda: f64,
    },
    /// Expected improvement over the best outcome so far.
    Ei,
}

/// Fits a surrogate to the history and maximises an acquisition function over the feasible region.
///
/// With fewer than two successful experiments it proposes random points. Pending experiments, and the earlier ones of
/// several asked for at once, are taken to yield what the surrogate predicts of them (Ginsbourger et al. 2010, "kriging
/// believer").
#[derive(Clone, Debug, PartialEq)]
pub struct Guided {
    /// Its name.
    pub name: &'static str,
    /// What it maximises.
    pub aim: Aim,
    /// What it learns with.
    pub surrogate: SurrogateSpec,
}

impl Policy for Guided {
    fn name(&self) -> &str {
        self.name
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let mut proposals = Proposals::default();
        let mut pending = ask.history.pending.clone();
        for _ in 0..ask.count {
            let point = self.one(&region, ask.history, &pending, context, &mut proposals.work)?;
            let conditions = region.snap(&point);
            pending.push(ask.space.to_unit(&conditions));
            proposals.conditions.push(conditions);
        }
        Ok(proposals)
    }
}

impl Guided {
    fn one(
        &self,
        region: &Region<'_>,
        history: &History,
        pending: &[Vec<f64>],
        context: &Context,
        work: &mut Work,
    ) -> Result<Vec<f64>, PolicyError> {
        let next = (history.trials.len() + pending.len()) as u64;
        let (x, y) = history.succeeded(region.space().dim());
        if y.len() < 2 {
            return Ok(region.sample(&mut context.streams.open("policy/first", next)));
        }
        let y_floor = y.iter().copied().fold(f64::INFINITY, f64::min);
        let model = self.believe(x, y, pending, context, work)?;
        let acquisition = match self.aim {
            Aim::MaxVariance => Acquisition::Variance,
            Aim::Exploit => Acquisition::Mean,
            Aim::Ucb { lambda } => Acquisition::Ucb { lambda },
            Aim::Ei => {
                let best = self.incumbent(region, history, &model);
                if self.surrogate.is_legacy() {
                    Acquisition::Improvement { best }
                } else {
                    Acquisition::LogImprovement { best }
                }
            }
        };
        let feasibility = Feasibility::learn(history);
        let objective = Weighed {
            posterior: &model,
            acquisition,
            feasibility: feasibility.as_ref(),
            floor: y_floor,
        };
        let mut stream = context.streams.open("policy/search", next);
        let seeds = self.seeds(history, &mut stream);
        let (point, evaluations) = self.search().run(region, &objective, seeds, &mut stream);
        work.acquisitions += evaluations;
        Ok(point)
    }

    fn search(&self) -> Search {
        match self.surrogate {
            SurrogateSpec::LegacyFastcat => Search::FAST_CAT,
            SurrogateSpec::LegacySmartdope => Search::SMART_DOPE,
            _ => Search::MANY_STARTS,
        }
    }

    /// Points near the best experiments so far, where the sequence may be too coarse to see an improvement.
    fn seeds(&self, history: &History, stream: &mut Stream) -> Vec<Vec<f64>> {
        if self.surrogate.is_legacy() {
            return Vec::new();
        }
        let mut ranked: Vec<(f64, &[f64])> = history
            .trials
            .iter()
            .filter_map(|t| Some((t.outcome?, &t.x[..])))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut seeds = Vec::new();
        for (_, x) in ranked.into_iter().take(NEAR) {
            for width in [0.02, 0.05, 0.1, 0.2] {
                for _ in 0..NEAR {
                    let near = |x: &f64| (x + width * stream.normal()).clamp(0.0, 1.0);
                    seeds.push(x.iter().map(near).collect());
                }
            }
        }
        seeds
    }

    /// The surrogate of what is known, and of what it says itself about pending experiments. Its streams depend on the
    /// number of experiments alone, so that all policies that start from one history start from one model.
    fn believe(
        &self,
        mut x: Array2<f64>,
        mut y: Vec<f64>,
        pending: &[Vec<f64>],
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, PolicyError> {
        let context = context.child("surrogate", y.len() as u64);
        let model = self.surrogate.fit(x.view(), &y, &context)?;
        *work += model.work();
        if pending.is_empty() {
            return Ok(model);
        }
        for point in pending {
            y.push(model.at(point).mean);
            x.push_row(ArrayView1::from(&point[..]))
                .expect("one value for each input");
        }
        let model = self.surrogate.fit(x.view(), &y, &context)?;
        *work += model.work();
        Ok(model)
    }

    /// What is to be improved on, among the experiments inside the region where there are any: the highest outcome for
    /// the published ensembles, as they do it; for the others the highest predicted mean, which noise does not inflate.
    fn incumbent(&self, region: &Region<'_>, history: &History, model: &Model) -> f64 {
        let value = |trial: &Trial| {
            let outcome = trial.outcome?;
            Some(if self.surrogate.is_legacy() {
                outcome
            } else {
                model.at(&trial.x).mean
            })
        };
        let highest = |inside: bool| {
            let trials = history.trials.iter();
            let trials = trials.filter(|t| !inside || region.contains(&t.x));
            trials.filter_map(value).reduce(f64::max)
        };
        highest(true)
            .or_else(|| highest(false))
            .expect("two experiments succeeded")
    }
}
