//! How models see a space: numbers as they are, choices as columns of their own.

use std::borrow::Cow;

use flowtwin_lab::{Choice, Space, Stream};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Belief, Context, FitError, Model, Posterior, Slope, Surrogate, SurrogateSpec, Work};

/// What becomes of each input before a model sees it.
///
/// A number stays one column. A choice becomes a column for each option, so that two options are as far apart as a model with a
/// length for each column finds them to be: it learns which options stand out and which do alike. Descriptors are columns besides,
/// scaled to 0..1; options with like descriptors are then alike from the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// For each input, the columns of each of its options; none for a number. Empty where every input is a number.
    options: Vec<Option<Vec<Vec<f64>>>>,
}

/// The value of an option's own column. Two options are then one apart, as are the ends of a range.
const OWN: f64 = std::f64::consts::FRAC_1_SQRT_2;

impl Encoding {
    /// The encoding of a space.
    pub fn of(space: &Space) -> Self {
        if !space.has_choices() {
            return Self::default();
        }
        let columns = |input: &flowtwin_lab::Input| input.options().map(columns);
        Self { options: space.inputs().iter().map(columns).collect() }
    }

    /// Whether models see inputs as they are.
    pub fn is_plain(&self) -> bool {
        self.options.is_empty()
    }

    /// What models see of a point `u` \[d\] of the unit cube.
    pub fn encode<'a>(&self, u: &'a [f64]) -> Cow<'a, [f64]> {
        if self.is_plain() {
            return Cow::Borrowed(u);
        }
        let mut columns = Vec::new();
        for (u, options) in u.iter().zip(&self.options) {
            match options {
                None => columns.push(*u),
                Some(options) => columns.extend_from_slice(&options[option(*u, options.len())]),
            }
        }
        Cow::Owned(columns)
    }

    /// Derivatives by the inputs \[d\], from those by what models see; zero for choices.
    pub fn slope(&self, by_column: Vec<f64>) -> Vec<f64> {
        if self.is_plain() {
            return by_column;
        }
        let mut place = 0;
        let mut slope = Vec::with_capacity(self.options.len());
        for options in &self.options {
            slope.push(if options.is_none() { by_column[place] } else { 0.0 });
            place += options.as_ref().map_or(1, |options| options[0].len());
        }
        slope
    }

    /// Fits a surrogate to points of the unit cube `x` [n, d] and outcomes `y` \[n\].
    ///
    /// # Errors
    /// As those of the surrogate.
    pub fn fit(
        &self,
        surrogate: SurrogateSpec,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Model, FitError> {
        if self.is_plain() {
            return surrogate.fit(x, y, context);
        }
        let rows = x.rows().into_iter().map(|row| self.encode(&row.to_vec()).into_owned());
        let columns: Vec<f64> = rows.flatten().collect();
        let width = columns.len() / x.nrows().max(1);
        let x = Array2::from_shape_vec((x.nrows(), width), columns)
            .expect("every row has as many columns");
        let model = surrogate.fit(x.view(), y, context)?;
        Ok(Model::Encoded(Box::new(Encoded { encoding: self.clone(), model })))
    }
}

/// The option at `u` of 0..1 among so many.
fn option(u: f64, count: usize) -> usize {
    ((u.max(0.0) * count as f64) as usize).min(count - 1)
}

/// The columns of each option: its own, and its descriptors.
fn columns(options: &[Choice]) -> Vec<Vec<f64>> {
    let own = |i: usize| (0..options.len()).map(move |j| if i == j { OWN } else { 0.0 });
    let scaled = |i: usize| {
        let described = options[i].descriptors.iter().enumerate();
        described.filter_map(|(m, value)| {
            let all = options.iter().map(|option| option.descriptors[m]);
            let (low, high) = all.fold((*value, *value), |(l, h), v| (l.min(v), h.max(v)));
            (high > low).then(|| (value - low) / (high - low))
        })
    };
    (0..options.len()).map(|i| own(i).chain(scaled(i)).collect()).collect()
}

/// A model of a space in which some inputs are choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoded {
    encoding: Encoding,
    model: Model,
}

impl Encoded {
    /// The same with one more experiment, where the model can take one in without being fitted again.
    pub(crate) fn with(&self, u: &[f64], y: f64) -> Option<Self> {
        let model = self.model.with(&self.encoding.encode(u), y)?;
        Some(Self { encoding: self.encoding.clone(), model })
    }
}

impl Posterior for Encoded {
    fn at(&self, x: &[f64]) -> Belief {
        self.model.at(&self.encoding.encode(x))
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        let points: Vec<Cow<'_, [f64]>> = points.iter().map(|x| self.encoding.encode(x)).collect();
        let views: Vec<&[f64]> = points.iter().map(|x| &**x).collect();
        self.model.beliefs(&views)
    }

