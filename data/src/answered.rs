//! A lab without instruments: what experiments yield is known or believed, and answered at once.

use std::fmt;

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Manifest, Outcome, Reply, Report, Span,
};

/// Knows what experiments yield.
///
/// ```
/// use flowtwin_data::answered::{Answer, Oracle};
/// use flowtwin_lab::{Conditions, FaultKind, Manifest, Outcome, Span};
///
/// /// Answers every experiment with the same outcome.
/// #[derive(Debug)]
/// struct Constant(Manifest, Outcome);
///
/// impl Oracle for Constant {
///     const NAME: &'static str = "constant";
///     fn manifest(&self) -> &Manifest {
///         &self.0
///     }
///     fn answer(&mut self, _number: u64, _conditions: &Conditions) -> Result<(Span, Answer), FaultKind> {
///         Ok((Span::from_secs(60.0), Answer::Outcome(self.1.clone())))
///     }
/// }
/// ```
pub trait Oracle: fmt::Debug {
    /// Its name in faults.
    const NAME: &'static str;

    /// The lab it stands for.
    fn manifest(&self) -> &Manifest;

    /// What experiment `number` (from 0) yields at `conditions`, and how long it takes.
    ///
    /// # Errors
    /// If such conditions are impossible: then there is no experiment.
    fn answer(&mut self, number: u64, conditions: &Conditions)
    -> Result<(Span, Answer), FaultKind>;

    /// Ends the work of the lab behind it, if there is one.
    ///
    /// # Errors
    /// [`FaultKind::NotSafe`], if it is not safe now.
    fn make_safe(&mut self) -> Result<(), FaultKind> {
        Ok(())
    }
}

/// What an experiment yields.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What was measured; the consumption comes from the lab it stands for.
    Outcome(Outcome),
    /// Remarks on it as a whole. A fault in it is one at the end of the experiment.
    Told(Box<Report>),
}

/// A lab driven by whole experiments, which an oracle answers together with their duration.
#[derive(Clone, Debug)]
pub struct Answered<O> {
    pub(crate) oracle: O,
    begun: u64,
    now: Instant,
    under_way: Option<(Instant, Reply)>,
}

impl<O: Oracle> Answered<O> {
    /// The lab of `oracle`, before its first experiment.
    pub fn by(oracle: O) -> Self {
        Self { oracle, begun: 0, now: Instant::START, under_way: None }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, O::NAME, kind)
    }

    fn refused(&self, detail: &str) -> Fault {
        self.fault(FaultKind::Refused { detail: detail.into() })
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        if self.under_way.is_some() {
            return Err(self.refused("the experiment begun before has not been collected"));
        }
        let answer = self.oracle.answer(self.begun, conditions);
        let (takes, answer) = answer.map_err(|kind| self.fault(kind))?;
        self.begun += 1;
        let ready = self.now + takes;
        let reply = match answer {
            Answer::Outcome(outcome) => Reply::Outcome(Box::new(outcome)),
            Answer::Told(mut report) => {
                report.fault.iter_mut().for_each(|fault| fault.at = ready);
                Reply::Report(report)
            }
        };
        self.under_way = Some((ready, reply));
        Ok(Reply::Ready(ready))
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        match self.under_way.take() {
            Some((ready, reply)) if ready <= self.now => Ok(reply),
            Some(early) => {
                self.under_way = Some(early);
                Err(self.fault(FaultKind::NotReady))
            }
            None => Err(self.refused("no experiment has been begun")),
        }
    }
}

impl<O: Oracle> Lab for Answered<O> {
    fn manifest(&self) -> &Manifest {
        self.oracle.manifest()
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
                let safe = self.oracle.make_safe();
                safe.map(|()| Reply::Done).map_err(|kind| self.fault(kind))
            }
            _ => {
                let detail = format!("a {} is driven by whole experiments", O::NAME);
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}
