//! The first screen: the most important results.

use super::html::escape;
use crate::closing;
use crate::format::{count, counted, significant, with_unit};
use crate::front::Front;
use crate::metrics::replicates;
use crate::next;
use crate::noise::Noise;
use crate::quantity::Quantity;
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
            Answer::Words(words) => marked(words),
            Answer::List(items) if items.is_empty() => return String::new(),
            Answer::List(items) => {
                let items = items.iter().map(|item| format!("<li>{}</li>", marked(item)));
                format!("<ul>{}</ul>", items.collect::<String>())
            }
        };
        format!("<div><dt>{}</dt><dd>{answer}</dd></div>\n", escape(question))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<dl class=\"answers\">\n{rows}</dl>\n")
}

/// Words, with what stands between backticks as something to be typed.
fn marked(words: &str) -> String {
    let parts: Vec<String> = words.split('`').map(escape).collect();
    // A backtick without a second one is a backtick.
    if parts.len().is_multiple_of(2) {
        return parts.join("`");
    }
    let part = |(i, part): (usize, &String)| match i % 2 {
        0 => part.clone(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(part).collect()
}

/// The questions of a run and their answers.
pub(super) fn section(run: &Run<'_>) -> String {
    let mut rows: Vec<(&str, Answer)> = vec![
        ("Is it complete?", complete(run).into()),
        ("What was asked?", crate::asked::in_words(run).into()),
        ("What was found?", found(run).into()),
    ];
    rows.extend(doubt(run).map(|words| ("How sure is it?", words.into())));
    rows.extend(closing::winner(run).map(|words| ("Is there a winner?", words.into())));
    rows.push(("What did it take?", closing::cost(run).into()));
    rows.push(("What next?", Answer::List(next::steps(run))));
    answers(&rows)
}

/// What the run found; of several objectives what each of them reaches among the best compromises too.
fn found(run: &Run<'_>) -> String {
    let mut sentences = vec![closing::outcome(run)];
    let Some(front) = Front::of(run).filter(|front| !front.members.is_empty()) else {
        return sentences.remove(0);
    };
    let objectives = run.wanted().goals.objectives.iter();
    let ranges: Vec<String> = objectives
        .map(|objective| {
            let Quantity { name, unit } = run.outcome(objective.outcome);
            let values = || {
                front.members.iter().filter_map(|&i| run.experiments()[i].values[objective.outcome])
            };
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            let high = with_unit(&significant(high, 4), &unit);
            format!("{name} from {} to {high}", significant(low, 4))
        })
        .collect();
    sentences.push(format!("They reach {}.", ranges.join(", ")));
    sentences.join(" ")
}

/// What stands between the best and certainty, where no other answer says so.
fn doubt(run: &Run<'_>) -> Option<String> {
    let valued = run.best().is_some() || Front::of(run).is_some_and(|f| !f.members.is_empty());
    let is_told =
        !run.has_several() && (Noise::of(run).is_some() || closing::winner(run).is_some());
    (valued && !is_told && replicates(run).is_empty()).then(|| {
        "Not known: every value was measured once. No condition was repeated, so nothing tells how large the noise is."
            .to_owned()
    })
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
    fn what_is_to_be_typed_is_marked() {
        assert_eq!(marked("do `a < b` or `c`"), "do <code>a &lt; b</code> or <code>c</code>");
        assert_eq!(marked("5` long"), "5` long");
        assert_eq!(marked("none"), "none");
    }

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