    fn noise_sd(&self) -> f64 {
        self.model.noise_sd()
    }

    fn members(&self, x: &[f64], out: &mut Vec<f64>) {
        self.model.members(&self.encoding.encode(x), out);
    }

    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let points: Vec<Vec<f64>> =
            points.iter().map(|x| self.encoding.encode(x).into_owned()).collect();
        self.model.draw(&points, stream)
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        let Slope { belief, mean, sd } = self.model.slope(&self.encoding.encode(x))?;
        Some(Slope { belief, mean: self.encoding.slope(mean), sd: self.encoding.slope(sd) })
    }

    fn held_out(&self) -> &[Belief] {
        self.model.held_out()
    }

    fn weights(&self) -> Vec<(&'static str, f64)> {
        self.model.weights()
    }

    fn work(&self) -> Work {
        self.model.work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::{Input, Streams};

    fn space(described: bool) -> Space {
        let option = |(name, polarity): (&str, f64)| Choice {
            name: name.into(),
            descriptors: if described { vec![polarity] } else { Vec::new() },
        };
        let solvents = [("DMAc", 0.4), ("BuOAc", 0.2), ("BuCN", 0.4)].map(option).to_vec();
        let inputs =
            vec![Input::number("t_c", 0.0, 100.0, 1.0), Input::choice("solvent", solvents)];
        Space::new(inputs, vec![]).unwrap()
    }

    #[test]
    fn a_choice_has_a_column_for_each_option_and_each_descriptor() {
        let plain = Encoding::of(&space(false));
        assert_eq!(*plain.encode(&[0.3, 0.5]), [0.3, 0.0, OWN, 0.0]);
        let described = Encoding::of(&space(true));
        assert_eq!(*described.encode(&[0.3, 0.9]), [0.3, 0.0, 0.0, OWN, 1.0]);
        assert_eq!(described.slope(vec![7.0, 1.0, 2.0, 3.0, 4.0]), [7.0, 0.0]);
    }

    #[test]
    fn a_space_of_numbers_is_seen_as_it_is() {
        let space = Space::new(vec![Input::number("t_c", 0.0, 1.0, 0.0)], vec![]).unwrap();
        let encoding = Encoding::of(&space);
        assert!(encoding.is_plain());
        assert!(matches!(encoding.encode(&[0.5]), Cow::Borrowed(_)));
    }

    #[test]
    fn every_surrogate_learns_which_option_stands_out() {
        let space = space(false);
        let mut stream = Streams::new(1).open("test", 0);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in 0..45 {
            let (t, solvent) = (stream.uniform(), f64::from(i % 3));
            x.extend([t, (solvent + 0.5) / 3.0]);
            y.push(t + if i % 3 == 1 { 3.0 } else { 0.0 } + 0.02 * stream.normal());
        }
        let x = Array2::from_shape_vec((45, 2), x).unwrap();
        let context = Context::new(Streams::new(2));
        for surrogate in
            [SurrogateSpec::Gp, SurrogateSpec::Modern, SurrogateSpec::Forest, SurrogateSpec::Stack]
        {
            let model = Encoding::of(&space).fit(surrogate, x.view(), &y, &context).unwrap();
            let at = |option: f64| model.at(&[0.5, (option + 0.5) / 3.0]).mean;
            assert!((at(0.0) - 0.5).abs() < 0.35, "{surrogate:?}: {}", at(0.0));
            assert!((at(1.0) - 3.5).abs() < 0.35, "{surrogate:?}: {}", at(1.0));
            assert!((at(0.0) - at(2.0)).abs() < 0.35, "{surrogate:?}: {} {}", at(0.0), at(2.0));
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let space = space(true);
        let mut stream = Streams::new(3).open("test", 0);
        let x = Array2::from_shape_simple_fn((20, 2), || stream.uniform());
        let y: Vec<f64> =
            x.rows().into_iter().map(|r| r[0] * r[0] + (3.0 * r[1]).floor()).collect();
        let context = Context::new(Streams::new(2));
        let model = Encoding::of(&space).fit(SurrogateSpec::Gp, x.view(), &y, &context).unwrap();
        let slope = model.slope(&[0.4, 0.5]).unwrap();
        let difference =
            (model.at(&[0.4 + 1e-6, 0.5]).mean - model.at(&[0.4 - 1e-6, 0.5]).mean) / 2e-6;
        assert!((slope.mean[0] - difference).abs() < 1e-5, "{slope:?} {difference}");
        assert!(slope.mean[1].abs() < 1e-15 && slope.sd[1].abs() < 1e-15);
    }
}
