//! The routes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::census::Census;
use crate::computed::{Computed, Measured, Question, Teller};
use crate::control::{Control, Order};
use crate::guard::Guard;
use crate::page::{FILES, HEAD, file};
use crate::review::Review;
use crate::runs::{Found, Runs};
use crate::stream::{Watcher, events};
use crate::tail::line_at;
use crate::{metrics, runs};

/// What the answers are made from.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) runs: Runs,
    pub(crate) control: Option<Control>,
    pub(crate) computed: Computed,
    pub(crate) guard: Guard,
    pub(crate) watchers: Arc<AtomicUsize>,
    /// What was counted of each journal so far.
    pub(crate) counted: Mutex<BTreeMap<std::path::PathBuf, Census>>,
}

/// Longest decision that is read \[bytes\].
const DECISION_BYTES: usize = 64 * 1024;

type Shared = State<Arc<Shop>>;

/// The routes and their answers.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    let mut router = Router::new();
    for entry in FILES {
        router = router.route(entry.0, get(move || async move { file(entry) }));
    }
    router
        .route("/api/runs", get(list))
        .route("/api/runs/{name}/events", get(follow))
        .route("/api/runs/{name}/line", get(line))
        .route("/api/runs/{name}/belief", get(believed))
        .route("/api/runs/{name}/expected", get(expected))
        .route("/api/stop", post(|shop, headers| ordered(Order::Stop, shop, headers)))
        .route("/api/pause", post(|shop, headers| ordered(Order::Pause, shop, headers)))
        .route("/api/continue", post(|shop, headers| ordered(Order::GoOn, shop, headers)))
        .route("/api/decide", post(decided).layer(DefaultBodyLimit::max(DECISION_BYTES)))
        .route("/metrics", get(prometheus))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .layer(from_fn_with_state(shop.clone(), admit))
        .with_state(shop)
}

/// Refuses foreign requests, and adds the headers to every answer.
async fn admit(State(shop): Shared, request: Request, next: Next) -> Response {
    let mut response = match shop.guard.admits(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    for (name, value) in HEAD {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

impl Shop {
    /// What is counted of the runs there are now.
    fn census(&self) -> Vec<(String, Census)> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let list = self.runs.list();
        counted.retain(|journal, _| list.iter().any(|found| found.journal == *journal));
        let of = |Found { name, journal }: Found| {
            let new = || Census::new(&journal);
            let census = counted.entry(journal.clone()).or_insert_with(new);
            // One that cannot be read stays as it was.
            let _unreadable = census.go_on();
            (name, census.clone())
        };
        list.into_iter().map(of).collect()
    }
}

async fn list(State(shop): Shared) -> Response {
    let run = |(name, census): &(String, Census)| {
        let header = census.header.as_ref();
        json!({
            "name": name,
            "title": header.and_then(|h| h.definition.get("title").cloned()),
            "scenario": header.map(|h| h.scenario.clone()),
            "seed": header.map(|h| h.seed),
            "simulated": header.map(|h| h.simulated),
            "experiments": census.experiments,
            "planned": census.planned,
            "ended": census.ended,
        })
    };
    let runs: Vec<Value> = shop.census().iter().map(run).collect();
    let control = shop.control.as_ref().filter(|control| control.is_at_work());
    let (paused, stops) =
        (control.is_some_and(Control::pauses), control.is_some_and(Control::stops));
    let controlled = control.is_some();
    let proposal = control.and_then(Control::review).map_or(Value::Null, Review::shown);
    as_json(&json!({
        "runs": runs,
        "controlled": controlled,
        "paused": paused,
        "stops": stops,
        "proposal": proposal,
        "believes": shop.computed.believer.is_some(),
        "expects": shop.computed.predictor.is_some(),
    }))
}

async fn follow(State(shop): Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(runs::Found { journal, .. }) = shop.runs.named(&name) else {
        return no_run();
    };
    // A browser that lost its connection says by itself what it has.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let body = events(&journal, last, Watcher::new(&shop.watchers));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// At which place in the journal a line begins.
#[derive(Debug, Deserialize)]
struct At {
    at: u64,
}

/// One line of a journal, with all that is in it.
async fn line(
    State(shop): Shared,
    Path(name): Path<String>,
    Query(At { at }): Query<At>,
) -> Response {
    let Some(runs::Found { journal, .. }) = shop.runs.named(&name) else {
        return no_run();
    };
    match line_at(&journal, at).ok().flatten() {
        // A header may name files of this computer.
        Some(line) if at > 0 => ([(CONTENT_TYPE, "application/json")], line).into_response(),
        _ => (StatusCode::NOT_FOUND, "no line begins there\n").into_response(),
    }
}

/// What a model believes of a run.
async fn believed(
    State(shop): Shared,
    Path(name): Path<String>,
    Query(question): Query<Question>,
) -> Response {
    told(&shop.runs, &name, shop.computed.believer.clone(), question).await
}

/// The spectra that the simulator expects of an experiment.
async fn expected(
    State(shop): Shared,
    Path(name): Path<String>,
    Query(measured): Query<Measured>,
) -> Response {
    told(&shop.runs, &name, shop.computed.predictor.clone(), measured).await
}

/// Something that is computed for the page.
async fn told<Q: Clone + PartialEq + Send + 'static>(
    runs: &Runs,
    name: &str,
    teller: Option<Teller<Q>>,
    question: Q,
) -> Response {
    let Some(Found { journal, .. }) = runs.named(name) else {
        return no_run();
    };
    let Some(teller) = teller else {
        return (StatusCode::NOT_FOUND, "nothing is computed here\n").into_response();
    };
    match teller.answer(journal, question).await {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// Gives an order to the run that this process does.
async fn ordered(order: Order, State(shop): Shared, headers: HeaderMap) -> Response {
    let none = Err((StatusCode::NOT_FOUND, "no run is done here\n"));
    match shop.control.as_ref().map_or(none, |control| control.order(order, &headers)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// Decides on the proposal of the run that this process does.
async fn decided(State(shop): Shared, headers: HeaderMap, text: Bytes) -> Response {
    let Some(control) = &shop.control else {
        return (StatusCode::NOT_FOUND, "no run is done here\n").into_response();
    };
    if let Err(refused) = control.heeds(&headers) {
        return refused.into_response();
    }
    let Some(review) = control.review() else {
        return (StatusCode::NOT_FOUND, "nobody reviews this run\n").into_response();
    };
    match review.hear(&text) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn prometheus(State(shop): Shared) -> Response {
    let watchers = shop.watchers.load(Ordering::Relaxed);
    let text = metrics::text(&shop.census(), watchers);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn as_json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn no_run() -> Response {
    (StatusCode::NOT_FOUND, "there is no such run\n").into_response()
}
