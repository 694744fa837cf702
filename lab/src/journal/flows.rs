//! What pumps delivered over a run, in steps.

use std::collections::BTreeMap;

use super::{Book, Journal};
use crate::id::PumpId;
use crate::time::Instant;

/// The rate of every pump over a run [µL/min]: from each point to the next. A pump that was never told to run is not there.
///
/// It follows the same [`Book`] as what is left in the syringes: a delivery whose answer was lost counts, and it ends where its
/// pump stops by itself, where somebody stops or fills it, and where a run goes on that had ended meanwhile.
pub fn flows(journal: &Journal) -> BTreeMap<PumpId, Vec<(Instant, f64)>> {
    let mut book = Book::new(&journal.header().manifest);
    let mut points: BTreeMap<PumpId, Vec<(Instant, f64)>> = BTreeMap::new();
    for record in journal.records() {
        if let Some(at) = record.at() {
            for (pump, over) in book.over_by(at) {
                note(&mut points, &pump, over, 0.0);
            }
        }
        book.take(record);
        let Some(at) = record.at() else { continue };
        let rates = book.rates(at);
        for pump in points.keys().cloned().collect::<Vec<_>>() {
            note(&mut points, &pump, at, rates.get(&pump).copied().unwrap_or_default());
        }
        rates.iter().for_each(|(pump, rate)| note(&mut points, pump, at, *rate));
    }
    let last = journal.last_at();
    for points in points.values_mut() {
        points.extend(points.last().map(|(_, rate)| (last, *rate)));
    }
    points
}

/// Notes a rate that differs from the one before.
fn note(
    points: &mut BTreeMap<PumpId, Vec<(Instant, f64)>>,
    pump: &PumpId,
    at: Instant,
    ul_per_min: f64,
) {
    let before = points.get(pump).and_then(|points| points.last());
    if before.map_or(0.0, |(_, rate)| *rate).to_bits() != ul_per_min.to_bits() {
        points.entry(pump.clone()).or_default().push((at, ul_per_min));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::journal_with;
    use super::super::{Answer, CommandRecord, Record, Resumed};
    use super::*;
    use crate::command::Command;
    use crate::fault::{Fault, FaultKind};
    use crate::time::Span;
    use crate::units::{FlowRate, Volume};

    fn second(at: f64) -> Instant {
        Instant::START + Span::from_secs(at)
    }

    fn sent(at: f64, send: Command, answer: Answer) -> Record {
        Record::Command(CommandRecord { at_ns: second(at), send, answer })
    }

    fn dispense(at: f64, ul_per_min: f64, answer: Answer) -> Record {
        let send = Command::Dispense {
            pump: "a".into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(ul_per_min),
            at_most_ul: Volume::from_ul(60.0),
        };
        sent(at, send, answer)
    }

    fn fault(kind: FaultKind) -> Answer {
        Answer::Fault(Fault::new(Instant::START, "a", kind))
    }

    /// Seconds and rates of the pump.
    fn drawn(records: &[Record]) -> Vec<(f64, f64)> {
        let flows = flows(&journal_with(records));
        let points = flows.get(&PumpId::new("a")).cloned().unwrap_or_default();
        points.into_iter().map(|(at, rate)| (at.as_secs(), rate)).collect()
    }

    #[test]
    fn a_pump_runs_until_it_is_done_stopped_filled_or_the_run_goes_on() {
        let runs = || dispense(1.0, 60.0, Answer::Done);
        let end = |send| sent(11.0, send, Answer::Done);
        let stop = end(Command::Stop { pump: "a".into() });
        let filled = end(Command::Fill { pump: "a".into(), holds_ul: Volume::from_ml(1.0) });
        let (lost_ul, filled_again) = (vec![("a".into(), 3.0)], Vec::new());
        let resumed = Resumed { at_ns: second(11.0), lost_ul, filled: filled_again };
        let [safe, resumed] = [end(Command::MakeSafe), Record::Resumed(resumed)];
        for over in [stop, filled, safe, resumed] {
            let drawn = drawn(&[runs(), over.clone()]);
            assert_eq!(drawn, [(1.0, 60.0), (11.0, 0.0), (11.0, 0.0)], "{over:?}");
        }
        // 60 µL at 60 µL/min.
        let later = sent(100.0, Command::MakeSafe, Answer::Done);
        assert_eq!(drawn(&[runs(), later]), [(1.0, 60.0), (61.0, 0.0), (100.0, 0.0)]);
    }

    #[test]
    fn a_delivery_whose_answer_was_lost_is_drawn_and_one_that_was_never_sent_is_not() {
        let stop = || sent(11.0, Command::Stop { pump: "a".into() }, Answer::Done);
        let lost = fault(FaultKind::NoReply { waited_s: 1.0 });
        let seen = drawn(&[dispense(1.0, 60.0, lost.clone()), stop()]);
        assert_eq!(seen, [(1.0, 60.0), (11.0, 0.0), (11.0, 0.0)]);
        let out_of_range = FaultKind::OutOfRange {
            quantity: "rate".into(),
            value: 1.0,
            low: 2.0,
            high: 3.0,
            unit: "µL/min".into(),
        };
        assert_eq!(drawn(&[dispense(1.0, 60.0, fault(out_of_range)), stop()]), []);
        // A pump that did not say that it stopped runs on.
        let unheard = sent(11.0, Command::Stop { pump: "a".into() }, lost);
        let seen = drawn(&[dispense(1.0, 60.0, Answer::Done), unheard]);
        assert_eq!(seen, [(1.0, 60.0), (11.0, 60.0)]);
    }
}
