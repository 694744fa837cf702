//! What people have decided on the proposals of a run.

use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{Decided, Decision};
use serde::Serialize;

use super::format::{counted, said};
use super::run::Run;
use super::table::Table;

/// How many proposals became what, in `summary.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Proposals that were done as they were.
    pub accepted: usize,
    /// Proposals that were done at other conditions.
    pub changed: usize,
    /// Proposals that were not done.
    pub skipped: usize,
    /// Experiments that a person has added to those of the phases.
    pub added: usize,
}

impl Decisions {
    /// Those of a run; none where nobody has decided on anything.
    pub(crate) fn of(run: &Run<'_>) -> Option<Self> {
        let mut counts = Self::default();
        for Decided { decision, .. } in run.journal().decided() {
            match decision {
                Decision::Accept => counts.accepted += 1,
                Decision::Change(_) => counts.changed += 1,
                Decision::Skip => counts.skipped += 1,
                Decision::Add(_) => counts.added += 1,
                _ => {}
            }
        }
        (counts != Self::default()).then_some(counts)
    }

    /// What was decided, in a sentence.
    pub(crate) fn in_words(self) -> String {
        let Self { accepted, changed, skipped, added } = self;
        let seen = counted(accepted + changed + skipped, "proposal");
        let own = counted(added, "experiment");
        format!(
            "People decided on {seen}: {accepted} accepted, {changed} changed, {skipped} skipped. They added {own}."
        )
    }
}

/// The proposals that were not done as they were, as a table; empty where all were.
pub(crate) fn table(run: &Run<'_>) -> Table {
    let mut table = Table::new()
        .numbers("experiment")
        .words("a person has")
        .words("proposed")
        .words("done in its place");
    for Decided { experiment, proposed, decision, .. } in run.journal().decided() {
        let (what, done) = match decision {
            Decision::Change(conditions) => ("changed it", in_words(conditions)),
            Decision::Add(conditions) => ("added one before", in_words(conditions)),
            Decision::Skip => ("skipped it", String::new()),
            _ => continue,
        };
        table.row(vec![experiment.to_string(), what.into(), in_words(proposed), done]);
    }
    table
}

fn in_words(conditions: &Conditions) -> String {
    let words = conditions.words().map(|(name, word)| format!("{name} {}", said(word)));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Instant;
    use flowtwin_lab::journal::Record;

    use super::*;
    use crate::sample;

    #[test]
    fn what_people_decided_is_counted_and_what_they_changed_is_listed() {
        let journal = sample::journal();
        let plain = Run::read(&journal).expect("the sample is a run");
        assert_eq!(Decisions::of(&plain), None);
        let proposed = plain.experiments()[0].record.conditions.clone();
        let planned = plain.planned();
        let decided = |decision: Decision| {
            let (at_ns, phase) = (Instant::START, "lhs".to_owned());
            let proposed = proposed.clone();
            let one = Decided { at_ns, experiment: 1, phase, proposed, decision };
            Record::Decided(Box::new(one))
        };
        let made = [
            Decision::Accept,
            Decision::Change(proposed.clone()),
            Decision::Skip,
            Decision::Add(proposed.clone()),
        ];
        let journal = made.into_iter().fold(journal.clone(), |all, one| all.with(&decided(one)));
        let run = Run::read(&journal).expect("it is one still");
        let counts = Decisions::of(&run).expect("people decided");
        assert_eq!(counts, Decisions { accepted: 1, changed: 1, skipped: 1, added: 1 });
        assert!(counts.in_words().contains("on 3 proposals: 1 accepted, 1 changed, 1 skipped"));
        assert_eq!(run.planned(), planned.map(|planned| planned + 1));
        let text = table(&run).text();
        for words in ["changed it", "skipped it", "added one before"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("accepted"), "what was done as proposed needs no row: {text}");
    }
}
