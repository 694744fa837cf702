//! Claims: what the paper says, how it is measured, and when it holds.

use std::fmt;

use flowtwin_statistics::Estimate;
use serde::Serialize;

use super::facts::Facts;
use super::seed::Seed;

/// A statement of the paper that can be measured.
#[derive(Clone, Copy)]
pub struct Claim {
    /// Its number, as in the list of claims in `docs/paper.md`.
    pub id: &'static str,
    /// What is claimed.
    pub text: &'static str,
    /// What the paper prints.
    pub paper: &'static str,
    /// Unit of the simulated number.
    pub unit: &'static str,
    /// Whether another result was possible, and whether parameters were set by it.
    pub kind: ClaimKind,
    /// How it is measured.
    pub measure: Measure,
    /// When it holds.
    pub holds: Holds,
    /// The change that would make it fail.
    pub fails_if: &'static str,
}

/// What a claim that holds says of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClaimKind {
    /// A constant read back, or what is true by construction: it says that the scenario is written as the paper has it.
    Definition,
    /// Parameters were set so that this holds: it is a fit.
    Calibrated,
    /// It was not used to set any parameter: what comes out is a prediction.
    Predicted,
    /// The paper does not say it: what its procedure would gain.
    Beyond,
}

impl ClaimKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Definition, Self::Calibrated, Self::Predicted, Self::Beyond];

    /// Its word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Calibrated => "calibrated",
            Self::Predicted => "predicted",
            Self::Beyond => "beyond the paper",
        }
    }

    /// Whether the program is wrong where such a claim fails.
    pub fn must_hold(self) -> bool {
        matches!(self, Self::Definition | Self::Calibrated)
    }
}

/// How a number is taken from the runs of all seeds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Measure {
    /// A fact that no seed changes.
    Fact(fn(&Facts) -> f64),
    /// The mean over seeds.
    Mean(fn(&Seed) -> f64),
    /// The geometric mean over seeds, for ratios of spreads.
    Geometric(fn(&Seed) -> f64),
    /// The median over seeds.
    Median(fn(&Seed) -> f64),
    /// The share of seeds in which something holds.
    Share(fn(&Seed) -> bool),
    /// The largest value in any seed.
    Largest(fn(&Seed) -> f64),
    /// A number of all seeds together.
    Pooled(fn(&[&Seed]) -> f64),
}

impl Measure {
    /// The number and its interval.
    pub fn of(&self, facts: &Facts, seeds: &[Seed]) -> Estimate {
        let each = |f: fn(&Seed) -> f64| -> Vec<f64> { seeds.iter().map(f).collect() };
        match *self {
            Self::Fact(f) => Estimate::exact(f(facts)),
            Self::Mean(f) => Estimate::mean(&each(f)),
            Self::Geometric(f) => Estimate::geometric_mean(&each(f)),
            Self::Median(f) => Estimate::median(&each(f)),
            Self::Largest(f) => Estimate::largest(&each(f)),
            Self::Pooled(f) => Estimate::jackknife(seeds, f),
            Self::Share(f) => {
                let held: Vec<f64> = seeds.iter().map(|s| f64::from(u8::from(f(s)))).collect();
                Estimate::share(&held)
            }
        }
    }
}

impl Measure {
    /// The number by each seed alone; one for what no seed changes, and for what is a number of all seeds together.
    pub fn each(&self, facts: &Facts, seeds: &[Seed]) -> Vec<f64> {
        match *self {
            Self::Fact(f) => vec![f(facts)],
            Self::Mean(f) | Self::Geometric(f) | Self::Median(f) | Self::Largest(f) => {
                seeds.iter().map(f).collect()
            }
            Self::Share(f) => seeds.iter().map(|seed| f64::from(u8::from(f(seed)))).collect(),
            Self::Pooled(f) => vec![f(&seeds.iter().collect::<Vec<_>>())],
        }
    }

    /// Whether another seed may yield another number.
    pub(crate) fn has_chance(&self) -> bool {
        !matches!(self, Self::Fact(_))
    }
}

