//! What the page shows and this crate cannot know: requested by a browser, computed by the program that started the server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

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

/// How long a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers questions about the run in a folder; an error is a sentence for people.
///
/// It computes one answer at a time, however many ask, and knows the last one. The others wait for their turn, for ten
/// seconds at most; a browser that has gone waits no longer.
pub struct Teller<Q> {
    answers: Arc<Answers<Q>>,
    last: Arc<Mutex<Option<(PathBuf, Q, String)>>>,
    patience: Duration,
}

impl<Q> Clone for Teller<Q> {
    fn clone(&self) -> Self {
        Self { answers: self.answers.clone(), last: self.last.clone(), patience: self.patience }
    }
}

impl<Q: Clone + PartialEq + Send + 'static> Teller<Q> {
    /// One that answers so.
    pub fn new(
        answers: impl Fn(&Path, &Q) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self { answers: Arc::new(answers), last: Arc::default(), patience: PATIENCE }
    }

    /// The answer about the run with this journal, computed beside the server, which goes on answering.
    ///
    /// # Errors
    /// The status that is answered where there is none, or where others are answered for longer than a question waits.
    pub(crate) async fn answer(
        self,
        journal: PathBuf,
        question: Q,
    ) -> Result<String, (StatusCode, String)> {
        let turn = timeout(self.patience, self.last.clone().lock_owned()).await;
        let Ok(mut last) = turn else {
            let busy = "another question is being answered: ask again\n".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, busy));
        };
        let computed = tokio::task::spawn_blocking(move || {
            if let Some((of, asked, told)) = &*last
                && *of == journal
                && *asked == question
            {
                return Ok(told.clone());
            }
            let folder = journal.parent().unwrap_or(Path::new(""));
            let told = (self.answers)(folder, &question)
                .map_err(|why| (StatusCode::UNPROCESSABLE_ENTITY, why + "\n"))?
                .to_string();
            *last = Some((journal, question, told.clone()));
            Ok(told)
        });
        computed.await.unwrap_or_else(|_panicked| {
            Err((StatusCode::INTERNAL_SERVER_ERROR, "the computation failed\n".to_owned()))
        })
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

    fn journal() -> PathBuf {
        "runs/one/journal.jsonl".into()
    }

    fn on_a_server<T>(asks: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asks)
    }

    #[test]
    fn an_answer_is_computed_once_and_one_at_a_time() {
        let (begun, begins) = channel();
        let (goes_on, go_on) = channel::<()>();
        let (count, go_on) = (Arc::new(AtomicUsize::new(0)), std::sync::Mutex::new(go_on));
        let asked = count.clone();
        let believer = Teller::<Question>::new(move |folder, question| {
            count.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap();
            go_on.lock().unwrap().recv().unwrap();
            Ok(json!([folder, question.experiments]))
        });
        let hasty = Teller { patience: Duration::ZERO, ..believer.clone() };
        on_a_server(async move {
            let first = tokio::spawn(believer.clone().answer(journal(), question(5)));
            tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
            let busy = hasty.answer(journal(), question(6)).await.unwrap_err();
            assert_eq!(busy.0, StatusCode::SERVICE_UNAVAILABLE);
            // Whoever has more patience gets its turn, and what is asked twice is computed once.
            let waits = tokio::spawn(believer.clone().answer(journal(), question(5)));
            let gone = tokio::spawn(believer.answer(journal(), question(7)));
            tokio::task::yield_now().await;
            gone.abort();
            goes_on.send(()).unwrap();
            let told = first.await.unwrap().unwrap();
            assert_eq!(told, "[\"runs/one\",5]");
            assert_eq!(waits.await.unwrap().unwrap(), told);
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_question_that_cannot_be_answered_blocks_no_other() {
        let believer = Teller::<Question>::new(|_, question| match question.experiments {
            0 => panic!("this is a test"),
            1 => Err("one experiment is too few".into()),
            n => Ok(json!(n)),
        });
        let ask = |n| on_a_server(believer.clone().answer(journal(), question(n)));
        assert_eq!(ask(0).unwrap_err().0, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(ask(1).unwrap_err().1, "one experiment is too few\n");
        assert_eq!(ask(2).unwrap(), "2");
    }
}
