//! Deciding on proposals in the terminal, line by line.

use std::cell::RefCell;
use std::io::{IsTerminal as _, stderr, stdin};

use flowtwin_campaign::campaign::{Answer, Expected, Proposed, Reviewer};
use flowtwin_lab::journal::Decision;
use flowtwin_report::Table;
use flowtwin_report::format::{duration, plain, said, significant};

use super::in_words;
use super::typed::{HELP, Typed, understood};
use crate::console;
use crate::lines::{self, Line};

/// A terminal, or a pipe with one decision a line.
#[derive(Debug)]
pub(in crate::command) struct Terminal {
    /// Whether people may decide elsewhere too: then the end of what is typed here is not the end of the run.
    among_others: bool,
    shown: RefCell<Option<Proposed>>,
    helped: RefCell<bool>,
}

impl Terminal {
    /// A terminal; `among_others` if people may decide elsewhere too.
    pub(in crate::command) fn new(among_others: bool) -> Self {
        Self { among_others, shown: RefCell::default(), helped: RefCell::new(false) }
    }

    fn heard(&self, line: &str) -> Option<Answer> {
        let shown = self.shown.borrow();
        match understood(line, shown.as_ref()?) {
            Ok(Typed::Answer(answer)) => return Some(answer),
            Ok(Typed::Help) => console::say_line(HELP),
            Err(why) => console::say_line(why),
        }
        prompt();
        None
    }
}

impl Reviewer for Terminal {
    fn show(&self, proposed: &Proposed) {
        let erased = if stderr().is_terminal() { "\r\x1b[J" } else { "" };
        console::say(format_args!("{erased}\n{}", text(proposed)));
        if !self.helped.replace(true) {
            console::say_line(HELP);
        }
        lines::forget();
        prompt();
        *self.shown.borrow_mut() = Some(proposed.clone());
    }

    fn decision(&self) -> Option<Answer> {
        match lines::poll() {
            Line::NotYet => None,
            Line::Typed(line) => self.heard(&line),
            Line::End if self.among_others => None,
            Line::End => {
                console::say_line("the input has come to its end: the run stops");
                Some(Answer::Stop)
            }
        }
    }

    fn refused(&self, why: &str) {
        console::say_line(why);
        prompt();
    }

    fn over(&self, decided: Option<&Decision>) {
        let shown = self.shown.borrow_mut().take();
        if let (Some(decision), Some(shown)) = (decided, shown) {
            console::say_line(told(decision, shown.experiment));
        }
    }
}

fn prompt() {
    const CHOICES: &str = "a accept, c change, s skip, + add, q stop, ? help: ";
    // Nobody ends this line by typing where answers come from a pipe.
    if stdin().is_terminal() {
        console::say(CHOICES);
    } else {
        console::say_line(CHOICES.trim_end());
    }
}

/// What was decided, in a line.
fn told(decision: &Decision, experiment: u64) -> String {
    match decision {
        Decision::Change(conditions) | Decision::Add(conditions) => {
            format!("experiment {experiment}, {}: {}", decision.word(), in_words(conditions))
        }
        Decision::Skip => "skipped: another is proposed".into(),
        _ => format!("experiment {experiment}, {}", decision.word()),
    }
}

/// A proposal for people.
fn text(proposed: &Proposed) -> String {
    let Proposed { experiment, phase, policy, place, of, .. } = proposed;
    let because = proposed.because.as_ref().map(|because| format!("{because}\n\n"));
    let mut text = because.unwrap_or_default();
    text += &format!(
        "experiment {experiment} is proposed: number {place} of {of} of phase {phase}, by {policy}\n\n"
    );
    let mut table = Table::new().words("input").numbers("proposed").words("may be");
    for (input, (name, word)) in proposed.space.inputs().iter().zip(proposed.conditions.words()) {
        let may_be = match input.options() {
            Some(options) => {
                options.iter().map(|option| option.name.as_str()).collect::<Vec<_>>().join(", ")
            }
            None => format!("{} to {}", plain(input.low), plain(input.high)),
        };
        table.row(vec![name.to_owned(), said(word), may_be]);
    }
    text += &table.text();
    for expected in &proposed.expected {
        text.extend(of_outcome(expected, *experiment));
    }
    let ml = significant(proposed.cost.reagent_ml, 3);
    let time = duration(proposed.cost.lab_time_s);
    text + &format!("it takes about {time} and {ml} mL\n\n")
}

/// What is known of an outcome.
fn of_outcome(expected: &Expected, experiment: u64) -> Option<String> {
    let Expected { outcome, unit, prediction, latest } = expected;
    let with_unit = |text: String| format!("{text} {unit}").trim_end().to_owned();
    let predicted = prediction.map(|p| format!("expected {}", with_unit(p.in_words())));
    let before = experiment.saturating_sub(1);
    let latest =
        latest.map(|value| format!("{} in experiment {before}", with_unit(significant(value, 4))));
    let known: Vec<String> = predicted.into_iter().chain(latest).collect();
    (!known.is_empty()).then(|| format!("{outcome}: {}\n", known.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::typed::tests::proposed;
    use super::*;

    #[test]
    fn a_proposal_is_shown_with_what_is_known_of_it() {
        let prediction =
            Some(flowtwin_campaign::suggest::Prediction { mean: 0.5, low: 0.25, high: 0.75 });
        let expected = vec![Expected {
            outcome: "red".into(),
            unit: "AU".into(),
            prediction,
            latest: Some(0.625),
        }];
        let because = Some("The lamp is weaker: nothing runs before you decide.".to_owned());
        let text = text(&Proposed { expected, because, ..proposed() });
        assert!(text.starts_with("The lamp is weaker"), "{text}");
        for words in [
            "experiment 7 is proposed: number 3 of 10 of phase improve, by ei",
            "120 to 150",
            "red: expected 0.500 (0.250 to 0.750) AU; 0.6250 AU in experiment 6",
            "and 1.00 mL",
        ] {
            assert!(text.contains(words), "{words} is missing:\n{text}");
        }
    }

    #[test]
    fn what_was_decided_is_told_with_its_values() {
        let conditions = proposed().conditions;
        assert_eq!(
            told(&Decision::Change(conditions), 7),
            "experiment 7, changed: temperature_c=140 flow (µL/min)=30"
        );
        assert_eq!(told(&Decision::Accept, 7), "experiment 7, accepted");
    }
}
