//! What pumps have delivered, by the commands of a journal.

use std::collections::BTreeMap;

use super::{Answer, CommandRecord, Intended, Journal, Legible, Record, Resumed};
use crate::command::Command;
use crate::id::PumpId;
use crate::manifest::Manifest;
use crate::time::{Instant, Span};

/// Volumes by pump \[µL\].
pub type Volumes = BTreeMap<PumpId, f64>;

/// What every pump has delivered since its syringe was filled, by the commands that it was given: also to fill lines, and in
/// experiments that failed.
///
/// A pump without a recorded stop, or that was about to be started, counts as having delivered its whole volume.
pub fn delivered(journal: &Journal) -> Volumes {
    Book::of(journal).close()
}

/// What pumps may have delivered in runs of which a journal records no end: as if all had gone on until they stopped by
/// themselves.
pub fn unended(journal: &Journal) -> Volumes {
    let mut book = Book::of(journal);
    book.begin_what_was_intended();
    book.runs.into_iter().map(|(pump, run)| (pump, run.at_most_ul)).collect()
}

/// What every pump that refills itself has drawn from its bottle since somebody filled that.
pub fn drawn(journal: &Journal) -> Volumes {
    let mut book = Book::of(journal);
    book.stop_all(None);
    book.drawn
}

/// What every pump has delivered in the whole run, however often its syringe was filled.
pub fn pumped(journal: &Journal) -> Volumes {
    let mut book = Book::of(journal);
    book.stop_all(None);
    book.pumped
}

/// What the syringe of each pump held over time \[µL\]: it falls evenly from one point to the next, and where it was filled
/// there are two at one moment. A pump that was never told to run has a single point.
pub fn held(journal: &Journal) -> BTreeMap<PumpId, Vec<(Instant, f64)>> {
    let mut book = Book::new(&journal.header().manifest);
    let full = book.held(Instant::START).into_iter();
    let mut points: BTreeMap<_, _> =
        full.map(|(pump, ul)| (pump, vec![(Instant::START, ul)])).collect();
    let mut note = |at: Instant, held: Volumes| {
        for (pump, ul) in held {
            let points: &mut Vec<_> = points.entry(pump).or_default();
            if points.last() != Some(&(at, ul)) {
                points.push((at, ul));
            }
        }
    };
    let moves = |record: &&Record| match record {
        Record::Command(CommandRecord { send, .. }) => matches!(
            send,
            Command::Dispense { .. }
                | Command::Stop { .. }
                | Command::Fill { .. }
                | Command::Withdraw { .. }
                | Command::MakeSafe
        ),
        record => matches!(record, Record::Intended(_) | Record::Resumed(_)),
    };
    for record in journal.records().iter().filter(moves) {
        let at = record.at().unwrap_or(Instant::START);
        // What draws is done long before anybody asks again.
        book.drawn_by(at).into_iter().for_each(|over| note(over, book.held(over)));
        note(at, book.held(at));
        book.take(record);
        note(at, book.held(at));
    }
    book.stop_all(None);
    note(journal.last_at(), book.held(journal.last_at()));
    points
}

/// What every pump delivered before the first experiment, to fill lines and for the reference.
pub fn primed(journal: &Journal) -> Volumes {
    let mut book = Book::new(&journal.header().manifest);
    for record in journal.records() {
        match record {
            Record::Intended(intended) => book.intend(intended),
            Record::Command(command) => book.note(command),
            Record::Phase(_) | Record::Proposal(_) => break,
            _ => {}
        }
    }
    book.stop_all(None);
    book.pumped
}

