//! No experiment begins that the syringes cannot finish: somebody refills, or the campaign stops before it.

use std::collections::VecDeque;

use flowtwin_lab::journal::{Filled, Journal, Record, Sink};
use flowtwin_lab::procedure::{Needs, refill};
use flowtwin_lab::{Command, Fault, FaultKind, Lab, Level, PumpId, Shortage, Volume};

use super::{Halt, UnderWay};
use crate::scenario::Refill;

/// Largest volume that somebody can say a syringe, or a bottle, holds \[mL\].
pub const MOST_FILLED_ML: f64 = 20_000.0;

/// What syringes hold that somebody has filled \[mL\].
pub type Fillings = Vec<(PumpId, f64)>;

/// The fillings of a run by hand, each at its place: behind so many experiments, spoiled or not, decisions, and the reference.
#[derive(Debug)]
pub(super) struct ByHand {
    then: VecDeque<(usize, Fillings)>,
    /// Number of places that are recorded and are passed again.
    known: usize,
    /// Whether spoiled experiments and decisions count.
    counts_spoiled: bool,
    now: Fillings,
    place: usize,
}

impl ByHand {
    /// Those of a journal that is repeated to the byte, and behind it `now`.
    pub(super) fn new(repeated: Option<&Journal>, now: Fillings) -> Self {
        let (then, known) = repeated.map(|journal| places(journal, true)).unwrap_or_default();
        Self { then, known, counts_spoiled: true, now, place: 0 }
    }

    /// Those of a journal whose experiments are done again, in a run of their own.
    pub(super) fn as_in(journal: &Journal) -> Self {
        let (then, known) = places(journal, false);
        Self { then, known, counts_spoiled: false, now: Fillings::new(), place: 0 }
    }

    /// The run goes on to its next place.
    pub(super) fn pass(&mut self, spoiled: bool) {
        self.place += usize::from(self.counts_spoiled || !spoiled);
    }

    /// What somebody has filled here, once.
    fn next(&mut self) -> Option<Fillings> {
        if self.then.front().is_some_and(|(place, _)| *place == self.place) {
            return self.then.pop_front().map(|(_, filled)| filled);
        }
        let due = self.place >= self.known && !self.now.is_empty();
        due.then(|| std::mem::take(&mut self.now))
    }
}

/// The fillings of a journal, each with the number of places before it; and the number of places.
fn places(journal: &Journal, spoiled: bool) -> (VecDeque<(usize, Fillings)>, usize) {
    let (mut filled, mut passed) = (VecDeque::new(), 0);
    for record in journal.records() {
        match record {
            Record::Filled(by_hand) => filled.push_back((passed, by_hand.holds_ml.clone())),
            Record::Blank(_) | Record::Experiment(_) => passed += 1,
            Record::Spoiled(_) | Record::Decided(_) => passed += usize::from(spoiled),
            _ => {}
        }
    }
    (filled, passed)
}

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// Takes note of the syringes that somebody says he has filled.
    pub(super) fn take_fillings(&mut self) -> Result<(), Halt> {
        while let Some(holds_ml) = self.by_hand.next() {
            let filled = Filled { at_ns: self.lab.now(), holds_ml: holds_ml.clone() };
            self.lab.record(&Record::Filled(filled))?;
            self.fill(&holds_ml)?;
            self.tell_what_is_left();
        }
        Ok(())
    }

    /// Tells what is left of each stock.
    pub(super) fn tell_what_is_left(&mut self) {
        let known = self.recorded.len() as u64 > self.number;
        let left_ml = self.left_ml();
        self.observer.left(&left_ml, known);
    }

    /// What is left of each stock \[mL\]: what the guard knows its pumps to have delivered, or what the experiments took where a lab
    /// runs whole experiments by itself.
    fn left_ml(&self) -> Vec<(String, f64)> {
        let manifest = self.lab.manifest();
        let full = manifest.filled_ml().into_iter();
        if manifest.level == Level::Experiments {
            let used = |stock: &str| self.used_ml.get(stock).copied().unwrap_or_default();
            return full.map(|(stock, ml)| (stock.to_owned(), ml - used(stock))).collect();
        }
        let held_ul = self.lab.lab().lab().remaining_ul();
        let left = |stock: &str| {
            let pumps = manifest.pumps.iter().zip(&held_ul);
            pumps.filter(|(pump, _)| pump.stock == stock).map(|(_, ul)| ul / 1_000.0).sum()
        };
        full.map(|(stock, _)| (stock.to_owned(), left(stock))).collect()
    }

    /// Makes sure that the syringes hold what is needed. Those that can refill themselves; somebody refills the others where
    /// the scenario says so and the rig is simulated.
    pub(super) fn enough(&mut self, needs: &Needs) -> Result<(), Halt> {
        let short = self.shortages(needs);
        if short.is_empty() {
            return Ok(());
        }
        self.draw(&short)?;
        let short = self.shortages(needs);
        if short.is_empty() {
            return Ok(());
        }
        let refill = self.campaign.scenario.refill().filter(|_| !self.campaign.in_wall_time);
        if let Some(refill) = refill.filter(|_| short.iter().all(Shortage::can_be_filled)) {
            return self.refill(&refill);
        }
        let fault = Fault::new(self.lab.now(), "syringes", FaultKind::Short { syringes: short });
        self.lab.record(&Record::Fault(fault.clone()))?;
        Err(fault.into())
    }

    fn shortages(&self, needs: &Needs) -> Vec<Shortage> {
        self.lab.lab().lab().shortages(needs)
    }

    /// Has the pumps refill themselves that can.
    fn draw(&mut self, short: &[Shortage]) -> Result<(), Halt> {
        let began = self.lab.now();
        for (pump, ul) in self.lab.lab().lab().can_draw_ul(short) {
            if let Err(fault) = refill(&mut self.lab, &pump, ul) {
                // Of others it is recorded that they came.
                if matches!(fault.kind, FaultKind::Stalled | FaultKind::Refused { .. }) {
                    self.lab.record(&Record::Fault(fault.clone()))?;
                }
                return Err(fault.into());
            }
            self.tell_what_is_left();
        }
        self.wasted.lab_time_s += self.lab.now().since(began).as_secs();
        Ok(())
    }

    /// Waits, safe, until somebody has filled every syringe.
    fn refill(&mut self, refill: &Refill) -> Result<(), Halt> {
        let began = self.lab.now();
        self.lab.send(&Command::MakeSafe)?;
        self.costs.rest();
        self.lab.wait_until(refill.done_by(began))?;
        let full = self.lab.manifest().pumps.iter().map(|info| (info.name.clone(), info.fill_ml));
        self.fill(&full.collect())?;
        self.tell_what_is_left();
        self.wasted.lab_time_s += self.lab.now().since(began).as_secs();
        Ok(())
    }

    fn fill(&mut self, holds_ml: &Fillings) -> Result<(), Halt> {
        for (pump, ml) in holds_ml {
            let (pump, holds_ul) = (pump.clone(), Volume::from_ml(*ml));
            self.lab.send(&Command::Fill { pump, holds_ul })?;
        }
        Ok(())
    }
}
