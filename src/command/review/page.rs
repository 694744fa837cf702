//! Deciding on proposals on the live page.

use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_campaign::campaign::{Answer, Proposed, Reviewer};
use flowtwin_campaign::choice;
use flowtwin_lab::journal::Decision;
use flowtwin_lab::{Input, InputKind, Word};
use flowtwin_serve::{Asked, Review};
use serde_json::{Value, json};

/// The live page as a place at which people decide.
#[derive(Debug)]
pub(in crate::command) struct OnPage {
    review: Review,
    decided: Arc<Mutex<Option<Decision>>>,
}

impl OnPage {
    /// The page that shows what lies in `review`.
    pub(in crate::command) fn new(review: Review) -> Self {
        Self { review, decided: Arc::default() }
    }
}

impl Reviewer for OnPage {
    fn show(&self, proposed: &Proposed) {
        let (shown, slot) = (proposed.clone(), self.decided.clone());
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let take = move |asked| {
            let decision = decision(asked, &shown)?;
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.is_some() {
                return Err("somebody has decided on this proposal already".into());
            }
            *slot = Some(decision);
            Ok(())
        };
        self.review.show(object(proposed), Arc::new(take));
    }

    fn decision(&self) -> Option<Answer> {
        let mut slot = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take().map(Answer::Decided)
    }

    fn refused(&self, why: &str) {
        self.review.refuse(why);
    }

    fn over(&self, _decided: Option<&Decision>) {
        self.review.close();
    }
}

/// What was decided, checked before it is taken: whoever has sent it is told at once.
fn decision(asked: Asked, shown: &Proposed) -> Result<Decision, String> {
    let set = |settings: &[String]| choice::changed(&shown.space, &shown.conditions, settings);
    match asked {
        Asked::Accept => Ok(Decision::Accept),
        Asked::Skip => Ok(Decision::Skip),
        Asked::Change(settings) => set(&settings).map(Decision::Change),
        Asked::Add(settings) => set(&settings).map(Decision::Add),
    }
}

/// A proposal for the page.
fn object(proposed: &Proposed) -> Value {
    let word = |word: Word<'_>| match word {
        Word::Number(value) => json!(value),
        Word::Name(name) => json!(name),
    };
    let inputs = proposed.space.inputs().iter().zip(proposed.conditions.words());
    let inputs: Vec<Value> = inputs
        .map(|(input, (name, value))| {
            let Input { low, high, .. } = input;
            json!({
                "name": name, "value": word(value), "low": low, "high": high,
                "choices": choices(input),
            })
        })
        .collect();
    let expected = proposed.expected.iter().map(|e| {
        json!({ "outcome": e.outcome, "unit": e.unit, "prediction": e.prediction, "latest": e.latest })
    });
    json!({
        "experiment": proposed.experiment,
        "phase": proposed.phase,
        "policy": proposed.policy,
        "place": proposed.place,
        "planned": proposed.of,
        "may_skip": proposed.may_skip,
        "inputs": inputs,
        "expected": expected.collect::<Vec<_>>(),
        "lab_time_s": proposed.cost.lab_time_s,
        "reagent_ml": proposed.cost.reagent_ml,
        "because": proposed.because,
    })
}

/// The values that an input may have, where they can be counted; none for a range.
fn choices(input: &Input) -> Option<Value> {
    match &input.kind {
        InputKind::Levels(levels) => Some(json!(levels)),
        InputKind::Choice(options) => {
            Some(options.iter().map(|option| json!(option.name)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::typed::tests::proposed;
    use super::*;

    #[test]
    fn what_a_browser_sends_is_checked_before_it_is_taken() {
        let change = |setting: &str| decision(Asked::Change(vec![setting.into()]), &proposed());
        let Ok(Decision::Change(conditions)) = change("temperature_c=125") else {
            panic!("it is in the range")
        };
        assert_eq!(conditions.values(), [125.0, 30.0]);
        assert!(change("temperature_c=1250").unwrap_err().contains("is outside 120 to 150"));
    }

    #[test]
    fn the_first_who_decides_has_decided() {
        let page = OnPage::new(Review::default());
        page.show(&proposed());
        assert_eq!(page.decision(), None);
        let first = object(&proposed());
        assert_eq!(first["inputs"][0]["name"], "temperature_c");
        assert_eq!(first["inputs"][0]["value"], 140.0);
        *page.decided.lock().unwrap() = Some(Decision::Skip);
        assert_eq!(page.decision(), Some(Answer::Decided(Decision::Skip)));
        assert_eq!(page.decision(), None);
    }
}
