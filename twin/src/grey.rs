//! The grey box: a simulator of the lab, fitted to its experiments, and a Gaussian process for what it does not know.

mod informed;
mod rest;
mod slopes;
mod weigh;

use std::sync::Arc;

use ndarray::ArrayView2;

use crate::gp::{GaussianProcess, GpPosterior};
use crate::surrogate::{self, Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};
use informed::Informed;

/// The simulator of [`Context::mechanism`], with parameters that are estimated again at each fit, and a Gaussian process for
/// what it does not know (Kennedy and O'Hagan 2001, DOI 10.1111/1467-9868.00294):
/// `y(x) = f(x, z) + r(x) + noise`.
///
/// About the estimate the simulator is linear in its parameters, so parameters, rest and noise are normal together, and the
/// prediction knows what each of them leaves open. It is weighed against a Gaussian process that knows no simulator, by how
/// each predicts outcomes that it has not seen: a simulator that predicts badly gets little weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GreyBox {}

impl Surrogate for GreyBox {
    type Posterior = GreyPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<GreyPosterior, FitError> {
        surrogate::check(x, y)?;
        let mechanism = context.mechanism().ok_or(FitError::NoMechanism)?;
        let plain = GaussianProcess::default().fit(x, y, context)?;
        let inputs: Vec<f64> = x.iter().copied().collect();
        let informed = Informed::fit(&**mechanism, &inputs, y, context);
        let mut stream = context.streams.open("grey/weights", 0);
        let weight = informed
            .as_ref()
            .map_or(0.0, |i| weigh::share(i.held_out(), plain.held_out(), y, &mut stream));
        Ok(GreyPosterior::new(informed, plain, weight))
    }
}

/// What a grey box believes after a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct GreyPosterior {
    /// None where the simulator has no outcome for an experiment.
    informed: Option<Arc<Informed>>,
    plain: GpPosterior,
    /// Of the simulator and its rest.
    weight: f64,
    held_out: Vec<Belief>,
    noise_sd: f64,
}

/// Step of differences by an input, in units of its range.
const STEP: f64 = 1e-3;

impl GreyPosterior {
    fn new(informed: Option<Informed>, plain: GpPosterior, weight: f64) -> Self {
        let held = plain.held_out();
        let (held_out, noise_sd) = match &informed {
            None => (held.to_vec(), plain.noise_sd()),
            Some(informed) => {
                let pairs = informed.held_out().iter().zip(held);
                let (a, b) = (informed.noise_sd(), plain.noise_sd());
                let noise = (weight * a * a + (1.0 - weight) * b * b).sqrt();
                (pairs.map(|(a, b)| weigh::blend(weight, *a, *b)).collect(), noise)
            }
        };
        Self { informed: informed.map(Arc::new), plain, weight, held_out, noise_sd }
    }

    /// The parameters of the simulator \[p\], in standard deviations from the prior; none where it has no
    /// outcome for an experiment.
    pub fn parameters(&self) -> Option<&[f64]> {
        self.informed.as_deref().map(Informed::parameters)
    }
}

