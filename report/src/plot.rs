//! Figures as SVG: a chart is two axes and marks between them.
//!
//! Everything is drawn here, in a fixed order and with fixed rounding, so that equal data give equal bytes.
//! A figure stands on its own: its colours, its units and the mark of a simulated result are in it.

mod axis;
mod band;
mod bars;
mod cells;
mod chart;
mod ends;
mod forest;
mod line;
mod points;
mod ramp;
mod rule;
mod style;
pub(crate) mod svg;
mod swarm;
#[cfg(test)]
mod tests;

pub use axis::{Axis, Tick};
pub use band::Band;
pub use bars::Bars;
pub use cells::Cells;
pub use chart::{Chart, Mark, PlotArea};
pub use ends::Ends;
pub use forest::{ForestRow, forest};
pub use line::{Dash, Line};
pub use points::{Dot, Points};
pub use ramp::{Key, Ramp};
pub use rule::{Anchor, Rule, Text};
pub use style::{Colour, Shape, Style};
pub use swarm::{Bee, Swarm};
