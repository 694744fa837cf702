//! The first screen: the most important results.

use super::html::escape;
use crate::closing;
use crate::format::{count, counted};
use crate::next;
use crate::run::Run;
use crate::standing::unfinished;

/// The answer to a question that a reader has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A sentence or two.
    Words(String),
    /// One sentence for each of several things.
    List(Vec<String>),
}

impl From<String> for Answer {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

/// Questions with their answers, as the first thing of a page. A list of nothing is left out with its question.
pub fn answers(rows: &[(&str, Answer)]) -> String {
    let row = |(question, answer): &(&str, Answer)| {
        let answer = match answer {
            Answer::Words(words) => escape(words),
            Answer::List(items) if items.is_empty() => return String::new(),
            Answer::List(items) => {
                let items = items.iter().map(|item| format!("<li>{}</li>", escape(item)));
                format!("<ul>{}</ul>", items.collect::<String>())
            }
        };
        format!("<div><dt>{}</dt><dd>{answer}</dd></div>\n", escape(question))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<dl class=\"answers\">\n{rows}</dl>\n")
}

/// The questions of a run and their answers.
pub(super) fn section(run: &Run<'_>) -> String {
    let mut rows: Vec<(&str, Answer)> = vec![
        ("Is it complete?", complete(run).into()),
        ("What was asked?", crate::asked::in_words(run).into()),
        ("What was found?", closing::outcome(run).into()),
    ];
    rows.extend(closing::winner(run).map(|words| ("Is there a winner?", words.into())));
    rows.push(("What did it take?", closing::cost(run).into()));
    rows.push(("What next?", Answer::List(next::steps(run))));
    answers(&rows)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_without_an_answer_are_left_out_and_words_are_no_markup() {
        let rows = [
            ("What was found?", Answer::from("a < b".to_owned())),
            ("What next?", Answer::List(Vec::new())),
            ("And?", Answer::List(vec!["one".into(), "two".into()])),
        ];
        let html = answers(&rows);
        assert!(html.contains("<dt>What was found?</dt><dd>a &lt; b</dd>"), "{html}");
        assert!(!html.contains("What next?"), "{html}");
        assert!(html.contains("<ul><li>one</li><li>two</li></ul>"), "{html}");
    }
}