/// What pumps may have delivered by lines that were set aside from behind `journal`, and in runs of which it records no
/// end; and the pumps whose syringes were filled meanwhile.
///
/// As records: a journal that goes on with them knows what is in the syringes. What a line says that cannot be read as a
/// whole counts in full.
pub fn lost(journal: &Journal, aside: &Legible) -> Vec<Record> {
    let mut book = Book::of(journal);
    let mut before = book.delivered.clone();
    let mut filled: Vec<PumpId> = Vec::new();
    for record in &aside.records {
        match record {
            Record::Intended(intended) => book.intend(intended),
            Record::Command(command) => {
                book.note(command);
                if let Command::Fill { pump, .. } = &command.send {
                    filled.push(pump.clone());
                }
            }
            Record::Resumed(resumed) => {
                book.go_on(resumed);
                filled.extend(resumed.filled.iter().cloned());
            }
            _ => {}
        }
    }
    filled.sort();
    filled.dedup();
    before.retain(|pump, _| !filled.contains(pump));
    let mut unanswered = book.intended.clone();
    let mut after = book.close();
    for (pump, ul) in &aside.allowed_ul {
        // The line that cannot be read is the answer to what was about to be done.
        if unanswered.get(pump).is_some_and(|run| run.at_most_ul.to_bits() == ul.to_bits()) {
            unanswered.remove(pump);
            continue;
        }
        *after.entry(pump.clone()).or_default() += ul;
    }
    let more = |(pump, ul): (PumpId, f64)| {
        let lost = ul - before.get(&pump).copied().unwrap_or_default();
        (lost > 0.0).then_some((pump, lost))
    };
    let lost_ul: Vec<(PumpId, f64)> = after.into_iter().filter_map(more).collect();
    let at_ns = journal.last_at().max(aside.last_at.unwrap_or(Instant::START));
    let first = Resumed { at_ns, lost_ul: Vec::new(), filled };
    let then = Resumed { at_ns, lost_ul, filled: Vec::new() };
    let first = (!first.filled.is_empty()).then_some(Record::Resumed(first));
    first.into_iter().chain([Record::Resumed(then)]).collect()
}

/// What pumps have delivered and what their syringes hold, kept record by record.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// What full syringes hold.
    full: Volumes,
    /// What is missing of that.
    delivered: Volumes,
    /// What was delivered altogether.
    pumped: Volumes,
    /// What was drawn from bottles since somebody filled them.
    drawn: Volumes,
    runs: BTreeMap<PumpId, Delivery>,
    /// What was about to be sent, and has not been answered.
    intended: BTreeMap<PumpId, Delivery>,
}

/// A delivery of a pump.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    since: Instant,
    ul_per_min: f64,
    at_most_ul: f64,
    /// Whether it draws, and delivers nothing.
    draws: bool,
}

impl Delivery {
    /// When it stops by itself.
    fn over(&self) -> Instant {
        self.since + Span::from_secs(60.0 * self.at_most_ul / self.ul_per_min)
    }

    /// What it had delivered at a moment \[µL\].
    fn delivered_ul(&self, at: Instant) -> f64 {
        (self.ul_per_min * at.since(self.since).as_secs() / 60.0).min(self.at_most_ul)
    }

    /// By how much less is in the syringe at a moment \[µL\].
    fn taken_ul(&self, at: Instant) -> f64 {
        let ul = self.delivered_ul(at);
        if self.draws { -ul } else { ul }
    }
}

impl Book {
    /// The book of a run that begins, its syringes full.
    pub fn new(manifest: &Manifest) -> Self {
        let pumps = manifest.pumps.iter();
        let full = pumps.map(|info| (info.name.clone(), 1_000.0 * info.fill_ml)).collect();
        Self { full, ..Self::default() }
    }

    fn of(journal: &Journal) -> Self {
        let mut book = Self::new(&journal.header().manifest);
        journal.records().iter().for_each(|record| book.take(record));
        book
    }

    /// Takes the next record of the journal.
    pub fn take(&mut self, record: &Record) {
        match record {
            Record::Intended(intended) => self.intend(intended),
            Record::Command(command) => self.note(command),
            Record::Resumed(resumed) => self.go_on(resumed),
            _ => {}
        }
    }

