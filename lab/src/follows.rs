//! What follows from the inputs of a space: a linear function of them, or formulas.

use std::sync::Arc;

use crate::formula::{Bound, Formula, FormulaError, Unit};
use crate::linear::Linear;

/// What follows from the inputs of a space.
#[derive(Clone, Debug, PartialEq)]
pub enum Follows {
    /// A linear function of them.
    Linear(Linear),
    /// A formula of them, and of what other formulas make of them.
    Formula(Computed),
}

impl Follows {
    /// The value at `inputs`, in the order of the space. Of a formula it is not finite where the mathematics has no answer.
    ///
    /// # Panics
    /// If the number of inputs is not that of the space.
    pub fn at(&self, inputs: &[f64]) -> f64 {
        match self {
            Self::Linear(linear) => linear.at(inputs),
            Self::Formula(computed) => computed.at(inputs),
        }
    }

    /// The linear function, where it is one.
    pub fn linear(&self) -> Option<&Linear> {
        match self {
            Self::Linear(linear) => Some(linear),
            Self::Formula(_) => None,
        }
    }

    /// The formula as it was written, where it is one.
    pub fn formula(&self) -> Option<&str> {
        self.computed().map(Computed::text)
    }

    /// The formula and what it uses, where it is one.
    pub fn computed(&self) -> Option<&Computed> {
        match self {
            Self::Linear(_) => None,
            Self::Formula(computed) => Some(computed),
        }
    }
}

impl From<Linear> for Follows {
    fn from(linear: Linear) -> Self {
        Self::Linear(linear)
    }
}

/// Quantities by name: inputs of a space, constants, and formulas that may use one another.
///
/// ```
/// use std::sync::Arc;
///
/// use flowtwin_lab::formula::{Formula, Unit};
/// use flowtwin_lab::{Follows, Quantities};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut quantities = Quantities::default();
/// quantities.input("residence_time_s", 0);
/// quantities.constant("coil_ul", 1500.0);
/// quantities.declare("total_ul_per_min", Unit::of_name("total_ul_per_min"));
/// quantities.define("total_ul_per_min", &Formula::parse("coil_ul / residence_time_s")?)?;
/// let quantities = Arc::new(quantities);
/// let total = Follows::Formula(quantities.shared("total_ul_per_min").expect("it is defined"));
/// assert!((total.at(&[300.0]) - 300.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantities {
    all: Vec<Quantity>,
    /// The formulas in the order in which they are computed.
    order: Vec<usize>,
}

/// A quantity that has a name.
#[derive(Clone, Debug, PartialEq)]
struct Quantity {
    name: String,
    unit: Unit,
    source: Source,
}

/// Where a quantity comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// The input at this place.
    Input(usize),
    /// 1 where the input at this place has this option, else 0.
    Chosen { input: usize, option: usize },
    /// It is always this.
    Constant(f64),
    /// It is declared, and no formula is known yet.
    Declared,
    /// What a formula gives.
    Formula(Bound),
}

/// Where a quantity comes from, for whoever writes it down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given<'a> {
    /// The input at this place of the space.
    Input(usize),
    /// 1 where the input at this place has the option of this number, else 0.
    Chosen {
        /// Place of the input.
        input: usize,
        /// Number of the option.
        option: usize,
    },
    /// It is always this.
    Constant(f64),
    /// What this formula gives.
    Formula(&'a str),
}

impl Quantities {
    /// All quantities by name, each formula after those that it uses.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Given<'_>)> {
        let known = |place: &usize| !self.order.contains(place);
        let first = (0..self.all.len()).filter(known);
        first.chain(self.order.iter().copied()).filter_map(|place| {
            let quantity = &self.all[place];
            Some((quantity.name.as_str(), quantity.source.given()?))
        })
    }

    /// Adds the input at `place` of the space; the unit is the ending of its name.
    pub fn input(&mut self, name: &str, place: usize) {
        self.add(name, Unit::of_name(name), Source::Input(place));
    }

    /// Adds a plain number that is 1 where the input at `place` has the option of this number, else 0.
    pub fn chosen(&mut self, name: &str, place: usize, option: usize) {
        self.add(name, Unit::NONE, Source::Chosen { input: place, option });
    }

    /// Adds a constant; the unit is the ending of its name.
    pub fn constant(&mut self, name: &str, value: f64) {
        self.add(name, Unit::of_name(name), Source::Constant(value));
    }

    /// Adds a quantity whose formula follows with [`Quantities::define`].
    pub fn declare(&mut self, name: &str, unit: Unit) {
        self.add(name, unit, Source::Declared);
    }

    fn add(&mut self, name: &str, unit: Unit, source: Source) {
        self.all.push(Quantity { name: name.to_owned(), unit, source });
    }

    /// Whether there is a quantity of this name.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Whether it is declared, and no formula is known yet.
    pub fn is_open(&self, name: &str) -> bool {
        self.place(name).is_some_and(|place| self.all[place].source == Source::Declared)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|quantity| quantity.name == name)
    }

    /// Gives a quantity that was declared its formula. What the formula uses must not be open any more.
    ///
    /// # Errors
    /// If the formula uses a name that there is not, or its units do not fit.
    ///
    /// # Panics
    /// If `name` was not declared.
    pub fn define(&mut self, name: &str, formula: &Formula) -> Result<(), FormulaError> {
        let place = self.place(name).expect("a quantity is declared before it is defined");
        let names: Vec<(&str, Unit)> = self.all.iter().map(|q| (q.name.as_str(), q.unit)).collect();
        let bound = formula.bind_units(&names)?.into_unit(self.all[place].unit)?;
        self.all[place].source = Source::Formula(bound);
        self.order.push(place);
        Ok(())
    }

    /// The quantity of this name, to be computed; none where there is no formula of this name.
    pub fn shared(self: &Arc<Self>, name: &str) -> Option<Computed> {
        let place = self.place(name)?;
        let steps = 1 + self.order.iter().position(|step| *step == place)?;
        Some(Computed { all: self.clone(), steps, place })
    }
}

