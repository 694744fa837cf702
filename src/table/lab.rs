//! A lab whose experiments have been done.

use std::sync::Arc;

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Manifest, Outcome, Quality, Reply, Report,
    Streams,
};

use super::pool::Pool;

/// A lab driven by whole experiments, each of which is looked up in a table; where conditions were measured more than
/// once, one of the outcomes is drawn.
///
/// The draw of experiment k is number k of a stream of its own, so the same conditions in the same place of a campaign
/// with the same seed meet the same luck. Conditions that nobody has measured become the nearest that somebody has. No
/// lab time passes: a table does not tell any.
#[derive(Clone, Debug)]
pub struct TableLab {
    pool: Arc<Pool>,
    feature: String,
    streams: Streams,
    begun: u64,
    now: Instant,
    under_way: Option<Report>,
}

impl TableLab {
    /// The lab of `pool`, whose experiments yield `feature`.
    pub fn new(pool: Arc<Pool>, feature: &str, streams: Streams) -> Self {
        let feature = feature.to_owned();
        Self { pool, feature, streams, begun: 0, now: Instant::START, under_way: None }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, "table", kind)
    }

    fn refused(&self, detail: &str) -> Fault {
        self.fault(FaultKind::Refused { detail: detail.into() })
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        if self.under_way.is_some() {
            return Err(self.refused("the experiment begun before has not been collected"));
        }
        let mut stream = self.streams.open("table/replicate", self.begun);
        self.begun += 1;
        let value = self.pool.draw(self.pool.place(conditions), &mut stream);
        let outcome = Outcome {
            features: value.map(|value| (self.feature.clone(), value)).into_iter().collect(),
            spectra: Vec::new(),
            quality: Quality::default(),
        };
        let failed = || {
            let detail = "the table has no outcome of this experiment".into();
            self.fault(FaultKind::Failed { detail })
        };
        let fault = value.is_none().then(failed);
        self.under_way = Some(Report { outcome, consumed_ml: Vec::new(), fault });
        Ok(Reply::Ready(self.now))
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        match self.under_way.take() {
            Some(report) => Ok(Reply::Report(Box::new(report))),
            None => Err(self.refused("no experiment has been begun")),
        }
    }
}

impl Lab for TableLab {
    fn manifest(&self) -> &Manifest {
        self.pool.manifest()
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Begin { conditions } => self.begin(conditions),
            Command::Collect => self.collect(),
            Command::MakeSafe => {
                self.under_way = None;
                Ok(Reply::Done)
            }
            _ => {
                let detail = "a table is driven by whole experiments".into();
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::conformance;

    use super::super::pool::tests::pool;
    use super::*;

    fn outcome(lab: &mut TableLab, x: f64) -> Report {
        let conditions = lab.pool.space().conditions(vec![x]);
        lab.send(&Command::Begin { conditions }).unwrap();
        match lab.send(&Command::Collect).unwrap() {
            Reply::Report(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    fn lab(seed: u64) -> TableLab {
        TableLab::new(Arc::new(pool()), "toughness", Streams::new(seed))
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
