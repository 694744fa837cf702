//! What may be typed about a proposal.

use flowtwin_campaign::campaign::{Answer, Proposed};
use flowtwin_campaign::choice;
use flowtwin_lab::journal::Decision;

/// What may be typed, for people.
pub(super) const HELP: &str = "\
a                accept: run it as it is proposed
c NAME=VALUE …   change: run it with these values; the others stay as proposed
s                skip: do not run it; another is proposed in its place
+ NAME=VALUE …   add: run an experiment of your own first; values that you do not name are those proposed
q                stop: make the rig safe and end the run; go on later with --resume
?                show this again
A name or value with spaces stands in quotes: c \"Temperature (°C)=80\"";

/// What somebody has typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Typed {
    /// An answer.
    Answer(Answer),
    /// A question what may be typed.
    Help,
}

/// Understands a line.
///
/// # Errors
/// Why it is not an answer: in words for whoever has typed it.
pub(super) fn understood(line: &str, proposed: &Proposed) -> Result<Typed, String> {
    let line = line.trim();
    let (word, rest) = match line.strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => line.split_once(char::is_whitespace).unwrap_or((line, "")),
    };
    let conditions = || choice::changed(&proposed.space, &proposed.conditions, &parts(rest)?);
    let decided = |decision| Ok(Typed::Answer(Answer::Decided(decision)));
    let word = word.to_lowercase();
    if !matches!(word.as_str(), "c" | "change" | "+" | "add") && !rest.trim().is_empty() {
        return Err(format!("`{word}` takes nothing behind it; ? shows what may be typed"));
    }
    match word.as_str() {
        "a" | "accept" => decided(Decision::Accept),
        "c" | "change" => decided(Decision::Change(conditions()?)),
        "s" | "skip" => decided(Decision::Skip),
        "+" | "add" => decided(Decision::Add(conditions()?)),
        "q" | "stop" => Ok(Typed::Answer(Answer::Stop)),
        "?" | "h" | "help" => Ok(Typed::Help),
        "" => Err("nothing was typed; a accepts, ? shows what else may be typed".into()),
        other => Err(format!("`{other}` is not an answer; ? shows what may be typed")),
    }
}

/// The words of a line; what stands in quotes belongs together.
fn parts(line: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                part.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => parts.extend(part.take()),
            c => part.get_or_insert_default().push(c),
        }
    }
    parts.extend(part);
    if quoted { Err("a quote is not closed".into()) } else { Ok(parts) }
}

#[cfg(test)]
pub(super) mod tests {
    use flowtwin_lab::{Input, Space};
    use flowtwin_twin::Cost;

    use super::*;

    /// A proposal of 140 °C and a flow of 30.
    pub(in super::super) fn proposed() -> Proposed {
        let inputs = vec![
            Input::number("temperature_c", 120.0, 150.0, 0.5),
            Input::number("flow (µL/min)", 10.0, 50.0, 1.0),
        ];
        let space = Space::new(inputs, Vec::new()).unwrap();
        Proposed {
            experiment: 7,
            phase: "improve".into(),
            policy: "ei".into(),
            place: 3,
            of: 10,
            may_skip: 10,
            conditions: space.conditions(vec![140.0, 30.0]),
            space,
            expected: Vec::new(),
            cost: Cost { lab_time_s: 300.0, reagent_ml: 1.0 },
            because: None,
        }
    }

    fn values(line: &str) -> Vec<f64> {
        match understood(line, &proposed()) {
            Ok(Typed::Answer(Answer::Decided(Decision::Change(c) | Decision::Add(c)))) => {
                c.values().to_vec()
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn words_and_their_first_letters_are_understood() {
        let answer = |line: &str| understood(line, &proposed()).unwrap();
        for line in ["a", " A ", "accept"] {
            assert_eq!(answer(line), Typed::Answer(Answer::Decided(Decision::Accept)), "{line}");
        }
        assert_eq!(answer("s"), Typed::Answer(Answer::Decided(Decision::Skip)));
        assert_eq!(answer("q"), Typed::Answer(Answer::Stop));
        assert_eq!(answer("?"), Typed::Help);
        assert_eq!(values("c temperature_c=145.2"), [145.0, 30.0]);
        assert_eq!(values("+temperature_c=145"), [145.0, 30.0]);
        assert_eq!(values("+ \"flow (µL/min)=12\" temperature_c=121"), [121.0, 12.0]);
    }

    #[test]
    fn what_is_no_answer_is_explained() {
        let why = |line: &str| understood(line, &proposed()).unwrap_err();
        for (line, words) in [
            ("", "a accepts"),
            ("yes", "`yes` is not an answer"),
            ("a 140", "takes nothing behind it"),
            ("c", "nothing is named"),
            ("c temperature_c=160", "temperature_c = 160 is outside 120 to 150"),
            ("c temperatur_c=140", "did you mean `temperature_c`?"),
            ("c temperature_c=warm", "is not a number"),
            ("+ \"flow=1", "a quote is not closed"),
        ] {
            assert!(why(line).contains(words), "{line}: {}", why(line));
        }
    }
}
