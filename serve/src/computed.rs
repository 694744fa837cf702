//! What the page shows and this crate cannot know: requested by a browser, computed by the program that started the server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// What a model believes: a feature over two inputs, from the first experiments of a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Question {
    /// The feature.
    pub feature: String,
    /// The horizontal input.
    pub x: String,
    /// The vertical input.
    pub y: String,
    /// How many of the first experiments are known.
    pub experiments: usize,
    /// The experiment at whose conditions the other inputs are held.
    pub held: usize,
}

/// An experiment whose spectra are expected, by the places in the journal at which records begin \[bytes\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Measured {
    /// The record of the experiment.
    pub at: u64,
    /// The record of the experiment before it; none for the first of a run.
    pub before: Option<u64>,
}

/// What is computed for the page. What is missing is not shown.
#[derive(Clone, Debug, Default)]
pub struct Computed {
    /// What a model believes.
    pub believer: Option<Teller<Question>>,
    /// The spectra that the simulator of the scenario expects.
    pub predictor: Option<Teller<Measured>>,
}

type Answers<Q> = dyn Fn(&Path, &Q) -> Result<Value, String> + Send + Sync;

/// Answers questions about the run in a folder; an error is a sentence for people.
///
/// It computes one answer at a time, however many ask, and knows the last one.
pub struct Teller<Q> {
    answers: Arc<Answers<Q>>,
    last: Arc<Mutex<Option<(PathBuf, Q, String)>>>,
}

impl<Q> Clone for Teller<Q> {
    fn clone(&self) -> Self {
        Self { answers: self.answers.clone(), last: self.last.clone() }
    }
}

impl<Q: Clone + PartialEq> Teller<Q> {
    /// One that answers so.
    pub fn new(
        answers: impl Fn(&Path, &Q) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self { answers: Arc::new(answers), last: Arc::default() }
    }

    /// The answer about the run with this journal.
    ///
    /// # Errors
    /// The status that is answered where there is none, or where another question is being answered.
    pub(crate) fn answer(
        &self,
        journal: &Path,
        question: &Q,
    ) -> Result<String, (StatusCode, String)> {
        let mut last = match self.last.try_lock() {
            Ok(last) => last,
            // An answer that panicked was not kept.
            Err(TryLockError::Poisoned(last)) => last.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let busy = "another question is being answered: ask again\n".to_owned();
                return Err((StatusCode::SERVICE_UNAVAILABLE, busy));
            }
        };
        if let Some((of, asked, told)) = &*last
            && of == journal
            && asked == question
        {
            return Ok(told.clone());
        }
        let folder = journal.parent().unwrap_or(Path::new(""));
        let told = (self.answers)(folder, question)
            .map_err(|why| (StatusCode::UNPROCESSABLE_ENTITY, why + "\n"))?
            .to_string();
        *last = Some((journal.to_owned(), question.clone(), told.clone()));
        Ok(told)
    }
}

impl<Q> fmt::Debug for Teller<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use serde_json::json;

    use super::*;

    fn question(experiments: usize) -> Question {
        let (feature, x, y) = ("pli".into(), "a".into(), "b".into());
        Question { feature, x, y, experiments, held: 1 }
    }

    #[test]
    fn an_answer_is_computed_once_and_one_at_a_time() {
        let (begun, begins) = channel();
        let (goes_on, go_on) = channel::<()>();
        let (asked, go_on) = (Arc::new(AtomicUsize::new(0)), Mutex::new(go_on));
        let count = asked.clone();
        let believer = Teller::<Question>::new(move |folder, question| {
            count.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap();
            go_on.lock().unwrap().recv().unwrap();
            Ok(json!([folder, question.experiments]))
        });
        let journal = Path::new("runs/one/journal.jsonl");
        let first = {
            let believer = believer.clone();
            std::thread::spawn(move || believer.answer(journal, &question(5)))
        };
        begins.recv().unwrap();
        let busy = believer.answer(journal, &question(6)).unwrap_err();
        assert_eq!(busy.0, StatusCode::SERVICE_UNAVAILABLE);
        goes_on.send(()).unwrap();
        let told = first.join().unwrap().unwrap();
        assert_eq!(told, "[\"runs/one\",5]");
        assert_eq!(believer.answer(journal, &question(5)).unwrap(), told);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_question_that_cannot_be_answered_blocks_no_other() {
        let believer = Teller::<Question>::new(|_, question| match question.experiments {
            0 => panic!("this is a test"),
            1 => Err("one experiment is too few".into()),
            n => Ok(json!(n)),
        });
        let journal = Path::new("runs/one/journal.jsonl");
        let asked = believer.clone();
        assert!(std::thread::spawn(move || asked.answer(journal, &question(0))).join().is_err());
        let refused = believer.answer(journal, &question(1)).unwrap_err();
        assert_eq!(refused.1, "one experiment is too few\n");
        assert_eq!(believer.answer(journal, &question(2)).unwrap(), "2");
    }
}
