//! Benchmarks of policies, calibrations, and the claims of the paper.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin::command::embedded::{How, contested};
use flowtwin_calibration as calibration;
use flowtwin_calibration::{Calibration, Measured, calibrated_toml_beside};
use flowtwin_campaign::scenario::{Entrant, FreeSpec, Scenario, believing};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::{Wanted, in_plain_words};
use flowtwin_study::benchmark::{
    self, Contest, Failure, Results, Shard, Tidy, comparable, findings, matrix, report,
};
use flowtwin_study::paper::{self, Rigs};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{self, PolicyError};
use crate::exit::{attached, detached};
use crate::outside::{PythonPolicy, Raised};
use crate::policy::threads;
use crate::run::with_cause;
use crate::scenario::AnyScenario;
use crate::table::{Column, Frame};
use crate::waiting::wait;

/// How long a program outside may take for an answer.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a study found: structured, as a page, as text, as a table.
#[pyclass(frozen, module = "flowtwin._flowtwin")]
pub(crate) struct Found {
    /// What was found, as JSON.
    #[pyo3(get)]
    pub(crate) json: String,
    /// The page.
    #[pyo3(get)]
    pub(crate) page: String,
    /// What the command prints.
    #[pyo3(get)]
    pub(crate) text: String,
    /// The table, where there is one.
    #[pyo3(get)]
    pub(crate) table: Option<Py<Frame>>,
    /// The text of the file that it makes, if it makes one.
    #[pyo3(get)]
    pub(crate) toml: Option<String>,
}

/// Compares policies on the same seeds, results in the folder `out`. An entrant is `[NAME=]POLICY[@SURROGATE]`, or the command of a
/// policy in Python and what makes it.
#[pyfunction]
#[pyo3(name = "benchmark")]
#[expect(clippy::too_many_arguments, reason = "a function of Python names them for people")]
pub(crate) fn compared(
    py: Python<'_>,
    scenarios: Vec<AnyScenario>,
    entrants: Vec<(String, Option<Py<PyAny>>)>,
    seeds: Vec<u64>,
    opening: Option<usize>,
    experiments: Option<usize>,
    jobs: Option<usize>,
    out: PathBuf,
    progress: Option<Py<PyAny>>,
) -> PyResult<Found> {
    let raised = Raised::default();
    let scenarios = scenarios.into_iter().map(|scenario| (*scenario.0).clone()).collect();
    let contest = contest(scenarios, entrants, &seeds, (opening, experiments), &raised)?;
    let (threads, stop) = (threads(jobs)?, Arc::new(AtomicBool::new(false)));
    let stopped = stop.clone();
    let work = move |tell: &crate::waiting::Tell<(usize, usize)>| {
        let done = |done, of| tell.tell((done, of));
        let how =
            How { shard: Shard::ALL, threads, stop: &stopped, tell: &done, moved: &|_, _| () };
        let ran = contested(&contest, &out, &how).map_err(|error| error.to_string());
        let (store, failures, _held) = ran?;
        if !failures.is_empty() || stopped.load(Ordering::SeqCst) {
            return Ok(Err(failures));
        }
        let results = Results::read(&store).map_err(|error| error.to_string())?;
        Ok::<_, String>(Ok(results))
    };
    let hear = |(done, of): (usize, usize)| match &progress {
        Some(progress) => progress.call1(py, (done, of, "campaigns", py.None())).map(drop),
        None => Ok(()),
    };
    let done = wait(py, Some(&stop), work, hear)?.or_raise()?;
    match done.map_err(errors::failed)? {
        Ok(results) => of_results(py, &results),
        Err(failures) => Err(with_cause(py, failed(&failures), raised.take())),
    }
}

fn failed(failures: &[Failure]) -> PyErr {
    let told = failures.iter().map(|failure| format!("{}: {}", failure.campaign, failure.error));
    PolicyError::new_err(told.collect::<Vec<_>>().join("\n"))
}

fn contest(
    scenarios: Vec<Scenario>,
    entrants: Vec<(String, Option<Py<PyAny>>)>,
    seeds: &[u64],
    (opening, experiments): (Option<usize>, Option<usize>),
    raised: &Raised,
) -> PyResult<Contest> {
    let (mut known, mut makers) = (Vec::<Entrant>::new(), Vec::new());
    for (text, factory) in entrants {
        let entrant = match &factory {
            Some(_) => Entrant::program(&text),
            None => text.parse().map_err(|e| PyValueError::new_err(format!("{e}")))?,
        };
        if let Some(factory) = factory {
            makers.push((entrant.name.clone(), factory));
        }
        known.push(entrant);
    }
    if scenarios.is_empty() || known.is_empty() || seeds.is_empty() || experiments == Some(0) {
        let message = "a benchmark needs a scenario, a policy, a seed and an experiment at least";
        return Err(PyValueError::new_err(message));
    }
    let slip = comparable(&scenarios, &known);
    slip.map_err(|slip| PyValueError::new_err(slip.to_string()))?;
    let scenarios = believing(scenarios, &known);
    let scenarios = scenarios.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let mut contest = Contest::new(scenarios, known, seeds, opening, experiments, PATIENCE);
    for (name, factory) in makers {
        let (named, raised) = (name.clone(), raised.clone());
        let maker = move |wanted: &Wanted| -> Box<dyn flowtwin_twin::Policy> {
            let factory = attached(|py| factory.clone_ref(py));
            Box::new(PythonPolicy::new(named.clone(), factory, wanted.clone(), raised.clone()))
        };
        contest = contest.with_policy(&name, Box::new(maker));
    }
    Ok(contest)
}