impl Posterior for GreyPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        let plain = self.plain.at(x);
        let informed = self.informed.as_ref().filter(|_| self.weight > 0.0);
        match informed.and_then(|informed| informed.at(x)) {
            Some(informed) => weigh::blend(self.weight, informed, plain),
            None => plain,
        }
    }

    fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    /// By differences that are larger than what a simulator rounds.
    fn slope(&self, x: &[f64]) -> Option<Slope> {
        if self.weight <= 0.0 {
            return self.plain.slope(x);
        }
        let belief = self.at(x);
        let (mut mean, mut sd) = (Vec::with_capacity(x.len()), Vec::with_capacity(x.len()));
        let mut moved = x.to_vec();
        for j in 0..x.len() {
            let step = if x[j] > 0.5 { -STEP } else { STEP };
            moved[j] = x[j] + step;
            let there = self.at(&moved);
            mean.push((there.mean - belief.mean) / step);
            sd.push((there.sd - belief.sd) / step);
            moved[j] = x[j];
        }
        Some(Slope { belief, mean, sd })
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    /// They sum to one.
    fn weights(&self) -> Vec<(&'static str, f64)> {
        vec![("simulator", self.weight), ("gp", 1.0 - self.weight)]
    }

    fn work(&self) -> Work {
        let simulations = self.informed.as_ref().map_or(0, |informed| informed.simulations());
        Work { simulations, ..self.plain.work() }
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Streams, math};
    use ndarray::Array2;

    use super::*;
    use crate::mechanism::{Mechanism, Tuned};

    /// A yield: conversion at a rate that grows with the first input, times what the second is worth about its optimum.
    #[derive(Debug)]
    struct Yield {
        /// Where the second input is best, in the simulator.
        best: f64,
    }

    /// Its rate and its height.
    #[derive(Debug)]
    struct Known(f64, f64, f64);

    impl Mechanism for Yield {
        fn parameters(&self) -> usize {
            2
        }

        fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>> {
            let height = 10.0 * math::exp(0.3 * z[1]);
            Some(Arc::new(Known(math::exp(0.3 * z[0]), height, self.best)))
        }
    }

    impl Tuned for Known {
        fn outcome(&self, x: &[f64]) -> f64 {
            let Self(rate, height, best) = self;
            let converted = 1.0 - math::exp(-4.0 * rate * x[0]);
            let off = (x[1] - best) / 0.2;
            height * converted * math::exp(-0.5 * off * off) - 3.0 * x[0]
        }
    }

    fn truth() -> Known {
        Known(0.7, 13.0, 0.6)
    }

    fn measured(n: usize) -> (Array2<f64>, Vec<f64>) {
        let mut draws = Streams::new(5).open("points", 0);
        let x = Array2::from_shape_simple_fn((n, 2), || draws.uniform());
        let y = x.rows().into_iter().map(|x| truth().outcome(&x.to_vec()) + 0.02 * draws.normal());
        let y = y.collect();
        (x, y)
    }

    fn fitted(n: usize, best: f64) -> GreyPosterior {
        let (x, y) = measured(n);
        let context = Context::new(Streams::new(1)).with_mechanism(Some(Arc::new(Yield { best })));
        GreyBox::default().fit(x.view(), &y, &context).unwrap()
    }

    /// Root of the mean squared error over a grid.
    fn error(model: &dyn Posterior) -> f64 {
        let at = |i: usize| [(i % 9) as f64 / 8.0, (i / 9) as f64 / 8.0];
        let off = |i| model.at(&at(i)).mean - truth().outcome(&at(i));
        ((0..81).map(|i| off(i) * off(i)).sum::<f64>() / 81.0).sqrt()
    }

    fn weight(model: &GreyPosterior) -> f64 {
        model.weights()[0].1
    }

    #[test]
    fn a_right_simulator_finds_its_parameters_and_predicts_from_few_experiments() {
        let model = fitted(6, 0.6);
        let z = model.parameters().unwrap();
        assert!((z[0] - math::ln(0.7) / 0.3).abs() < 0.2, "{z:?}");
        assert!((z[1] - math::ln(1.3) / 0.3).abs() < 0.2, "{z:?}");
        assert!(error(&model) < 0.15 && weight(&model) > 0.9, "{} {model:?}", error(&model));
        assert_eq!(model.held_out().len(), 6);
        assert!(model.work().simulations > 18);
    }

    #[test]
    fn a_wrong_simulator_costs_nothing() {
        let (x, y) = measured(20);
        let context = Context::new(Streams::new(1));
        let plain = GaussianProcess::default().fit(x.view(), &y, &context).unwrap();
        let model = fitted(20, 0.1);
        assert!(error(&model) < 1.1 * error(&plain), "{} {}", error(&model), error(&plain));
        assert!(weight(&model) < 0.5, "{}", weight(&model));
    }

    #[test]
    fn what_parameters_leave_open_shrinks_with_experiments() {
        let (few, more) = (fitted(3, 0.6), fitted(12, 0.6));
        let (few, more) = (few.informed.unwrap(), more.informed.unwrap());
        let at = [0.9, 0.6];
        assert!(more.at(&at).unwrap().sd < 0.5 * few.at(&at).unwrap().sd);
    }

    #[test]
    fn slopes_are_those_of_its_beliefs() {
        let model = fitted(8, 0.5);
        let x = [0.31, 0.62];
        let slope = model.slope(&x).unwrap();
        let there = model.at(&[0.312, 0.62]);
        let by_first = (there.mean - slope.belief.mean) / 0.002;
        assert!((slope.mean[0] - by_first).abs() < 0.02 * by_first.abs(), "{slope:?}");
        assert_eq!(slope.belief, model.at(&x));
    }

    #[test]
    fn without_a_simulator_it_says_so() {
        let (x, y) = measured(5);
        let error = GreyBox::default().fit(x.view(), &y, &Context::new(Streams::new(1)));
        assert_eq!(error.unwrap_err(), FitError::NoMechanism);
    }

    /// A simulator that has no outcome in a corner.
    #[derive(Debug)]
    struct Partial;

    impl Mechanism for Partial {
        fn parameters(&self) -> usize {
            1
        }
        fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>> {
            (z[0].abs() < 0.01).then(|| Arc::new(Self) as Arc<dyn Tuned>)
        }
    }

    impl Tuned for Partial {
        fn outcome(&self, _: &[f64]) -> f64 {
            f64::NAN
        }
    }

    #[test]
    fn a_simulator_without_an_outcome_leaves_the_plain_model() {
        let (x, y) = measured(6);
        let context = Context::new(Streams::new(1));
        let plain = GaussianProcess::default().fit(x.view(), &y, &context).unwrap();
        let context = context.with_mechanism(Some(Arc::new(Partial)));
        let model = GreyBox::default().fit(x.view(), &y, &context).unwrap();
        assert_eq!((model.at(&[0.3, 0.3]), weight(&model)), (plain.at(&[0.3, 0.3]), 0.0));
    }
}
