//! What one or two inputs do on average over the others (Friedman 2001, DOI
//! 10.1214/aos/1013203451).

/// The partial dependence of the target on one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The input.
    pub input: usize,
    /// Its values, from 0 to 1 of its range.
    pub unit: Vec<f64>,
    /// Mean prediction over the background at each value.
    pub mean: Vec<f64>,
    /// Prediction below which one in ten background points lies at each value.
    pub low: Vec<f64>,
    /// Prediction above which one in ten background points lies at each value.
    pub high: Vec<f64>,
}

/// The partial dependence of the target on two inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// The inputs, the horizontal one first.
    pub inputs: (usize, usize),
    /// Values of each, from 0 to 1 of its range.
    pub unit: Vec<f64>,
    /// Mean prediction over the background \[vertical\]\[horizontal\].
    pub mean: Vec<Vec<f64>>,
}

impl Curve {
    /// The curve of an input at `steps` values.
    pub fn of(
        predict: &dyn Fn(&[f64]) -> f64,
        input: usize,
        steps: usize,
        background: &[Vec<f64>],
    ) -> Self {
        Self::at(predict, input, even(steps), background)
    }

    /// The curve of an input at these places of its range, from 0 to 1.
    pub fn at(
        predict: &dyn Fn(&[f64]) -> f64,
        input: usize,
        unit: Vec<f64>,
        background: &[Vec<f64>],
    ) -> Self {
        let (mut mean, mut low, mut high) = (Vec::new(), Vec::new(), Vec::new());
        for &u in &unit {
            let mut all = predictions(predict, &[(input, u)], background);
            mean.push(average(&all));
            all.sort_by(f64::total_cmp);
            let at = |share: f64| all[(share * (all.len() - 1) as f64).round() as usize];
            low.push(at(0.1));
            high.push(at(0.9));
        }
        Self { input, unit, mean, low, high }
    }

    /// How far the mean moves along the range.
    pub fn span(&self) -> f64 {
        let least = self.mean.iter().copied().fold(f64::INFINITY, f64::min);
        self.mean.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least
    }
}

impl Surface {
    /// The surface of two inputs at `side` values each.
    pub fn of(
        predict: &dyn Fn(&[f64]) -> f64,
        inputs: (usize, usize),
        side: usize,
        background: &[Vec<f64>],
    ) -> Self {
        let unit = even(side);
        let at = |x: f64, y: f64| {
            average(&predictions(predict, &[(inputs.0, x), (inputs.1, y)], background))
        };
        let mean = unit.iter().map(|&y| unit.iter().map(|&x| at(x, y)).collect()).collect();
        Self { inputs, unit, mean }
    }
}

/// The predictions of the background with some inputs set.
fn predictions(
    predict: &dyn Fn(&[f64]) -> f64,
    set: &[(usize, f64)],
    background: &[Vec<f64>],
) -> Vec<f64> {
    let with = |point: &Vec<f64>| {
        let mut point = point.clone();
        set.iter().for_each(|&(input, value)| point[input] = value);
        predict(&point)
    };
    background.iter().map(with).collect()
}

fn average(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value) / values.len() as f64
}

/// This many values from 0 to 1.
fn even(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64 / (count - 1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_averages_over_what_the_others_do() {
        let background = vec![vec![0.0, 0.0], vec![0.0, 1.0]];
        let curve = Curve::of(&|x| 4.0 * x[0] + x[1], 0, 3, &background);
        assert_eq!(curve.mean, [0.5, 2.5, 4.5]);
        assert_eq!((curve.low[0], curve.high[0], curve.span()), (0.0, 1.0, 4.0));
    }

    #[test]
    fn a_surface_has_its_first_input_along_the_rows() {
        let surface = Surface::of(&|x| 10.0 * x[1] + x[0], (0, 1), 2, &[vec![0.5, 0.5]]);
        assert_eq!(surface.mean, [vec![0.0, 1.0], vec![10.0, 11.0]]);
    }
}
