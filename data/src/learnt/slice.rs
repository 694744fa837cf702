//! What a twin believes over two inputs while the others are held.

use std::path::Path;

use flowtwin_lab::{Conditions, InputKind, Streams};
use flowtwin_twin::{Belief, Context, SurrogateSpec};

use super::explain::Surface;
use super::{Data, Selection, Twin};
use crate::error::DataError;

/// The most experiments that a belief is fitted to: the time that a Gaussian process takes grows with the cube of their number.
const MOST: usize = 200;

/// Belief over a grid of two inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Values of the horizontal input, in its unit \[side\].
    pub x: Vec<f64>,
    /// Values of the vertical input, in its unit \[side\].
    pub y: Vec<f64>,
    /// Mean of the target \[vertical\]\[horizontal\].
    pub mean: Vec<Vec<f64>>,
    /// Standard deviation of that mean, noise not included \[vertical\]\[horizontal\].
    pub sd: Vec<Vec<f64>>,
    /// What the inputs are held at; the two that vary are among them.
    pub held: Conditions,
    /// How many experiments the belief was fitted to.
    pub experiments: usize,
}

/// Which belief of a run to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The feature.
    pub target: &'a str,
    /// The horizontal and the vertical input.
    pub inputs: (&'a str, &'a str),
    /// How many of the first experiments are known.
    pub experiments: usize,
    /// The number of the experiment at whose conditions the other inputs are held.
    pub held: usize,
    /// Values of each input.
    pub side: usize,
}

impl Slice {
    /// The belief of a Gaussian process that knows the first experiments of a run folder; of many, the last 200.
    ///
    /// # Errors
    /// If the folder cannot be read, if it lacks the requested columns, or if there is too little to learn from.
    pub fn of_run(folder: &Path, wanted: Wanted<'_>) -> Result<Self, DataError> {
        let target = wanted.target.to_owned();
        let data = Data::read(folder, &Selection { target, ..Selection::default() })?;
        let held = data.rows.iter().find(|row| row.number == wanted.held);
        let held = held.map(|row| data.space.conditions(row.inputs.clone())).ok_or_else(|| {
            let message = format!("there is no experiment {} to hold inputs at", wanted.held);
            DataError::bad_input(message)
        })?;
        let data = data.first(wanted.experiments, MOST)?;
        let twin = Twin::fit(&data, SurrogateSpec::Gp, &Context::new(Streams::new(1)))?;
        let experiments = data.outcomes().len();
        Self::of(&twin, wanted.inputs, held, wanted.side).map(|slice| Self { experiments, ..slice })
    }

    /// The belief of a twin over two inputs, at `side` values of each, two or more.
    ///
    /// # Errors
    /// If there is no such input, if the inputs are the same, or if one is chosen by name.
    pub fn of(
        twin: &Twin,
        (x, y): (&str, &str),
        held: Conditions,
        side: usize,
    ) -> Result<Self, DataError> {
        let space = twin.space();
        let place = |name: &str| {
            let is_it = |input: &flowtwin_lab::Input| input.name == name;
            let place = space.inputs().iter().position(|i| is_it(i) && i.options().is_none());
            place.ok_or_else(|| DataError::bad_input(format_args!("no input `{name}` is a number")))
        };
        let (across, up) = (place(x)?, place(y)?);
        if across == up {
            return Err(DataError::bad_input("a belief over two inputs needs two"));
        }
        let unit = space.to_unit(&held);
        // Of one point the mean response is the response.
        let over = |of: &dyn Fn(Belief) -> f64| {
            let at = |point: &[f64]| {
                // Of an input with levels nothing lies between them.
                let set = |(input, &u): (&flowtwin_lab::Input, &f64)| match input.kind {
                    InputKind::Levels(_) => input.to_unit(input.from_unit(u)),
                    _ => u,
                };
                let point: Vec<f64> = space.inputs().iter().zip(point).map(set).collect();
                of(twin.at(&point))
            };
            Surface::of(&at, (across, up), side, std::slice::from_ref(&unit))
        };
        let (mean, sd) = (over(&|belief| belief.mean), over(&|belief| belief.sd));
        let values = |input: usize| -> Vec<f64> {
            mean.unit.iter().map(|&u| space.inputs()[input].from_unit(u)).collect()
        };
        Ok(Self {
            x: values(across),
            y: values(up),
            mean: mean.mean,
            sd: sd.mean,
            held,
            experiments: twin.origin.experiments,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learnt::sample;

    #[test]
    fn a_slice_is_what_the_twin_believes_where_the_other_inputs_are_held() {
        let (data, twin) = (sample::data(), sample::twin());
        let held = data.space.centre();
        let slice = Slice::of(&twin, ("time_s", "temperature_c"), held.clone(), 5).unwrap();
        assert_eq!(slice.x, [10.0, 22.5, 35.0, 47.5, 60.0]);
        assert_eq!(slice.y, [20.0, 40.0, 60.0, 80.0, 100.0]);
        let there = twin.at(&[0.75, 0.25]);
        assert_eq!((slice.mean[1][3], slice.sd[1][3]), (there.mean, there.sd));
        // The sample is 30 + 40 u + 80 v (1 - v).
        assert!((slice.mean[2][4] - 90.0).abs() < 3.0, "{:?}", slice.mean);
        assert!(slice.mean[2][0] < slice.mean[2][4] && slice.mean[0][2] < slice.mean[2][2]);
        for inputs in [("time_s", "time_s"), ("time_s", "dose_ml")] {
            assert!(Slice::of(&twin, inputs, held.clone(), 5).is_err());
        }
    }

    #[test]
    fn what_came_later_is_not_known() {
        let data = sample::data();
        let first = data.clone().first(10, 200).unwrap();
        assert_eq!(first.rows, data.rows[..10]);
        let last = data.clone().first(20, 5).unwrap();
        assert_eq!(last.rows, data.rows[15..20]);
        assert!(data.first(1, 200).is_err());
    }
}
