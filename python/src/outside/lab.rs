//! Labs that are written in Python.

use std::sync::Arc;
use std::time::Instant;

use flowtwin_campaign::outside::{ObservationLine, nonsense};
use flowtwin_data::answered::{Answer, Answered, Oracle};
use flowtwin_lab::{
    Conditions, Fault, FaultKind, Instant as LabInstant, Level, Manifest, Outcome, Quality, Report,
    Span,
};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use super::object::Object;
use super::{Raised, words};
use crate::conditions;
use crate::exit::attached;
use crate::observation::Observation;

/// A lab that an object of Python is: `measure(conditions)` runs an experiment.
#[derive(Debug)]
pub(crate) struct PythonLab {
    object: Arc<Object>,
    manifest: Manifest,
    raised: Raised,
}

impl PythonLab {
    /// The lab that `object` is, where the lab of a scenario is `of`. It is a rig unless its attribute `simulated` says otherwise.
    ///
    /// # Errors
    /// The exception, if that cannot be read.
    pub(crate) fn begin(
        object: &Arc<Object>,
        of: &Manifest,
        raised: Raised,
    ) -> PyResult<Answered<Self>> {
        let manifest = Manifest {
            level: Level::Experiments,
            at_once: None,
            simulated: attached(|py| object.simulated(py))?,
            ..Manifest::of_experiments(of.rig.clone())
        };
        Ok(Answered::by(Self { object: object.clone(), manifest, raised }))
    }

    fn measure(&self, conditions: &Conditions) -> PyResult<(Report, Option<f64>)> {
        attached(|py| {
            let values = conditions::dict(py, conditions)?;
            read(&self.object.object.bind(py).call_method1("measure", (values,))?)
        })
    }
}

impl Oracle for PythonLab {
    const NAME: &'static str = "lab in Python";

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn answer(
        &mut self,
        _number: u64,
        conditions: &Conditions,
    ) -> Result<(Span, Answer), FaultKind> {
        if self.object.is_over() {
            return Err(FaultKind::Refused { detail: "the lab has been made safe".into() });
        }
        let asked = Instant::now();
        let (report, seconds) = self.measure(conditions).map_err(|error| {
            let detail = words(&error);
            self.raised.keep(error);
            FaultKind::LinkLost { detail }
        })?;
        let took = Span::from_secs(seconds.unwrap_or_else(|| asked.elapsed().as_secs_f64()));
        // Some time passes, so that experiments have an order.
        Ok((took.max(Span::from_nanos(1)), Answer::Told(Box::new(report))))
    }

    fn make_safe(&mut self) -> Result<(), FaultKind> {
        let ended = self.object.make_safe();
        let left = ended.as_ref().err().map(words);
        self.raised.keep_not_safe(ended.err());
        left.map_or(Ok(()), |left| Err(FaultKind::NotSafe { because: None, left }))
    }
}

/// What `measure` answered: an observation, or a mapping of features; `lab_time_s`, `flags` and `fault` are what they say. Of
/// None it failed. Without a lab time there is none.
fn read(answer: &Bound<'_, PyAny>) -> PyResult<(Report, Option<f64>)> {
    if let Ok(seen) = answer.cast::<Observation>() {
        let seen = &seen.get().observation;
        let outcome = Outcome { spectra: Vec::new(), ..seen.outcome.clone() };
        let (consumed_ml, fault) = (seen.consumed_ml.clone(), seen.fault.clone());
        let report = Report { outcome, consumed_ml, fault, conditions: None };
        return Ok((report, Some(seen.lab_time_s())));
    }
    if answer.is_none() {
        let fault = Some(failed("the experiment failed".into()));
        let outcome = Outcome::default();
        return Ok((Report { outcome, consumed_ml: Vec::new(), fault, conditions: None }, None));
    }
    let Ok(mapping) = answer.cast::<PyMapping>() else {
        let kind = answer.get_type().name()?;
        let message = format!("measure must return a mapping of features, not {kind}");
        return Err(crate::errors::conditions(message));
    };
    told(mapping)
}

/// What a mapping tells, which must be sensible as the lines of a lab outside must.
fn told(mapping: &Bound<'_, PyMapping>) -> PyResult<(Report, Option<f64>)> {
    let (mut features, mut quality) = (Vec::new(), Quality::default());
    let (mut fault, mut seconds) = (None, None);
    for item in mapping.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = item.extract()?;
        match name.as_str() {
            "lab_time_s" | "fault" | "flags" if value.is_none() => {}
            "lab_time_s" => seconds = Some(time(&value)?),
            "fault" => fault = Some(failed(value.str()?.to_string())),
            "flags" => quality = Quality::of_flags(&value.extract::<Vec<String>>()?),
            _ => features.push((name, value.extract::<Option<f64>>()?)),
        }
    }
    let line =
        ObservationLine { features: features.into_iter().collect(), ..ObservationLine::default() };
    if let Some(problem) = nonsense(&line) {
        return Err(crate::errors::conditions(problem));
    }
    let number = |(name, value): (&str, &Option<f64>)| (name.to_owned(), value.unwrap_or(f64::NAN));
    let features = line.features.iter().map(number).collect();
    let outcome = Outcome { features, spectra: Vec::new(), quality };
    Ok((Report { outcome, consumed_ml: Vec::new(), fault, conditions: None }, seconds))
}

/// Lab time of an experiment [s]: at most a year.
fn time(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let seconds: f64 = value.extract()?;
    match (0.0..=31_557_600.0).contains(&seconds) {
        true => Ok(seconds),
        false => {
            let message = format!("lab_time_s = {seconds} s is outside 0 to 31557600 s");
            Err(crate::errors::conditions(message))
        }
    }
}

fn failed(detail: String) -> Fault {
    Fault::new(LabInstant::START, PythonLab::NAME, FaultKind::Failed { detail })
}
