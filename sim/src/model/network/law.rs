//! How fast one way of a reaction goes.

use flowtwin_lab::formula::Bound;

use crate::model::reaction::Arrhenius;

/// Below this concentration a law whose order is a fraction goes over into first order [mol/L], so that
/// its slope stays finite where a species is used up.
const TRACE_MOL_PER_L: f64 = 1e-12;

/// Most numbers that a formula is given without a list of their own.
const ROOM: usize = 32;

/// A rate law of one direction.
#[derive(Clone, Debug)]
pub(super) struct Law {
    pub(super) constant: Arrhenius,
    pub(super) form: Form,
}

/// The form of a rate law.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// k Π cⁿ Π factors.
    Powers { orders: Vec<(usize, f64)>, factors: Vec<Hyperbola> },
    /// A formula of all species, then k and the temperature [°C], then its constants.
    Formula(Bound, Vec<f64>),
}

/// 1/(1 + c/K): saturation and inhibition differ in the order of the rest only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hyperbola {
    pub(super) of: usize,
    pub(super) half: f64,
}

impl Law {
    /// The rate [mol/(L·s)] where k is `k` and the species have these concentrations [mol/L].
    pub(super) fn rate(&self, k: f64, y: &[f64], celsius: f64) -> f64 {
        match &self.form {
            Form::Powers { orders, factors } => {
                let powers = orders.iter().fold(k, |rate, &(i, n)| rate * power(y[i], n));
                factors.iter().fold(powers, |rate, factor| rate * factor.at(y[factor.of]))
            }
            Form::Formula(formula, constants) => {
                let (n, mut room) = (y.len(), [0.0; ROOM]);
                let all = n + 2 + constants.len();
                if all > ROOM {
                    return formula.at(&[y, &[k, celsius], constants].concat());
                }
                room[..n].copy_from_slice(y);
                (room[n], room[n + 1]) = (k, celsius);
                room[n + 2..all].copy_from_slice(constants);
                formula.at(&room[..all])
            }
        }
    }

    /// Adds `weight` times the slope of the rate by each species.
    pub(super) fn add_slopes(
        &self,
        k: f64,
        y: &[f64],
        celsius: f64,
        add: &mut dyn FnMut(usize, f64),
    ) {
        match &self.form {
            Form::Powers { orders, factors } => {
                let others = factors.iter().fold(k, |rate, factor| rate * factor.at(y[factor.of]));
                for (at, &(i, n)) in orders.iter().enumerate() {
                    let rest = orders.iter().enumerate().filter(|(other, _)| *other != at);
                    let rest = rest.fold(others, |rate, (_, &(j, m))| rate * power(y[j], m));
                    add(i, rest * slope(y[i], n));
                }
                let rate = self.rate(k, y, celsius);
                for factor in factors {
                    add(factor.of, -rate / (factor.half + y[factor.of].max(0.0)));
                }
            }
            Form::Formula(formula, _) => {
                let used = (0..y.len()).filter(|&species| formula.uses(species));
                self.add_differences(k, y, celsius, used, add);
            }
        }
    }

    /// Slopes of a formula by central differences, by the species that it uses.
    fn add_differences(
        &self,
        k: f64,
        y: &[f64],
        celsius: f64,
        used: impl Iterator<Item = usize>,
        add: &mut dyn FnMut(usize, f64),
    ) {
        let mut near = y.to_vec();
        for i in used {
            let step = 1e-6 * y[i].abs().max(1e-6);
            near[i] = y[i] + step;
            let above = self.rate(k, &near, celsius);
            near[i] = y[i] - step;
            let below = self.rate(k, &near, celsius);
            near[i] = y[i];
            add(i, (above - below) / (2.0 * step));
        }
    }
}

impl Hyperbola {
    fn at(self, concentration: f64) -> f64 {
        self.half / (self.half + concentration.max(0.0))
    }
}

/// cⁿ; of first order below a trace where n is not a whole number above zero.
fn power(c: f64, n: f64) -> f64 {
    if whole(n) {
        return (0..n as u32).fold(1.0, |product, _| product * c);
    }
    let above = c.max(0.0) + TRACE_MOL_PER_L;
    if n < 0.0 {
        flowtwin_lab::math::pow(above, n)
    } else {
        c * flowtwin_lab::math::pow(above, n - 1.0)
    }
}

/// The slope of [`power`].
fn slope(c: f64, n: f64) -> f64 {
    if whole(n) {
        return (1..n as u32).fold(n, |product, _| product * c);
    }
    let above = c.max(0.0) + TRACE_MOL_PER_L;
    let lower = flowtwin_lab::math::pow(above, n - 1.0);
    if n < 0.0 { n * lower } else { lower + c * (n - 1.0) * lower / above }
}

/// Whether an order is 1, 2, 3, 4 or 5.
fn whole(n: f64) -> bool {
    (1..=5).any(|k| n.total_cmp(&f64::from(k)).is_eq())
}
