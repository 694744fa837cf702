//! All claims, in the order of the paper.

mod campaign;
mod grid;
mod procedure;
mod reaction;
mod rig;
mod stability;
mod twin;

use super::claim::{Claim, ClaimKind, Holds, Measure};
use super::facts::Facts;
use super::seed::Seed;

/// Every claim of the paper that can be measured.
pub fn claims() -> Vec<Claim> {
    [
        rig::claims(),
        stability::claims(),
        reaction::claims(),
        grid::claims(),
        twin::claims(),
        campaign::claims(),
        procedure::claims(),
    ]
    .concat()
}

/// A constant read back, or what is true by construction.
fn definition(id: &'static str, text: &'static str, paper: &'static str) -> Said {
    Said { id, text, paper, kind: ClaimKind::Definition }
}

/// What the paper does not say.
fn beyond(id: &'static str, text: &'static str) -> Said {
    Said { id, text, paper: "–", kind: ClaimKind::Beyond }
}

/// A claim by which parameters were set.
fn calibrated(id: &'static str, text: &'static str, paper: &'static str) -> Said {
    Said { id, text, paper, kind: ClaimKind::Calibrated }
}

/// A claim by which no parameter was set.
fn predicted(id: &'static str, text: &'static str, paper: &'static str) -> Said {
    Said { id, text, paper, kind: ClaimKind::Predicted }
}

/// What is claimed.
struct Said {
    id: &'static str,
    text: &'static str,
    paper: &'static str,
    kind: ClaimKind,
}

/// … and how it is measured.
struct Measured {
    said: Said,
    unit: &'static str,
    measure: Measure,
}

impl Said {
    fn measured(self, unit: &'static str, measure: Measure) -> Measured {
        Measured { said: self, unit, measure }
    }

    fn fact(self, unit: &'static str, of: fn(&Facts) -> f64) -> Measured {
        self.measured(unit, Measure::Fact(of))
    }

    fn mean(self, unit: &'static str, of: fn(&Seed) -> f64) -> Measured {
        self.measured(unit, Measure::Mean(of))
    }

    fn geometric(self, unit: &'static str, of: fn(&Seed) -> f64) -> Measured {
        self.measured(unit, Measure::Geometric(of))
    }

    fn median(self, unit: &'static str, of: fn(&Seed) -> f64) -> Measured {
        self.measured(unit, Measure::Median(of))
    }

    fn largest(self, unit: &'static str, of: fn(&Seed) -> f64) -> Measured {
        self.measured(unit, Measure::Largest(of))
    }

    fn share(self, of: fn(&Seed) -> bool) -> Measured {
        self.measured("of seeds", Measure::Share(of))
    }

    fn pooled(self, unit: &'static str, of: fn(&[&Seed]) -> f64) -> Measured {
        self.measured(unit, Measure::Pooled(of))
    }
}

impl Measured {
    fn holds(self, holds: Holds) -> Claim {
        let Self { said: Said { id, text, paper, kind }, unit, measure } = self;
        Claim { id, text, paper, unit, kind, measure, holds, fails_if: "" }
    }

    fn is(self, number: f64) -> Claim {
        self.holds(Holds::Within(number, number))
    }

    fn within(self, low: f64, high: f64) -> Claim {
        self.holds(Holds::Within(low, high))
    }

    fn above(self, least: f64) -> Claim {
        self.holds(Holds::Above(least))
    }

    fn below(self, most: f64) -> Claim {
        self.holds(Holds::Below(most))
    }

    fn at_least(self, least: f64) -> Claim {
        self.holds(Holds::AtLeast(least))
    }

    fn between(self, low: f64, high: f64) -> Claim {
        self.holds(Holds::Between(low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = claims().iter().map(|claim| claim.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn nothing_of_figures_6_to_8_was_used_to_set_a_parameter() {
        // X08 is of the micrographs in the supplement; the scale of the quantum yield is P01, and nothing else's.
        let later = |claim: &&Claim| claim.id.starts_with(['D', 'X', 'B']) && claim.id != "X08";
        for claim in claims().iter().filter(later) {
            assert_ne!(claim.kind, ClaimKind::Calibrated, "{}", claim.id);
        }
    }

    #[test]
    fn every_claim_says_what_would_make_it_fail_and_only_those_of_the_paper_quote_it() {
        for claim in claims() {
            assert!(claim.fails_if.len() > 10, "{}", claim.id);
            assert_eq!(claim.paper == "–", claim.kind == ClaimKind::Beyond, "{}", claim.id);
        }
    }
}
