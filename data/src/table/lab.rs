//! A lab whose experiments have been done.

use std::sync::Arc;

use flowtwin_lab::{
    Conditions, Fault, FaultKind, Instant, Manifest, Outcome, Report, Span, Streams,
};

use super::pool::Pool;
use crate::answered::{Answer, Answered, Oracle};

/// A lab driven by whole experiments, each of which is looked up in a table; where conditions were measured more than
/// once, one of the outcomes is drawn.
///
/// The draw of experiment k is number k of a stream of its own, so the same conditions in the same place of a campaign
/// with the same seed get the same draws. Conditions that were not measured become the nearest that were. No
/// lab time passes: a table has none.
///
/// Its manifest calls it simulated: the outcomes were measured, but not of this campaign, and nothing that is made of it may
/// be taken for a measurement of it.
pub type TableLab = Answered<Outcomes>;

/// The outcomes of a table.
#[derive(Clone, Debug)]
pub struct Outcomes {
    pool: Arc<Pool>,
    features: Vec<String>,
    streams: Streams,
}

impl TableLab {
    /// The lab of `pool`, whose experiments yield these `features`, in the order of its outcomes.
    pub fn new(pool: Arc<Pool>, features: &[String], streams: Streams) -> Self {
        Self::by(Outcomes { pool, features: features.to_vec(), streams })
    }
}

impl Oracle for Outcomes {
    const NAME: &'static str = "table";

    fn manifest(&self) -> &Manifest {
        self.pool.manifest()
    }

    fn answer(
        &mut self,
        number: u64,
        conditions: &Conditions,
    ) -> Result<(Span, Answer), FaultKind> {
        let mut stream = self.streams.open("table/replicate", number);
        let drawn = self.pool.draw(self.pool.place(conditions), &mut stream);
        let known = self.features.iter().zip(drawn);
        let features: Vec<(String, f64)> =
            known.filter_map(|(name, value)| Some((name.clone(), (*value)?))).collect();
        let fault = features.is_empty().then(|| {
            let detail = "the table has no outcome of this experiment".into();
            Fault::new(Instant::START, Self::NAME, FaultKind::Failed { detail })
        });
        let outcome = Outcome { features, ..Outcome::default() };
        Ok((Span::ZERO, Answer::Told(Box::new(Report { outcome, fault, ..Report::default() }))))
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Command, Lab as _, Reply, conformance};

    use super::super::pool::tests::pool;
    use super::*;

    fn outcome(lab: &mut TableLab, x: f64) -> Report {
        let conditions = lab.oracle.pool.space().conditions(vec![x]);
        lab.send(&Command::Begin { conditions }).unwrap();
        match lab.send(&Command::Collect).unwrap() {
            Reply::Report(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    fn lab(seed: u64) -> TableLab {
        TableLab::new(Arc::new(pool()), &["toughness".to_owned()], Streams::new(seed))
    }

    #[test]
    fn a_table_keeps_the_promises_of_a_lab() {
        let conditions = pool().space().centre();
        conformance::check(&mut lab(1), Some(&conditions)).unwrap();
    }

    #[test]
    fn an_experiment_yields_what_was_measured_and_a_failure_fails() {
        let mut lab = lab(1);
        assert_eq!(outcome(&mut lab, 7.0).outcome.features, [("toughness".to_owned(), 7.0)]);
        assert_eq!(outcome(&mut lab, 7.3).outcome.features, [("toughness".to_owned(), 7.0)]);
        assert!(outcome(&mut lab, 39.0).fault.is_some());
    }

    #[test]
    fn the_same_place_in_a_campaign_meets_the_same_luck() {
        let draws = |seed: u64| {
            let mut lab = lab(seed);
            (0..20).map(|_| outcome(&mut lab, 20.0).outcome.features[0].1).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let mut other = lab(1);
        outcome(&mut other, 3.0);
        assert!((outcome(&mut other, 20.0).outcome.features[0].1 - draws(1)[1]).abs() < 1e-12);
    }
}
