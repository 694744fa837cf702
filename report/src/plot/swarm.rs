//! Beeswarms: points of one row, moved apart so that none hides another.

use super::chart::{Mark, PlotArea};
use super::ramp::Ramp;
use super::svg::{escape, px};

/// One point of a swarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Bee {
    /// Where it is on the horizontal axis.
    pub x: f64,
    /// Its colour, as a share of the ramp from 0 to 1.
    pub share: f64,
    /// Its tooltip.
    pub tip: String,
}

/// Points along one row of an axis of names.
#[derive(Clone, Debug)]
pub struct Swarm {
    row: f64,
    bees: Vec<Bee>,
    ramp: Ramp,
    radius: f64,
}

impl Swarm {
    /// A swarm at `row` of the vertical axis.
    pub fn new(row: f64, bees: Vec<Bee>, ramp: Ramp) -> Self {
        Self { row, bees, ramp, radius: 2.3 }
    }

    /// How far each bee is moved from the row \[px\], in their order: the nearest place that is free, tried alternately
    /// above and below, and never beyond `reach`.
    fn offsets(&self, frame: &PlotArea<'_>, reach: f64) -> Vec<f64> {
        let mut order: Vec<(f64, usize)> =
            self.bees.iter().enumerate().map(|(i, bee)| (frame.x(bee.x), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (apart, step) = (2.0 * self.radius, 0.5 * self.radius);
        let mut placed: Vec<(f64, f64)> = Vec::new();
        let mut out = vec![0.0; self.bees.len()];
        for (x, i) in order {
            let near = placed.iter().rev().take_while(|(other, _)| x - other < apart);
            let near: Vec<(f64, f64)> = near.copied().collect();
            let clash = |y: f64| {
                near.iter()
                    .any(|(ox, oy)| (x - ox) * (x - ox) + (y - oy) * (y - oy) < apart * apart)
            };
            let tries = (0..).map(|k: u32| {
                let away = f64::from(k.div_ceil(2)) * step;
                if k.is_multiple_of(2) { away } else { -away }
            });
            let mut within = tries.take_while(|y| y.abs() <= reach);
            let y = within.find(|&y| !clash(y)).unwrap_or(0.0);
            placed.push((x, y));
            out[i] = y;
        }
        out
    }
}

impl Mark for Swarm {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let reach = 0.44 * (frame.y(self.row + 1.0) - frame.y(self.row)).abs();
        let middle = frame.y(self.row);
        let bee = |(bee, off): (&Bee, f64)| {
            format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" data-x=\"{}\" data-y=\"{}\" fill=\"{}\"><title>{}</title></circle>\n",
                px(frame.x(bee.x)),
                px(middle + off),
                px(self.radius),
                bee.x,
                self.row,
                self.ramp.at(bee.share),
                escape(&bee.tip)
            )
        };
        let bees: String = self.bees.iter().zip(self.offsets(frame, reach)).map(bee).collect();
        format!("<g>\n{bees}</g>\n")
    }
}
