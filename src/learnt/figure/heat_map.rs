//! A surface seen from above.

use super::ramp::ramp;
use crate::report::page::html::escape;
use crate::report::plot::{Frame, Mark};

/// Tiles of colour: one for each pair of values.
#[derive(Clone, Debug)]
pub(in crate::learnt) struct HeatMap {
    /// Values along the horizontal axis, evenly spaced.
    pub(in crate::learnt) x: Vec<f64>,
    /// Values along the vertical axis, evenly spaced.
    pub(in crate::learnt) y: Vec<f64>,
    /// Height of the surface [y][x].
    pub(in crate::learnt) z: Vec<Vec<f64>>,
    /// What the lowest and the highest colour stand for.
    pub(in crate::learnt) range: (f64, f64),
    /// What each tile says when it is pointed at, from x, y and z.
    pub(in crate::learnt) tip: fn(f64, f64, f64) -> String,
}

impl Mark for HeatMap {
    fn draw(&self, frame: &Frame<'_>) -> String {
        let (low, high) = self.range;
        let (wide, tall) = (self.x.len() as f64, self.y.len() as f64);
        let (width, height) = (frame.width / wide, frame.height / tall);
        let mut tiles = String::new();
        for (j, (y, row)) in self.y.iter().zip(&self.z).enumerate() {
            for (i, (x, z)) in self.x.iter().zip(row).enumerate() {
                let left = frame.left + i as f64 * width;
                let top = frame.bottom() - (j + 1) as f64 * height;
                let colour = ramp((z - low) / (high - low).max(f64::MIN_POSITIVE));
                let tip = escape(&(self.tip)(*x, *y, *z));
                // A little larger than its place, or hairlines of paper show between the tiles.
                tiles += &format!(
                    "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{colour}\"><title>{tip}</title></rect>\n",
                    width + 0.4,
                    height + 0.4,
                );
            }
        }
        format!("<g shape-rendering=\"crispEdges\">\n{tiles}</g>\n")
    }
}
