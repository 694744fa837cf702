//! A proposal on which browsers with the token may decide.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use flowtwin_lab::in_plain_words;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a browser asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Run the proposal as it is.
    Accept,
    /// Run it with these values, `NAME=VALUE` each; the others stay.
    Change(#[serde(deserialize_with = "settings")] Vec<String>),
    /// Do not run it.
    Skip,
    /// Run an experiment with these values first.
    Add(#[serde(deserialize_with = "settings")] Vec<String>),
}

/// Takes the decision, or says why it cannot be done.
pub type Take = dyn Fn(Asked) -> Result<(), String> + Send + Sync;

/// Holds a proposal until a person has decided on it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Review(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Number of proposals so far.
    number: u64,
    /// The proposal, with its number; none where there is nothing to decide.
    shown: Option<Value>,
    /// Why what was decided last cannot be done.
    why: Option<String>,
    take: Option<Arc<Take>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// An answer of a browser.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// Number of the proposal that the browser shows.
    proposal: u64,
    decision: Asked,
}

impl Review {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a proposal, an object for the page; `take` receives the decision.
    pub fn show(&self, proposal: Value, take: Arc<Take>) {
        let mut state = self.state();
        let number = state.number + 1;
        *state = State { number, shown: Some(proposal), why: None, take: Some(take) };
    }

    /// The last decision cannot be carried out: the proposal is open again.
    pub fn refuse(&self, why: &str) {
        self.state().why = Some(why.to_owned());
    }

    /// There is nothing to decide any more.
    pub fn close(&self) {
        let mut state = self.state();
        (state.shown, state.why, state.take) = (None, None, None);
    }

    /// What the page shows; null where there is nothing to decide.
    pub(crate) fn shown(&self) -> Value {
        let state = self.state();
        let shown =
            |proposal: &Value| json!({ "number": state.number, "of": proposal, "why": state.why });
        state.shown.as_ref().map_or(Value::Null, shown)
    }

    /// Receives the answer of a browser, which is JSON text.
    ///
    /// # Errors
    /// The status that is answered, and why.
    pub(crate) fn hear(&self, text: &[u8]) -> Result<(), (StatusCode, String)> {
        let unreadable = |error| {
            let why = in_plain_words(&error);
            (StatusCode::UNPROCESSABLE_ENTITY, format!("this is not a decision: {why}\n"))
        };
        let Answer { proposal, decision } = serde_json::from_slice(text).map_err(unreadable)?;
        let take = {
            let state = self.state();
            state.take.clone().filter(|_| state.number == proposal)
        };
        let over =
            || (StatusCode::CONFLICT, "this proposal is no longer to be decided on\n".into());
        let take = take.ok_or_else(over)?;
        take(decision).map_err(|why| (StatusCode::UNPROCESSABLE_ENTITY, why + "\n"))
    }
}

/// An object of names and values as `NAME=VALUE`.
fn settings<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let values = std::collections::BTreeMap::<String, Value>::deserialize(from)?;
    let setting = |(name, value)| match value {
        Value::String(text) => Ok(format!("{name}={text}")),
        Value::Number(number) => Ok(format!("{name}={number}")),
        _ => Err(serde::de::Error::custom(format!("{name} is neither a number nor a name"))),
    };
    values.into_iter().map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place with a proposal, and what was taken there.
    fn place() -> (Review, Arc<Mutex<Vec<Asked>>>) {
        let (review, taken) = (Review::default(), Arc::<Mutex<Vec<Asked>>>::default());
        let hears = taken.clone();
        let take = move |asked| {
            if asked == Asked::Skip {
                return Err("nothing may be skipped".to_owned());
            }
            hears.lock().unwrap().push(asked);
            Ok(())
        };
        review.show(json!({ "experiment": 3 }), Arc::new(take));
        (review, taken)
    }

    fn status(review: &Review, text: &str) -> u16 {
        review.hear(text.as_bytes()).map_or_else(|(status, _)| status.as_u16(), |()| 204)
    }

    #[test]
    fn answers_to_the_proposal_that_is_shown_are_taken_and_no_others() {
        let (review, taken) = place();
        assert_eq!(review.shown()["of"]["experiment"], 3);
        assert_eq!(status(&review, r#"{"proposal":1,"decision":"accept"}"#), 204);
        let change = r#"{"proposal":1,"decision":{"change":{"a":1.5,"base":"DBU"}}}"#;
        assert_eq!(status(&review, change), 204);
        let settings = ["a=1.5", "base=DBU"].map(str::to_owned).to_vec();
        assert_eq!(*taken.lock().unwrap(), [Asked::Accept, Asked::Change(settings)]);
        let why = review.hear(br#"{"proposal":1,"decision":"skip"}"#).unwrap_err();
        assert_eq!(why, (StatusCode::UNPROCESSABLE_ENTITY, "nothing may be skipped\n".into()));
        for wrong in ["", "{}", r#"{"proposal":1,"decision":"maybe"}"#, r#"{"proposal":1}"#] {
            assert_eq!(status(&review, wrong), 422, "{wrong}");
        }
        assert_eq!(status(&review, r#"{"proposal":2,"decision":"accept"}"#), 409);
        review.refuse("it is too hot");
        assert_eq!(review.shown()["why"], "it is too hot");
        review.close();
        assert_eq!(review.shown(), Value::Null);
        assert_eq!(status(&review, r#"{"proposal":1,"decision":"accept"}"#), 409);
        assert_eq!(taken.lock().unwrap().len(), 2);
    }
}