/// One of the [`Quantities`] that formulas give.
#[derive(Clone, Debug, PartialEq)]
pub struct Computed {
    all: Arc<Quantities>,
    steps: usize,
    place: usize,
}

impl Source {
    fn given(&self) -> Option<Given<'_>> {
        match self {
            Self::Input(place) => Some(Given::Input(*place)),
            Self::Chosen { input, option } => {
                Some(Given::Chosen { input: *input, option: *option })
            }
            Self::Constant(value) => Some(Given::Constant(*value)),
            Self::Declared => None,
            Self::Formula(bound) => Some(Given::Formula(bound.text())),
        }
    }
}

impl Computed {
    /// Its name among the quantities.
    pub fn name(&self) -> &str {
        &self.all.all[self.place].name
    }

    /// All quantities that it may use.
    pub fn quantities(&self) -> &Arc<Quantities> {
        &self.all
    }

    fn at(&self, inputs: &[f64]) -> f64 {
        let known = |quantity: &Quantity| match quantity.source {
            Source::Input(place) => inputs[place],
            Source::Chosen { input, option } => {
                f64::from(u8::from(inputs[input].total_cmp(&(option as f64)).is_eq()))
            }
            Source::Constant(value) => value,
            Source::Declared | Source::Formula(_) => f64::NAN,
        };
        let mut values: Vec<f64> = self.all.all.iter().map(known).collect();
        for &step in &self.all.order[..self.steps] {
            if let Source::Formula(bound) = &self.all.all[step].source {
                values[step] = bound.at(&values);
            }
        }
        values[self.place]
    }

    fn text(&self) -> &str {
        match &self.all.all[self.place].source {
            Source::Formula(bound) => bound.text(),
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acid and alcohol by residence time and equivalents, in one of two solvents.
    fn feeds() -> Arc<Quantities> {
        let mut all = Quantities::default();
        all.input("residence_time_s", 0);
        all.input("equivalents", 1);
        all.chosen("solvent_thf", 2, 1);
        all.constant("coil_ul", 900.0);
        all.constant("acid_mol_per_l", 4.0);
        all.constant("alcohol_mol_per_l", 8.0);
        for name in ["acid_ul_per_min", "alcohol_ul_per_min", "thf_ul_per_min"] {
            all.declare(name, Unit::of_name(name));
        }
        let mut define = |name: &str, text: &str| {
            all.define(name, &Formula::parse(text).unwrap()).unwrap();
        };
        define(
            "acid_ul_per_min",
            "coil_ul / residence_time_s / (1 + equivalents * acid_mol_per_l / alcohol_mol_per_l)",
        );
        define(
            "alcohol_ul_per_min",
            "equivalents * acid_ul_per_min * acid_mol_per_l / alcohol_mol_per_l",
        );
        define("thf_ul_per_min", "solvent_thf * acid_ul_per_min");
        Arc::new(all)
    }

    #[test]
    fn formulas_use_each_other_and_what_was_chosen() {
        let all = feeds();
        let at = |name: &str, inputs: &[f64]| all.shared(name).unwrap().at(inputs);
        let inputs = [180.0, 2.0, 0.0];
        assert!((at("acid_ul_per_min", &inputs) - 150.0).abs() < 1e-9);
        assert!((at("alcohol_ul_per_min", &inputs) - 150.0).abs() < 1e-9);
        assert!(at("thf_ul_per_min", &inputs).abs() < 1e-12);
        assert!((at("thf_ul_per_min", &[180.0, 2.0, 1.0]) - 150.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_written_down_comes_in_an_order_in_which_it_can_be_computed() {
        let all = feeds();
        let names: Vec<&str> = all.iter().map(|(name, _)| name).collect();
        let written = ["residence_time_s", "equivalents", "solvent_thf", "coil_ul"];
        assert_eq!(names[..4], written);
        let formulas = ["acid_ul_per_min", "alcohol_ul_per_min", "thf_ul_per_min"];
        assert_eq!(names[6..], formulas);
        let given: Vec<Given<'_>> = all.iter().map(|(_, given)| given).collect();
        assert_eq!(given[2], Given::Chosen { input: 2, option: 1 });
        assert_eq!(given[8], Given::Formula("solvent_thf * acid_ul_per_min"));
        let thf = all.shared("thf_ul_per_min").unwrap();
        assert_eq!((thf.name(), thf.quantities().iter().count()), ("thf_ul_per_min", 9));
    }

    #[test]
    fn what_has_no_formula_is_not_computed() {
        let all = feeds();
        assert!(all.shared("coil_ul").is_none() && all.shared("nothing").is_none());
    }

    #[test]
    fn units_that_do_not_fit_are_refused_at_their_place() {
        let mut all = Quantities::default();
        all.input("residence_time_s", 0);
        all.declare("acid_ul_per_min", Unit::of_name("acid_ul_per_min"));
        let error = all.define("acid_ul_per_min", &Formula::parse("3 * residence_time_s").unwrap());
        assert!(error.unwrap_err().to_string().contains("this is a time"));
    }
}
