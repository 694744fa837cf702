//! When a campaign has done enough.

use flowtwin_lab::Space;
use serde::{Deserialize, Serialize};

use crate::acquisition::expected_improvement;
use crate::region::Region;
use crate::search::candidates;
use crate::{Context, History, PolicyError, Posterior, Surrogate, SurrogateSpec, cross_validate};

/// Rules, any of which ends a phase before its number of experiments is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct StopRules {
    /// Stop when the best outcome reaches this (the outcome as it is maximised).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Stop when the cross-validated R² of the surrogate reaches this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_r2: Option<f64>,
    /// Stop when the largest expected improvement is below this many standard deviations of the noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub improvement_per_noise: Option<f64>,
    /// Stop when the phase has taken this much lab time \[s\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab_time_s: Option<f64>,
    /// Stop when the phase has used this much reagent \[mL\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reagent_ml: Option<f64>,
}

/// What a phase has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Lab time \[s\].
    pub lab_time_s: f64,
    /// Reagents \[mL\].
    pub reagent_ml: f64,
}

/// Why a phase stops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stop {
    /// The best outcome is good enough.
    #[error("the target is reached: {best} of {target}")]
    Target {
        /// The best outcome.
        best: f64,
        /// What was asked for.
        target: f64,
    },
    /// The surrogate is accurate enough.
    #[error("the surrogate predicts well enough: test R² {r2:.3} of {wanted}")]
    TestR2 {
        /// Cross-validated R².
        r2: f64,
        /// What was asked for.
        wanted: f64,
    },
    /// What can still be gained is lost in the noise.
    #[error(
        "the largest expected improvement, {improvement:.3e}, is below {factor} times the noise, {noise_sd:.3e}"
    )]
    Improvement {
        /// The largest expected improvement found.
        improvement: f64,
        /// Standard deviation of the noise.
        noise_sd: f64,
        /// The factor asked for.
        factor: f64,
    },
    /// The lab time is used up.
    #[error("the lab time is used up: {spent_s} s of {allowed_s} s")]
    LabTime {
        /// Spent \[s\].
        spent_s: f64,
        /// Allowed \[s\].
        allowed_s: f64,
    },
    /// The reagent is used up.
    #[error("the reagent is used up: {spent_ml} mL of {allowed_ml} mL")]
    Reagent {
        /// Spent \[mL\].
        spent_ml: f64,
        /// Allowed \[mL\].
        allowed_ml: f64,
    },
}

/// Folds and repeats behind [`StopRules::test_r2`].
const TEST: (usize, usize) = (5, 4);
/// Successful experiments before which no surrogate is judged.
const LEAST: usize = 10;
/// Points at which the improvement is looked for.
const POINTS: usize = 512;

impl StopRules {
    /// The first rule that ends the phase, if any; a pure function like a policy.
    ///
    /// # Errors
    /// If the surrogate cannot be fitted, or no conditions are feasible.
    pub fn check(
        &self,
        space: &Space,
        history: &History,
        spent: Spent,
        surrogate: SurrogateSpec,
        context: &Context,
    ) -> Result<Option<Stop>, PolicyError> {
        if let (Some(target), Some((_, best))) = (self.target, history.best())
            && best >= target
        {
            return Ok(Some(Stop::Target { best, target }));
        }
        if let Some(allowed_s) = self.lab_time_s.filter(|allowed| spent.lab_time_s >= *allowed) {
            let spent_s = spent.lab_time_s;
            return Ok(Some(Stop::LabTime { spent_s, allowed_s }));
        }
        if let Some(allowed_ml) = self.reagent_ml.filter(|allowed| spent.reagent_ml >= *allowed) {
            let spent_ml = spent.reagent_ml;
            return Ok(Some(Stop::Reagent { spent_ml, allowed_ml }));
        }
        let (x, y) = history.succeeded(space.dim());
        if y.len() < LEAST {
            return Ok(None);
        }
        if let Some(wanted) = self.test_r2 {
            let r2 = cross_validate(&surrogate, x.view(), &y, TEST, context)?.r2.value;
            if r2 >= wanted {
                return Ok(Some(Stop::TestR2 { r2, wanted }));
            }
        }
        let Some(factor) = self.improvement_per_noise else {
            return Ok(None);
        };
        let model = surrogate.fit(x.view(), &y, &context.child("surrogate", y.len() as u64))?;
        let region = Region::new(space)?;
        let mut stream = context.streams.open("stop/points", y.len() as u64);
        let seen = x.rows().into_iter().map(|row| model.at(&row.to_vec()).mean);
        let best = seen.fold(f64::NEG_INFINITY, f64::max);
        let improvement = candidates(&region, POINTS, &mut stream)
            .iter()
            .map(|u| model.at(u))
            .map(|belief| expected_improvement(belief.mean, belief.sd, best))
            .fold(0.0, f64::max);
        let noise_sd = model.noise_sd();
        let below = improvement < factor * noise_sd;
        Ok(below.then_some(Stop::Improvement { improvement, noise_sd, factor }))
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Input, Streams};

    use super::*;
    use crate::Trial;

    fn line(n: usize, noise: f64) -> (Space, History) {
        let input = Input::number("a", 0.0, 1.0, 0.0);
        let mut stream = Streams::new(1).open("noise", 0);
        let mut trial = |i: usize| {
            let a = i as f64 / (n - 1) as f64;
            Trial::at(vec![a], Some(a + noise * stream.normal()))
        };
        let trials = (0..n).map(&mut trial).collect();
        let history = History { trials, ..History::default() };
        (Space::new(vec![input], vec![]).unwrap(), history)
    }

    fn check(rules: StopRules, n: usize, spent: Spent) -> Option<Stop> {
        let (space, history) = line(n, 0.02);
        let context = Context::new(Streams::new(1));
        rules.check(&space, &history, spent, SurrogateSpec::Gp, &context).unwrap()
    }

    #[test]
    fn each_rule_stops_with_its_numbers_and_none_stops_alone() {
        let spent = Spent { lab_time_s: 50.0, reagent_ml: 3.0 };
        assert_eq!(check(StopRules::default(), 20, spent), None);
        let target = StopRules { target: Some(0.5), ..StopRules::default() };
        assert!(matches!(check(target, 20, spent), Some(Stop::Target { .. })));
        let time = StopRules { lab_time_s: Some(50.0), ..StopRules::default() };
        let stop = check(time, 20, spent).unwrap();
        assert_eq!(stop.to_string(), "the lab time is used up: 50 s of 50 s");
        let reagent = StopRules { reagent_ml: Some(4.0), ..StopRules::default() };
        assert_eq!(check(reagent, 20, spent), None);
        let accurate = StopRules { test_r2: Some(0.9), ..StopRules::default() };
        assert!(matches!(check(accurate, 20, spent), Some(Stop::TestR2 { .. })));
        assert_eq!(check(accurate, 9, spent), None);
        let gain = StopRules { improvement_per_noise: Some(1.0), ..StopRules::default() };
        assert!(matches!(check(gain, 20, spent), Some(Stop::Improvement { .. })));
    }
}