    /// What is in each syringe at a moment \[µL\].
    pub fn held(&self, at: Instant) -> Volumes {
        let left = |(pump, full): (&PumpId, &f64)| {
            let delivered = self.delivered.get(pump).copied().unwrap_or_default();
            let running = self.runs.get(pump).map_or(0.0, |run| run.taken_ul(at));
            (pump.clone(), full - delivered - running)
        };
        self.full.iter().map(left).collect()
    }

    /// What each pump delivers at a moment [µL/min]; those that stand are not there.
    pub(super) fn rates(&self, at: Instant) -> Volumes {
        let running = self.runs.iter().filter(|(_, run)| !run.draws && run.over() > at);
        running.map(|(pump, run)| (pump.clone(), run.ul_per_min)).collect()
    }

    /// Pumps that have delivered all that they were told to by a moment, and when that was.
    pub(super) fn over_by(&self, at: Instant) -> Vec<(PumpId, Instant)> {
        let over = self.runs.iter().filter(|(_, run)| run.over() <= at);
        over.map(|(pump, run)| (pump.clone(), run.over())).collect()
    }

    /// When pumps that draw had drawn all that they were told to, up to a moment.
    fn drawn_by(&self, at: Instant) -> Vec<Instant> {
        let over = self.runs.values().filter(|run| run.draws && run.over() <= at);
        over.map(Delivery::over).collect()
    }

    fn intend(&mut self, intended: &Intended) {
        let Command::Dispense { pump, rate_ul_per_min, at_most_ul } = &intended.send else {
            return;
        };
        let (ul_per_min, at_most_ul) = (rate_ul_per_min.ul_per_min(), at_most_ul.ul());
        let run = Delivery { since: intended.at_ns, ul_per_min, at_most_ul, draws: false };
        self.intended.insert(pump.clone(), run);
    }

    /// Nobody knows whether a command without an answer was carried out: what was under way before, or what was to be, has
    /// gone on until it stopped by itself, whichever is more.
    fn begin_what_was_intended(&mut self) {
        for (pump, mut run) in std::mem::take(&mut self.intended) {
            if let Some(before) = self.runs.get(&pump) {
                let left_ul = before.at_most_ul - before.delivered_ul(run.since);
                run.at_most_ul = run.at_most_ul.max(left_ul);
            }
            self.stop(&pump, Some(run.since));
            self.runs.insert(pump, run);
        }
    }

