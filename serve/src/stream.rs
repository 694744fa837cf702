//! The lines of a journal as a stream of events.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::event::{event, told};
use crate::place::Place;
use crate::tail::Tail;

/// How long a stream waits before it looks for new lines again.
const LOOK: Duration = Duration::from_millis(200);

/// After this many readings without a line a comment keeps the connection open, and shows the page that the server lives.
const QUIET: usize = 25;

/// A browser that watches, counted while it does.
#[derive(Debug)]
pub(crate) struct Watcher(Arc<AtomicUsize>);

impl Watcher {
    /// One more of those that are counted.
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct State {
    tail: Tail,
    _watcher: Watcher,
}

/// The events behind a place in a journal. What is behind it is read only when the browser has taken what was before, so a
/// slow one costs no memory and delays nobody.
pub(crate) fn events(journal: &Path, after: Option<Place>, watcher: Watcher) -> Body {
    let tail = after.map_or_else(|| Tail::new(journal), |place| Tail::from(journal, place));
    // Events of another file than the one that the browser remembers: it forgets that first.
    let again = after.is_some() && tail.at() == 0;
    let state = State { tail, _watcher: watcher };
    let first = if again { "event: again\ndata: \n\n" } else { ": follows\n\n" };
    let begin = futures_util::stream::once(async move { Ok::<_, Infallible>(Bytes::from(first)) });
    let rest = unfold(state, |mut state| async move {
        let chunk = next(&mut state.tail).await?;
        Some((Ok::<_, Infallible>(chunk), state))
    });
    Body::from_stream(futures_util::StreamExt::chain(begin, rest))
}

/// The next events, a sign of life, or nothing where the journal cannot be read.
async fn next(tail: &mut Tail) -> Option<Bytes> {
    // Reading waits for nothing: others have a turn before it.
    yield_now().await;
    for _ in 0..QUIET {
        let before = tail.at();
        let lines = tail.read().ok()?;
        if !lines.is_empty() {
            let events = lines.each().map(|(at, _, line)| event(Place::of(at, line), &told(line)));
            let mut text: String = events.collect();
            if lines.each().next().is_some_and(|(start, _, _)| start < before) {
                text.insert_str(0, "event: again\ndata: \n\n");
            }
            return Some(Bytes::from(text));
        }
        sleep(LOOK).await;
    }
    Some(Bytes::from_static(b": lives\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A browser that takes a long journal at once does not keep the others waiting.
    #[test]
    fn others_have_a_turn_between_two_readings() {
        const READINGS: usize = 8;
        let path = std::env::temp_dir().join(format!("flowtwin-turns-{}", std::process::id()));
        // Two do not fit into what is read at a time.
        let line = format!("{{\"n\":\"{}\"}}\n", "x".repeat(40_000));
        std::fs::write(&path, line.repeat(READINGS)).unwrap();
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(async {
            tokio::spawn(async move {
                for _ in 0..100 * READINGS {
                    counted.fetch_add(1, Ordering::Relaxed);
                    yield_now().await;
                }
            });
            let mut tail = Tail::new(&path);
            for reading in 1..=READINGS {
                assert!(next(&mut tail).await.is_some());
                assert_eq!(tail.at(), (reading * line.len()) as u64);
            }
        });
        std::fs::remove_file(path).unwrap();
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns >= READINGS - 1, "{turns} turns in {READINGS} readings");
    }
}
