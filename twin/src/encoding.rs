//! How models see a space: numbers as they are, choices as columns of their own.

use std::borrow::Cow;

use flowtwin_lab::{Choice, Space};
use serde::{Deserialize, Serialize};

/// What becomes of each input before a model sees it.
///
/// A number stays one column. A choice becomes a column for each option, so that two options are as far apart as a model with a
/// length for each column finds them to be: it learns which options stand out and which do alike.
/// Descriptors are columns besides,
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
}

/// The option at `u` of 0..1 among this many.
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flowtwin_lab::Input;

    /// A temperature and a choice of three solvents, with a descriptor if wanted.
    pub(crate) fn space(described: bool) -> Space {
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
}