    fn note(&mut self, command: &CommandRecord) {
        let (at, answer) = (command.at_ns, &command.answer);
        if let Command::Dispense { pump, .. } = &command.send {
            self.intended.remove(pump);
        }
        match &command.send {
            // Such a command was never sent.
            Command::Dispense { .. } if answer.is_out_of_range() => {}
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                self.stop(pump, Some(at));
                let ul_per_min = rate_ul_per_min.ul_per_min();
                if ul_per_min <= 0.0 {
                    return;
                }
                let at_most_ul = at_most_ul.ul();
                let run = Delivery { since: at, ul_per_min, at_most_ul, draws: false };
                self.runs.insert(pump.clone(), run);
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } if *answer == Answer::Done => {
                self.stop(pump, Some(at));
                let (ul_per_min, at_most_ul) = (rate_ul_per_min.ul_per_min(), volume_ul.ul());
                let run = Delivery { since: at, ul_per_min, at_most_ul, draws: true };
                self.runs.insert(pump.clone(), run);
            }
            Command::Stop { pump } if *answer == Answer::Done => self.stop(pump, Some(at)),
            Command::Fill { pump, holds_ul } if *answer == Answer::Done => {
                self.stop(pump, Some(at));
                let full = self.full.get(pump).copied().unwrap_or_default();
                self.delivered.insert(pump.clone(), full - holds_ul.ul());
                self.drawn.remove(pump);
            }
            Command::MakeSafe if *answer == Answer::Done => self.stop_all(Some(at)),
            _ => {}
        }
    }

    /// What was lost says what was under way.
    fn go_on(&mut self, resumed: &Resumed) {
        self.runs.clear();
        self.intended.clear();
        for (pump, ul) in &resumed.lost_ul {
            self.add(pump, *ul);
        }
        for pump in &resumed.filled {
            self.delivered.remove(pump);
            self.drawn.remove(pump);
        }
    }

    /// Takes a pump to have stopped at a moment, or where none is known, by itself.
    fn stop(&mut self, pump: &PumpId, at: Option<Instant>) {
        let Some(run) = self.runs.remove(pump) else { return };
        let ul = at.map_or(run.at_most_ul, |at| run.delivered_ul(at));
        if run.draws {
            *self.delivered.entry(pump.clone()).or_default() -= ul;
            *self.drawn.entry(pump.clone()).or_default() += ul;
            return;
        }
        self.add(pump, ul);
    }

    fn add(&mut self, pump: &PumpId, ul: f64) {
        *self.delivered.entry(pump.clone()).or_default() += ul;
        *self.pumped.entry(pump.clone()).or_default() += ul;
    }

    fn stop_all(&mut self, at: Option<Instant>) {
        self.begin_what_was_intended();
        let running: Vec<PumpId> = self.runs.keys().cloned().collect();
        running.iter().for_each(|pump| self.stop(pump, at));
    }

    fn close(mut self) -> Volumes {
        self.stop_all(None);
        self.delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultKind};
    use crate::units::{FlowRate, Volume};

    fn at(seconds: f64, send: Command) -> CommandRecord {
        let at_ns = Instant::START + Span::from_secs(seconds);
        CommandRecord { at_ns, send, answer: Answer::Done }
    }

    fn dispense(pump: &str, ul_per_min: f64, at_most_ul: f64) -> Command {
        Command::Dispense {
            pump: pump.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(ul_per_min),
            at_most_ul: Volume::from_ul(at_most_ul),
        }
    }

    #[test]
    fn a_pump_has_delivered_what_it_was_told_to_whether_or_not_that_made_an_experiment() {
        let mut book = Book::default();
        book.note(&at(0.0, dispense("a", 60.0, 1000.0)));
        book.note(&at(10.0, dispense("a", 120.0, 1000.0)));
        book.note(&at(10.0, dispense("b", 60.0, 5.0)));
        book.note(&at(20.0, Command::MakeSafe));
        assert_eq!(book.delivered, [("a".into(), 30.0), ("b".into(), 5.0)].into());
    }

    #[test]
    fn a_syringe_that_was_filled_lacks_what_it_was_not_filled_with_and_the_run_has_pumped_all() {
        let fill = |ul: f64| Command::Fill { pump: "a".into(), holds_ul: Volume::from_ul(ul) };
        let full = [("a".into(), 1000.0)].into();
        let mut book = Book { full, ..Book::default() };
        book.note(&at(0.0, dispense("a", 60.0, 700.0)));
        book.note(&at(10.0, Command::Stop { pump: "a".into() }));
        book.note(&at(20.0, fill(400.0)));
        assert_eq!(book.delivered, [("a".into(), 600.0)].into());
        book.note(&at(30.0, fill(1000.0)));
        book.note(&at(30.0, dispense("a", 60.0, 5.0)));
        book.note(&at(40.0, Command::MakeSafe));
        assert_eq!(book.delivered, [("a".into(), 5.0)].into());
        assert_eq!(book.pumped, [("a".into(), 15.0)].into());
    }

    #[test]
    fn what_is_drawn_from_a_bottle_is_in_the_syringe_again_and_was_not_delivered() {
        let full = [("a".into(), 1000.0)].into();
        let mut book = Book { full, ..Book::default() };
        book.note(&at(0.0, dispense("a", 60.0, 700.0)));
        let draw = Command::Withdraw {
            pump: "a".into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(600.0),
            volume_ul: Volume::from_ul(300.0),
        };
        book.note(&at(400.0, Command::Stop { pump: "a".into() }));
        book.note(&at(500.0, draw));
        let second = |s: f64| Instant::START + Span::from_secs(s);
        assert_eq!(book.held(second(510.0)), [("a".into(), 700.0)].into());
        assert!(book.rates(second(510.0)).is_empty(), "it delivers nothing meanwhile");
        book.note(&at(600.0, dispense("a", 60.0, 5.0)));
        book.note(&at(700.0, Command::MakeSafe));
        assert_eq!(book.delivered, [("a".into(), 400.0 - 300.0 + 5.0)].into());
        assert_eq!(book.pumped, [("a".into(), 405.0)].into());
        assert_eq!(book.drawn, [("a".into(), 300.0)].into());
    }

    #[test]
    fn a_pump_that_nobody_has_stopped_has_delivered_all_that_it_may() {
        let mut book = Book::default();
        book.note(&at(0.0, dispense("a", 60.0, 700.0)));
        let unheard = FaultKind::NoReply { waited_s: 1.0 };
        let fault = Fault::new(Instant::START, "a", unheard);
        book.note(&CommandRecord { answer: Answer::Fault(fault), ..at(1.0, Command::MakeSafe) });
        assert_eq!(book.close(), [("a".into(), 700.0)].into());
    }

    /// A power cut between a command and its answer.
    #[test]
    fn what_a_pump_was_about_to_do_counts_in_full_unless_an_answer_says_otherwise() {
        let intended = |seconds: f64, ul_per_min: f64, at_most_ul: f64| {
            let CommandRecord { at_ns, send, .. } =
                at(seconds, dispense("a", ul_per_min, at_most_ul));
            Intended { at_ns, send }
        };
        let after = |then: &dyn Fn(&mut Book)| {
            let mut book = Book::default();
            book.intend(&intended(0.0, 60.0, 700.0));
            book.note(&at(0.0, dispense("a", 60.0, 700.0)));
            book.intend(&intended(10.0, 120.0, 300.0));
            then(&mut book);
            book.close().into_values().collect::<Vec<f64>>()
        };
        // 10 µL until then, and what was left of the delivery before is more than the new one.
        assert_eq!(after(&|_| {}), [700.0]);
        assert_eq!(after(&|book| book.intend(&intended(10.0, 120.0, 900.0))), [910.0]);
        assert_eq!(after(&|book| book.note(&at(10.5, dispense("a", 120.0, 300.0)))), [310.5]);
        let refused = FaultKind::OutOfRange {
            quantity: "rate".into(),
            value: 1.0,
            low: 2.0,
            high: 3.0,
            unit: "µL/min".into(),
        };
        let answer = Answer::Fault(Fault::new(Instant::START, "a", refused));
        let refuse = |book: &mut Book| {
            book.note(&CommandRecord {
                answer: answer.clone(),
                ..at(10.0, dispense("a", 1.0, 300.0))
            });
            book.note(&at(20.0, Command::MakeSafe));
        };
        assert_eq!(after(&refuse), [20.0], "the delivery before went on");
        assert_eq!(after(&|book| book.note(&at(20.0, Command::MakeSafe))), [30.0]);
        let lost_ul = vec![("a".into(), 5.0)];
        let resumed = Resumed { at_ns: Instant::START, lost_ul, filled: Vec::new() };
        assert_eq!(after(&|book| book.go_on(&resumed)), [5.0], "that says it all");
    }

    #[test]
    fn the_level_of_a_syringe_falls_while_its_pump_runs_and_rises_where_it_is_filled() {
        let stop = |pump: &str| Command::Stop { pump: pump.into() };
        let fill = Command::Fill { pump: "water".into(), holds_ul: Volume::from_ul(800.0) };
        let journal = super::super::tests::journal_of(&[
            at(10.0, dispense("water", 60.0, 700.0)),
            at(30.0, dispense("water", 120.0, 700.0)),
            at(40.0, stop("water")),
            at(50.0, fill),
            at(60.0, dispense("water", 60.0, 5.0)),
        ]);
        let levels = held(&journal);
        let points: Vec<(f64, f64)> =
            levels[&PumpId::new("water")].iter().map(|(at, ul)| (at.as_secs(), *ul)).collect();
        let expected = [
            (0.0, 1000.0),
            (10.0, 1000.0),
            (30.0, 980.0),
            (40.0, 960.0),
            (50.0, 960.0),
            (50.0, 800.0),
            (60.0, 800.0),
            (60.0, 795.0),
        ];
        assert_eq!(points, expected);
    }

    #[test]
    fn what_was_about_to_be_done_is_under_way_where_a_journal_ends_there() {
        let send = dispense("a", 60.0, 700.0);
        let intended = Intended { at_ns: Instant::START, send };
        let journal = super::super::tests::journal_of(&[]).with(&Record::Intended(intended));
        let all: Volumes = [("a".into(), 700.0)].into();
        for volumes in [delivered(&journal), unended(&journal), pumped(&journal), primed(&journal)]
        {
            assert_eq!(volumes, all);
        }
        let aside = |allowed_ul| Legible { allowed_ul, illegible: 1, ..Legible::default() };
        let more = |allowed_ul| match &lost(&journal, &aside(allowed_ul))[..] {
            [Record::Resumed(resumed)] => resumed.lost_ul.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(more(vec![("a".into(), 700.0)]), [("a".into(), 700.0)], "its answer is damaged");
        assert_eq!(more(vec![("a".into(), 600.0)]), [("a".into(), 1300.0)], "another command is");
    }

    /// Of two commands behind each other, the journal has lost the second.
    #[test]
    fn what_lines_say_that_were_set_aside_counts_as_pumped() {
        let kept = super::super::tests::journal_of(&[at(0.0, dispense("a", 60.0, 700.0))]);
        let command = |c: CommandRecord| Record::Command(c);
        let refilled = Resumed {
            at_ns: Instant::START + Span::from_secs(50.0),
            lost_ul: vec![("b".into(), 20.0)],
            filled: vec!["b".into()],
        };
        let stopped = command(at(10.0, Command::Stop { pump: "a".into() }));
        let then = command(at(60.0, dispense("b", 60.0, 33.0)));
        let nothing = Legible::default();
        assert_eq!(book(&kept, &nothing), [("a".into(), 700.0)].into(), "nobody has stopped it");
        let records = vec![stopped.clone()];
        let seen = Legible { records, allowed_ul: vec![("c".into(), 5.0)], ..Legible::default() };
        assert_eq!(book(&kept, &seen), [("a".into(), 10.0), ("c".into(), 5.0)].into());
        let records = vec![stopped, command(at(20.0, dispense("b", 60.0, 9.0)))];
        let records = [records, vec![Record::Resumed(refilled), then]].concat();
        let last_at = Some(Instant::START + Span::from_secs(60.0));
        let filled = Legible { records, last_at, ..Legible::default() };
        assert_eq!(book(&kept, &filled), [("a".into(), 10.0), ("b".into(), 33.0)].into());
        let more = lost(&kept, &filled);
        assert_eq!(more.len(), 2);
        assert!(more.iter().all(|record| record.at() == last_at));
    }

    /// What is in the book of a journal that goes on behind lines that were set aside.
    fn book(kept: &Journal, aside: &Legible) -> Volumes {
        delivered(&lost(kept, aside).iter().fold(kept.clone(), |journal, more| journal.with(more)))
    }

    #[test]
    fn a_run_that_goes_on_knows_what_was_lost_and_what_was_filled() {
        let mut book = Book::default();
        for pump in ["a", "b"] {
            book.note(&at(0.0, dispense(pump, 60.0, 700.0)));
            book.note(&at(10.0, Command::Stop { pump: pump.into() }));
        }
        let lost_ul = vec![("a".into(), 100.0), ("b".into(), 100.0)];
        book.go_on(&Resumed { at_ns: Instant::START, lost_ul, filled: vec!["b".into()] });
        assert_eq!(book.close(), [("a".into(), 110.0)].into());
    }
}
