//! A beeswarm: every point is seen, and crowds grow wide.

use super::ramp::ramp;
use crate::report::page::html::escape;
use crate::report::plot::{Frame, Mark};

/// Radius of a point [px].
const RADIUS: f64 = 2.3;

/// Points in rows; in each row, points of nearly one value are set above and below each other.
#[derive(Clone, Debug)]
pub(in crate::learnt) struct Swarm {
    /// The points of each row, the first at the top.
    pub(in crate::learnt) rows: Vec<Vec<Bee>>,
}

/// One point of a swarm.
#[derive(Clone, Debug)]
pub(in crate::learnt) struct Bee {
    /// Its value, on the horizontal axis.
    pub(in crate::learnt) x: f64,
    /// Its colour, from 0 to 1.
    pub(in crate::learnt) share: f64,
    /// What it says when it is pointed at.
    pub(in crate::learnt) tip: String,
}

impl Mark for Swarm {
    fn draw(&self, frame: &Frame<'_>) -> String {
        let room = 0.42 * frame.height / self.rows.len().max(1) as f64;
        let mut out = String::from("<g stroke=\"none\">\n");
        for (row, bees) in self.rows.iter().enumerate() {
            let middle = frame.y(row as f64);
            let places: Vec<f64> = bees.iter().map(|bee| frame.x(bee.x)).collect();
            for (bee, (x, lift)) in bees.iter().zip(places.iter().zip(spread(&places, room))) {
                let (colour, tip) = (ramp(bee.share), escape(&bee.tip));
                out += &format!(
                    "<circle cx=\"{x:.2}\" cy=\"{:.2}\" r=\"{RADIUS}\" fill=\"{colour}\"><title>{tip}</title></circle>\n",
                    middle + lift
                );
            }
        }
        out + "</g>\n"
    }
}

/// How far each point is moved up or down [px]: the k-th point that falls on one place is moved k/2 diameters,
/// by turns to either side, and never beyond `room`.
fn spread(places: &[f64], room: f64) -> Vec<f64> {
    let width = 2.0 * RADIUS;
    let bin = |x: f64| (x / width).floor() as i64;
    let mut lifts = Vec::with_capacity(places.len());
    for (i, &x) in places.iter().enumerate() {
        let before = places[..i].iter().filter(|&&other| bin(other) == bin(x)).count();
        let side = if before % 2 == 0 { -1.0 } else { 1.0 };
        let lift = before.div_ceil(2) as f64 * 0.8 * width;
        // A crowd that is too tall is folded back onto itself.
        lifts.push(side * if lift <= room { lift } else { lift % room });
    }
    lifts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_one_place_are_spread_to_both_sides() {
        let lifts = spread(&[10.0, 10.1, 10.2, 300.0], 100.0);
        assert!(lifts[0].abs() < 1e-12 && lifts[3].abs() < 1e-12);
        assert!(lifts[1] > 0.0 && lifts[2] < 0.0, "{lifts:?}");
    }

    #[test]
    fn no_point_leaves_its_row() {
        assert!(spread(&[5.0; 500], 20.0).iter().all(|lift| lift.abs() <= 20.0));
    }
}