/// When a claim holds. A claim about a mean holds where its whole interval does: chance alone does not pass it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Holds {
    /// The whole interval lies between these.
    Within(f64, f64),
    /// The whole interval lies above this.
    Above(f64),
    /// The whole interval lies below this.
    Below(f64),
    /// The number itself is at least this; its interval says how sure that is.
    AtLeast(f64),
    /// The number itself lies between these; its interval says how sure that is.
    Between(f64, f64),
}

impl Holds {
    /// Whether it holds.
    pub(crate) fn is_met(&self, estimate: &Estimate) -> bool {
        let Estimate { value, low, high } = *estimate;
        match *self {
            Self::Within(least, most) => least <= low && high <= most,
            Self::Above(least) => low > least,
            Self::Below(most) => high < most,
            Self::AtLeast(least) => value >= least,
            Self::Between(least, most) => (least..=most).contains(&value),
        }
    }

    /// Whether it might hold with more seeds: the number is where it should be, its interval is too wide.
    pub fn is_open(&self, estimate: &Estimate) -> bool {
        let alone = Estimate::exact(estimate.value);
        !self.is_met(estimate) && self.is_met(&alone)
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Within(low, high) if (high - low).abs() <= 0.0 => write!(f, "= {low}"),
            Self::Within(low, high) | Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::Above(least) => write!(f, "> {least}"),
            Self::Below(most) => write!(f, "< {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
        }
    }
}

/// The result of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// See [`Claim::id`].
    pub id: &'static str,
    /// See [`Claim::text`].
    pub text: &'static str,
    /// See [`Claim::paper`].
    pub paper: &'static str,
    /// The simulated number.
    pub simulated: f64,
    /// Lower end of its 95 % interval; none where one seed gives none.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// See [`Claim::unit`].
    pub unit: &'static str,
    /// When the claim holds, in words.
    pub holds: String,
    /// Whether it does.
    pub pass: bool,
    /// Whether it does not only because there are too few seeds.
    pub open: bool,
    /// See [`Claim::kind`].
    pub kind: ClaimKind,
    /// See [`Claim::fails_if`].
    pub fails_if: &'static str,
}

impl Claim {
    /// Says what would make it fail.
    pub(super) fn unless(self, fails_if: &'static str) -> Self {
        Self { fails_if, ..self }
    }

    /// Measures the claim.
    pub fn verdict(&self, facts: &Facts, seeds: &[Seed]) -> Verdict {
        let estimate = self.measure.of(facts, seeds);
        let finite = |end: f64| Some(end).filter(|end| end.is_finite());
        Verdict {
            id: self.id,
            text: self.text,
            paper: self.paper,
            simulated: estimate.value,
            low: finite(estimate.low),
            high: finite(estimate.high),
            unit: self.unit,
            holds: self.holds.to_string(),
            pass: self.holds.is_met(&estimate),
            open: self.holds.is_open(&estimate),
            kind: self.kind,
            fails_if: self.fails_if,
        }
    }
}

impl Verdict {
    /// In one word.
    pub fn word(&self) -> &'static str {
        match (self.pass, self.open, self.kind) {
            (true, _, ClaimKind::Calibrated) => "fits",
            (true, ..) => "holds",
            (false, true, _) => "open",
            (false, false, kind) if kind.must_hold() => "FAILS",
            (false, false, _) => "does not hold",
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Estimate = Estimate { value: 1.2, low: 1.0, high: 1.4 };

    #[test]
    fn an_interval_that_straddles_a_bound_does_not_pass_but_is_open() {
        let holds = Holds::Within(1.12, 1.28);
        assert!(!holds.is_met(&WIDE) && holds.is_open(&WIDE));
        assert!(holds.is_met(&Estimate { value: 1.2, low: 1.18, high: 1.22 }));
    }

    #[test]
    fn a_direction_needs_its_whole_interval() {
        assert!(!Holds::Above(1.1).is_met(&WIDE));
        assert!(Holds::Above(0.9).is_met(&WIDE) && Holds::Below(1.5).is_met(&WIDE));
    }

    #[test]
    fn a_number_that_is_none_holds_nothing() {
        let none = Estimate::exact(f64::NAN);
        for holds in
            [Holds::Within(0.0, 1.0), Holds::Above(0.0), Holds::Below(1.0), Holds::AtLeast(0.0)]
        {
            assert!(!holds.is_met(&none) && !holds.is_open(&none));
        }
    }
}
