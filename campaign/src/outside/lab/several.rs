//! A lab outside that can have several experiments under way: version 2 of the protocol.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant as WallInstant};

use flowtwin_lab::{Answered, Conditions, Fault, FaultKind, Instant, Outcome, Reply, Report, Span};

use super::{OutsideLab, State, because};
use crate::outside::message::{
    ErrorLine, ForgetLine, FromLab, ObservationLine, RequestLine, ToSeveral, table,
};
use crate::outside::process::{MOMENT, ProgramError};

/// What has waited long enough is listened for once more before it is given up: its answer may be on its way.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// What a lab was asked for, and what it has answered.
#[derive(Debug)]
pub(super) struct Requests {
    /// What it said it still had when it was started.
    still_there: BTreeSet<u64>,
    /// Since when each request is waited for.
    waited_for: BTreeMap<u64, WallInstant>,
    /// Answers that nobody has asked for yet.
    heard: VecDeque<Answered>,
    /// When lab time was told last.
    told: WallInstant,
    /// How long an answer is waited for.
    longest: Duration,
}

impl Requests {
    pub(super) fn still_there(requests: Vec<u64>, longest: Duration) -> Self {
        Self {
            still_there: requests.into_iter().collect(),
            waited_for: BTreeMap::new(),
            heard: VecDeque::new(),
            told: WallInstant::now(),
            longest,
        }
    }

    /// The request that has been waited for longest, where that is too long.
    fn given_up(&self) -> Option<u64> {
        let late = self.waited_for.iter().filter(|(_, since)| since.elapsed() >= self.longest);
        late.min_by_key(|(_, since)| **since).map(|(request, _)| *request)
    }
}

impl OutsideLab {
    fn requests(&mut self) -> &mut Requests {
        self.several.as_mut().expect("only such a lab is asked by number")
    }

    pub(super) fn request(
        &mut self,
        request: u64,
        conditions: &Conditions,
        again: bool,
    ) -> Result<Reply, Fault> {
        if matches!(self.state, State::Safe) {
            return Err(self.refused("the lab has been made safe"));
        }
        let requests = self.requests();
        let is_heard = requests.heard.iter().any(|answered| answered.request == request);
        if !is_heard {
            requests.waited_for.insert(request, WallInstant::now());
        }
        if !(again && (requests.still_there.remove(&request) || is_heard)) {
            let line = RequestLine { request, conditions: table(conditions), again };
            self.program.say(&ToSeveral::Experiment(line));
        }
        Ok(Reply::Done)
    }

    pub(super) fn forget(&mut self, request: u64) -> Reply {
        self.requests().waited_for.remove(&request);
        self.program.say(&ToSeveral::Forget(ForgetLine { request }));
        Reply::Done
    }

    /// The next answer: what was heard, or that something was waited for too long.
    ///
    /// Nobody listens while a policy thinks or a person pauses the run: what the lab has said meanwhile is heard before anything is
    /// given up. Lab time passes with it, so it is handed over when it is asked for again.
    pub(super) fn receive(&mut self) -> Result<Reply, Fault> {
        if let Some(answered) = self.requests().heard.pop_front() {
            return Ok(Reply::Answered(Box::new(answered)));
        }
        self.take_in(Duration::ZERO)?;
        if self.requests().given_up().is_some() {
            self.take_in(LAST_MOMENT)?;
        }
        let is_heard = !self.requests().heard.is_empty();
        let Some(request) = self.requests().given_up().filter(|_| !is_heard) else {
            return Err(self.fault(FaultKind::NotReady));
        };
        self.forget(request);
        self.pass(None);
        let waited_s = self.requests().longest.as_secs_f64();
        let kind = FaultKind::NoReply { waited_s };
        let fault = Fault::new(self.now, format_args!("request {request}"), kind);
        Ok(Reply::Answered(Box::new(self.failed(request, fault))))
    }

    /// Waits a moment for a line.
    pub(super) fn listen(&mut self) -> Result<(), Fault> {
        self.take_in(MOMENT)
    }

    /// Waits so long for a line, unless there is an answer already.
    fn take_in(&mut self, within: Duration) -> Result<(), Fault> {
        if !self.requests().heard.is_empty() {
            return Ok(());
        }
        let heard = self.program.hear_within(within, "an `observation`");
        let line = heard.map_err(|error| {
            let detail = error.to_string();
            self.fault(match error {
                ProgramError::Line { .. } => FaultKind::Garbled { detail },
                _ => FaultKind::LinkLost { detail },
            })
        })?;
        let answered = match line {
            None => return Ok(()),
            Some(FromLab::Observation(line)) => self.observed(*line)?,
            Some(FromLab::Error(error)) => self.cannot(&error)?,
            Some(FromLab::Done(done)) => {
                return Err(self.fault(FaultKind::Ended { reason: done.reason }));
            }
            Some(other) => return Err(self.garbled(&other)),
        };
        let requests = self.requests();
        requests.waited_for.remove(&answered.request);
        requests.heard.push_back(answered);
        Ok(())
    }

    fn observed(&mut self, line: ObservationLine) -> Result<Answered, Fault> {
        let Some(request) = line.request else {
            let detail = "an observation without the number of its `request`".into();
            return Err(self.fault(FaultKind::Garbled { detail }));
        };
        let set = self.sensible(&line)?;
        self.pass(line.ended_s);
        let started = line.started_s.map(Instant::from_secs);
        let ended = line.ended_s.map_or(self.now, Instant::from_secs);
        let report = self.report(line, set);
        Ok(Answered { request, started, ended, report })
    }

    /// A request that the lab cannot do.
    fn cannot(&mut self, error: &ErrorLine) -> Result<Answered, Fault> {
        let fault = self.refused(&because(error));
        match error.request {
            Some(request) => Ok(self.failed(request, fault)),
            None => Err(fault),
        }
    }

    fn failed(&self, request: u64, fault: Fault) -> Answered {
        let report =
            Report { outcome: Outcome::default(), fault: Some(fault), ..Report::default() };
        Answered { request, started: None, ended: self.now, report }
    }

    /// Lets lab time pass: to what the lab says, or as the wall clock does.
    fn pass(&mut self, ended_s: Option<f64>) {
        let requests = self.requests();
        let passed_s = requests.told.elapsed().as_secs_f64();
        requests.told = WallInstant::now();
        self.now = match ended_s {
            Some(ended) => self.now.max(Instant::from_secs(ended)),
            None => self.now + Span::from_secs(passed_s),
        };
    }
}
