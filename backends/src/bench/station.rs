//! The instruments of a cable, as the bench sees them: in this thread, or in one of their own.

use std::time::{Duration, Instant};

use flowtwin_lab::{FaultKind, HeaterId, SensorKind};

use super::instruments::{Answer, Instruments, Order, Pace, Part};
use super::worker::Worker;

/// Instruments that are asked one after the other; those of different stations side by side.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) parts: Vec<Part>,
    desk: Desk,
}

#[derive(Debug)]
enum Desk {
    /// In this thread: wires in memory, drivers of somebody's own.
    Here(Instruments),
    /// In a thread of their own.
    There(Worker),
}

impl Station {
    /// Instruments that are asked in this thread.
    pub(super) fn here(instruments: Instruments) -> Self {
        Self { parts: instruments.parts(), desk: Desk::Here(instruments) }
    }

    /// Instruments that have a thread of their own.
    pub(super) fn there(parts: Vec<Part>, worker: Worker) -> Self {
        Self { parts, desk: Desk::There(worker) }
    }

    /// Gives an order and waits for the answer, as long as `alive` says that it may; with a deadline, until then.
    pub(super) fn ask(
        &mut self,
        order: &Order,
        until: Option<Instant>,
        alive: &mut dyn FnMut() -> Result<(), FaultKind>,
    ) -> Result<Answer, FaultKind> {
        match &mut self.desk {
            Desk::Here(instruments) => instruments.obey(order, &Pace::default()),
            Desk::There(worker) => worker.ask(order, until, alive),
        }
    }

    /// Lets instruments of this thread go on with what they do by themselves; when that is to be done next. Those in a thread
    /// of their own do it there.
    pub(super) fn attend(&mut self, now: flowtwin_lab::Instant) -> Option<flowtwin_lab::Instant> {
        match &mut self.desk {
            Desk::Here(instruments) => instruments.attend(now),
            Desk::There(_) => None,
        }
    }

    /// What a heater reads [°C], if it answers by a moment, with none where its sensor is open; nothing where it does not
    /// answer, or this is not the time to ask.
    pub(super) fn temperature_c(
        &mut self,
        heater: &HeaterId,
        until: Instant,
    ) -> Option<Option<f64>> {
        let Desk::There(worker) = &mut self.desk else { return None };
        if worker.is_making_safe() {
            return None;
        }
        let order = Order::Read(SensorKind::Temperature(heater.clone()), heater.as_str().into());
        match worker.ask(&order, Some(until), &mut || Ok(())) {
            Ok(Answer::Reading(value)) => Some(Some(value)),
            Err(FaultKind::SensorOpen) => Some(None),
            _ => None,
        }
    }

    /// Whether anything of it must be made safe.
    pub(super) fn can_harm(&self) -> bool {
        self.parts.iter().any(Part::can_harm)
    }

    /// Begins to make everything safe, where that goes on by itself.
    pub(super) fn begin_safe(&mut self, order: &Order, until: Instant) {
        if let Desk::There(worker) = &mut self.desk {
            worker.begin_safe(order, until);
        }
    }

    /// What is not safe by `until`, and why.
    pub(super) fn end_safe(&mut self, order: &Order, until: Instant) -> Vec<(Part, String)> {
        let answered = match &mut self.desk {
            Desk::Here(instruments) => Some(instruments.obey(order, &Pace::default())),
            Desk::There(worker) => worker.end_safe(until),
        };
        let all = |why: String| {
            let parts = self.parts.iter().filter(|part| part.can_harm()).cloned();
            parts.map(|part| (part, why.clone())).collect()
        };
        match answered {
            Some(Ok(Answer::Left(left))) => {
                left.into_iter().map(|(part, kind)| (part, kind.to_string())).collect()
            }
            Some(Ok(other)) => all(format!("it answered {other:?}")),
            Some(Err(kind)) => all(kind.to_string()),
            None => all("it has not answered yet".into()),
        }
    }

    /// While it is made safe a reply may take `reply`.
    pub(super) fn replies_within(&self, reply: Duration) {
        if let Desk::There(worker) = &self.desk {
            worker.replies_within(reply);
        }
    }

    /// Lets its cables go.
    pub(super) fn let_go(&mut self) {
        if let Desk::There(worker) = &mut self.desk {
            worker.let_go();
        }
    }
}
