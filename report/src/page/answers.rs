//! The first screen: the most important results.

use super::html::escape;
use crate::closing;
use crate::format::{count, counted};
use crate::next;
use crate::run::Run;
use crate::standing::unfinished;

/// Questions and their answers.
pub(super) fn section(run: &Run<'_>) -> String {
    let mut rows = vec![
        ("Is it complete?", escape(&complete(run))),
        ("What was asked?", escape(&crate::asked::in_words(run))),
        ("What was found?", escape(&closing::outcome(run))),
    ];
    rows.extend(closing::winner(run).map(|words| ("Is there a winner?", escape(&words))));
    rows.push(("What did it take?", escape(&closing::cost(run))));
    let steps = next::steps(run);
    if !steps.is_empty() {
        let items: String = steps.iter().map(|step| format!("<li>{}</li>", escape(step))).collect();
        rows.push(("What next?", format!("<ul>{items}</ul>")));
    }
    let row = |(question, answer): &(&str, String)| {
        format!("<div><dt>{question}</dt><dd>{answer}</dd></div>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<dl class=\"answers\">\n{rows}</dl>\n")
}

/// Whether the run is complete, in a sentence.
fn complete(run: &Run<'_>) -> String {
    if let Some(words) = unfinished(run) {
        return words;
    }
    let done = run.experiments().len();
    let failed = match run.failed() {
        0 => String::new(),
        n => format!("; {} of them failed", count(n)),
    };
    match run.planned() {
        Some(planned) if planned == done => {
            format!("Yes, all {} were done{failed}.", counted(done, "planned experiment"))
        }
        Some(planned) => format!(
            "Yes: rules of the scenario ended it after {} of {}{failed}.",
            count(done),
            counted(planned, "planned experiment")
        ),
        None => format!("Yes, after {}{failed}.", counted(done, "experiment")),
    }
}
