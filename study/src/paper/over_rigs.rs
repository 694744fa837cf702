//! The claims of the paper on plausible rigs: on how many rigs each holds.

use flowtwin_report::format::counted;
use flowtwin_report::{OverRigs, Table};
use flowtwin_statistics::Estimate;
use serde::Serialize;

use super::catalogue::claims;
use super::claim::{Claim, ClaimKind, Verdict};
use super::facts::Facts;
use super::seed::Seed;

/// A claim on several rigs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimOverRigs {
    /// Its number.
    pub id: &'static str,
    /// What is claimed.
    pub text: &'static str,
    /// What the paper prints.
    pub paper: &'static str,
    /// When it holds, in words.
    pub holds: String,
    /// What it says of the model.
    pub kind: ClaimKind,
    /// On how many rigs it holds.
    pub held: usize,
    /// The share of rigs on which it holds, with its 95 % interval.
    pub share: Estimate,
    /// The simulated number, over rigs and seeds.
    pub simulated: OverRigs,
    /// The result on each rig, in order.
    pub rigs: Vec<Verdict>,
}

/// Every claim on each of these rigs, measured with the same seeds, in the order of the catalogue.
///
/// # Panics
/// If there is no rig.
pub fn over_rigs(measured: &[(Facts, Vec<Seed>)]) -> Vec<ClaimOverRigs> {
    claims().iter().map(|claim| of_claim(claim, measured)).collect()
}

fn of_claim(claim: &Claim, measured: &[(Facts, Vec<Seed>)]) -> ClaimOverRigs {
    let verdict = |(facts, seeds): &(Facts, Vec<Seed>)| claim.verdict(facts, seeds);
    let rigs: Vec<Verdict> = measured.iter().map(verdict).collect();
    let each = |(facts, seeds): &(Facts, Vec<Seed>)| -> Vec<Option<f64>> {
        claim.measure.each(facts, seeds).into_iter().map(Some).collect()
    };
    let values: Vec<Vec<Option<f64>>> = measured.iter().map(each).collect();
    let passes: Vec<f64> = rigs.iter().map(|v| f64::from(u8::from(v.pass))).collect();
    ClaimOverRigs {
        id: claim.id,
        text: claim.text,
        paper: claim.paper,
        holds: claim.holds.to_string(),
        kind: claim.kind,
        held: rigs.iter().filter(|verdict| verdict.pass).count(),
        share: Estimate::share(&passes),
        simulated: OverRigs::new(claim.id, claim.unit, &values, claim.measure.has_chance()),
        rigs,
    }
}

impl ClaimOverRigs {
    /// Claims, one per line: on how many rigs each holds, and how its number spreads.
    pub fn table(all: &[Self]) -> (Table, Table) {
        let mut held = Table::new()
            .words("")
            .words("claim")
            .words("paper")
            .words("holds if")
            .numbers("holds on")
            .numbers("share of rigs (95 %)");
        for claim in all {
            let percent = |share: f64| format!("{:.0}", 100.0 * share);
            let Estimate { value, low, high } = claim.share;
            held.row(vec![
                claim.id.into(),
                claim.text.into(),
                claim.paper.into(),
                claim.holds.clone(),
                format!("{} of {}", claim.held, counted(claim.rigs.len(), "rig")),
                format!("{} % ({} to {} %)", percent(value), percent(low), percent(high)),
            ]);
        }
        let numbers: Vec<OverRigs> = all.iter().map(|claim| claim.simulated.clone()).collect();
        (held, OverRigs::table(&numbers, "claim"))
    }

    /// One row for each claim and rig, as comma-separated values.
    pub fn csv(all: &[Self]) -> String {
        let mut csv = String::from("rig,claim,simulated,low,high,unit,pass\n");
        for claim in all {
            for (rig, verdict) in claim.rigs.iter().enumerate() {
                let end = |end: Option<f64>| end.map(|end| end.to_string()).unwrap_or_default();
                csv.push_str(&format!(
                    "{},{},{},{},{},{},{}\n",
                    rig + 1,
                    claim.id,
                    verdict.simulated,
                    end(verdict.low),
                    end(verdict.high),
                    verdict.unit,
                    verdict.pass
                ));
            }
        }
        csv
    }
}

#[cfg(test)]
mod tests {
    use super::super::claim::Measure;
    use super::*;

    #[test]
    fn a_claim_is_counted_on_each_rig_and_facts_have_no_spread_over_seeds() {
        let facts = |inputs: usize| (Facts { inputs, ..Facts::default() }, Vec::<Seed>::new());
        let counts = |claim: &Claim| {
            let of = |inputs: usize| match claim.measure {
                Measure::Fact(f) => f(&facts(inputs).0),
                _ => f64::NAN,
            };
            (of(8) - of(7) - 1.0).abs() < 1e-9
        };
        let claim = claims().into_iter().find(counts).expect("a claim counts the inputs");
        let claim = of_claim(&claim, &[facts(7), facts(8), facts(7)]);
        assert_eq!((claim.held, claim.rigs.len()), (2, 3));
        assert!(claim.share.low < 0.5 && claim.share.high > 0.9, "{:?}", claim.share);
        let spreads = claim.simulated.spreads.unwrap();
        assert_eq!((spreads.rigs.n, spreads.seeds.n), (3, 1));
        assert!(spreads.rigs.deviation.is_some() && spreads.seeds.deviation.is_none());
        let all = [claim];
        assert_eq!(ClaimOverRigs::csv(&all).lines().count(), 4);
        let (held, _) = ClaimOverRigs::table(&all);
        assert!(held.text().contains("2 of 3 rigs"), "{}", held.text());
    }
}