fn of_results(py: Python<'_>, results: &Results) -> PyResult<Found> {
    let (columns, findings, page) = detached(py, || {
        let findings = findings(results);
        let page = report(results, &findings);
        (Tidy::new(results).into_columns(), findings, page)
    });
    let columns = columns.into_iter().map(|(name, column)| {
        let column = match column {
            benchmark::Column::Text(words) => Column::Text(words.into_iter().map(Some).collect()),
            benchmark::Column::Integer(values) => Column::Integer(values),
            benchmark::Column::Number(values) => Column::Number(values),
        };
        (name, column)
    });
    let mut text: Vec<String> = findings.iter().map(|finding| finding.text()).collect();
    if findings.len() > 1 {
        text.push(matrix(&findings).text());
    }
    Ok(Found {
        json: serde_json::to_string(&findings).map_err(errors::failed)?,
        page,
        text: text.join("\n"),
        table: Some(Py::new(py, Frame::new(columns.collect())?)?),
        toml: None,
    })
}

/// Fits the free keys of a scenario, each as JSON, to what the files and run folders `data` hold. What is fitted extends the file
/// `base` with the scenario `before`, from which this one differs in these tables already.
#[pyfunction]
pub(crate) fn calibrate(
    py: Python<'_>,
    scenario: AnyScenario,
    data: Vec<PathBuf>,
    free: Vec<String>,
    base: String,
    before: AnyScenario,
    tables: Vec<String>,
) -> PyResult<Found> {
    let named = free.iter().map(|text| spec(text)).collect::<PyResult<Vec<_>>>()?;
    let (scenario, stop) = (scenario.0, Arc::new(AtomicBool::new(false)));
    let stopped = stop.clone();
    let work = move |_: &crate::waiting::Tell<()>| {
        calibrated(&stopped, &scenario, &data, &named, (&base, &before.0, &tables))
    };
    let done = wait(py, Some(&stop), work, |()| Ok(()))?.or_raise()?;
    done.map_err(errors::scenario)
}

/// A free key, which is written as JSON.
pub(crate) fn spec(text: &str) -> PyResult<FreeSpec> {
    serde_json::from_str(text)
        .map_err(|error| PyValueError::new_err(format!("free: {}", in_plain_words(&error))))
}

fn calibrated(
    stop: &AtomicBool,
    scenario: &Scenario,
    data: &[PathBuf],
    named: &[FreeSpec],
    (base, before, tables): (&str, &Scenario, &[String]),
) -> Result<Found, Diagnostic> {
    scenario.simulated().map_err(Diagnostic::from)?;
    let keys = calibration::free(scenario, named)?;
    let measured = Measured::read(scenario, data)?;
    let found: Calibration = calibration::calibrate_unless(stop, scenario, &keys, &measured)?;
    let mut text = format!("{}\n\n{}", found.headline(), found.table().text());
    for remark in found.remarks() {
        text.push_str(&format!("\n- {remark}"));
    }
    Ok(Found {
        json: serde_json::to_string(&found).map_err(|e| Diagnostic::new(e.to_string()))?,
        page: calibration::page(scenario, &found),
        text,
        table: None,
        toml: Some(calibrated_toml_beside(before, scenario, &found, base, tables)),
    })
}

/// Every claim of the paper beside what the simulator does.
#[pyfunction]
#[pyo3(name = "paper", signature = (path, first_seed, seeds, jobs))]
pub(crate) fn claims(
    py: Python<'_>,
    path: Option<PathBuf>,
    first_seed: u64,
    seeds: usize,
    jobs: Option<usize>,
) -> PyResult<Found> {
    let seeds = NonZeroUsize::new(seeds);
    let seeds = seeds.ok_or_else(|| PyValueError::new_err("seeds must be at least 1"))?;
    let (threads, stop) = (threads(jobs)?, Arc::new(AtomicBool::new(false)));
    let stopped = stop.clone();
    let work = move |_: &crate::waiting::Tell<()>| {
        judged(&stopped, path.as_deref(), (first_seed, seeds), threads)
    };
    let done = wait(py, Some(&stop), work, |()| Ok(()))?.or_raise()?;
    done.map_err(errors::scenario)
}

fn judged(
    stop: &AtomicBool,
    path: Option<&Path>,
    (first_seed, seeds): (u64, NonZeroUsize),
    threads: NonZeroUsize,
) -> Result<Found, Diagnostic> {
    let failed = |error: String| Diagnostic::new(error);
    let scenario = match path {
        Some(path) => Scenario::load(path)?,
        None => paper::scenario()?,
    };
    let rigs = Rigs::new(scenario.simulated()?).map_err(|e| failed(e.to_string()))?.unless(stop);
    let facts = rigs.facts(first_seed).map_err(|e| failed(e.to_string()))?;
    let seeds = paper::measure(&rigs, first_seed, seeds.get(), threads, &|_| ());
    let seeds = seeds.map_err(|e| failed(e.to_string()))?;
    let verdicts = paper::judge(&facts, &seeds);
    Ok(Found {
        json: serde_json::to_string(&verdicts).map_err(|e| failed(e.to_string()))?,
        page: paper::report_html(&verdicts, &seeds),
        text: paper::table(&verdicts),
        table: None,
        toml: None,
    })
}
