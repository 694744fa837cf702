//! An axis: its range, its ticks and its label.

use flowtwin_lab::math;

use crate::format;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub at: f64,
    /// Its label.
    pub text: String,
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub(crate) label: String,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) grid: bool,
    /// Whether its ticks are names, not numbers.
    pub(crate) names: bool,
}

/// About this many ticks on an axis, unless it sets a number.
const TICKS: usize = 6;

impl Axis {
    /// An axis with exactly this range; one that runs from high to low is turned around.
    pub fn between(label: impl Into<String>, low: f64, high: f64) -> Self {
        let (low, high) = apart(low, high);
        let ticks = ticks(low, high, TICKS);
        Self { label: label.into(), low, high, ticks, grid: true, names: false }
    }

    /// An axis that holds all values, with a little room at both ends.
    pub fn covering(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extent(values);
        let room = 0.05 * (high - low);
        Self::between(label, low - room, high + room)
    }

    /// An axis that holds zero and all values, with a little room at the ends that are not zero.
    pub fn from_zero(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extent(values.into_iter().chain([0.0]));
        let room = 0.06 * (high - low);
        let low = if low < 0.0 { low - room } else { 0.0 };
        Self::between(label, low, if high > 0.0 { high + room } else { 0.0 })
    }

    /// An axis of names, the first at the top or left; name `i` is at `i`.
    pub fn names<S: Into<String>>(
        label: impl Into<String>,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        let tick = |(i, name): (usize, S)| Tick { at: i as f64, text: name.into() };
        let ticks: Vec<Tick> = names.into_iter().enumerate().map(tick).collect();
        let high = ticks.len().max(1) as f64 - 0.5;
        Self { label: label.into(), low: -0.5, high, ticks, grid: false, names: true }
    }

    /// With about this many ticks.
    #[must_use]
    pub fn ticked(mut self, about: usize) -> Self {
        self.ticks = ticks(self.low, self.high, about);
        self
    }

    /// Turned around: what was low is high.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        std::mem::swap(&mut self.low, &mut self.high);
        self
    }

    /// Without grid lines.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.grid = false;
        self
    }

    /// Without the ticks that are not whole numbers.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.ticks.retain(|tick| (tick.at - tick.at.round()).abs() < 1e-9);
        self.ticks.iter_mut().for_each(|tick| tick.text = format::fixed(tick.at, 0));
        self
    }

    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The least and the greatest finite value; 0 to 1 where there is none.
fn extent(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|v| v.is_finite());
    let grow = |range: Option<(f64, f64)>, v: f64| {
        Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
    };
    let (low, high) = finite.fold(None, grow).unwrap_or((0.0, 1.0));
    apart(low, high)
}

/// A range that is not empty.
fn apart(low: f64, high: f64) -> (f64, f64) {
    let least = 1e-9 * low.abs().max(high.abs()).max(1e-6);
    if (high - low).abs() > least {
        return (low, high);
    }
    let half = if low.abs() > 0.0 { 0.05 * low.abs() } else { 0.5 };
    (low - half, high + half)
}

/// Round numbers in a range, 1, 2 or 5 times a power of ten apart.
fn ticks(low: f64, high: f64, about: usize) -> Vec<Tick> {
    let (low, high) = (low.min(high), low.max(high));
    let rough = (high - low) / about.max(1) as f64;
    let exponent = math::log10(rough).floor();
    let decade = math::exp10(exponent);
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors.into_iter().find(|f| f * decade >= rough * 0.999).unwrap_or(10.0);
    let step = factor * decade;
    let decimals = if factor < 10.0 { -exponent } else { -exponent - 1.0 }.max(0.0) as usize;
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let count = (last - first) as usize + 1;
    let at = |i: usize| (first + i as f64) * step;
    (0..count).map(|i| Tick { at: at(i), text: format::fixed(at(i), decimals) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(
            texts(&Axis::between("", 120.0, 150.0)),
            ["120", "125", "130", "135", "140", "145", "150"]
        );
        assert_eq!(
            texts(&Axis::between("", -0.013, 0.21)),
            ["0.00", "0.05", "0.10", "0.15", "0.20"]
        );
        assert_eq!(texts(&Axis::between("", 0.0, 1.0)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn an_empty_range_is_widened() {
        let axis = Axis::covering("", [5.0, 5.0]);
        assert!(axis.low < 5.0 && axis.high > 5.0 && !axis.ticks.is_empty());
    }

    #[test]
    fn whole_axes_have_no_fractions() {
        assert_eq!(texts(&Axis::between("", 0.0, 3.0).whole()), ["0", "1", "2", "3"]);
    }
}
