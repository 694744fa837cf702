//! Whether a scenario yields what its snapshot says, at one of three strengths.

mod checked;
mod distribution;
mod numeric;
mod trials;

pub use checked::{CheckError, Checked};
pub use distribution::{Distribution, Row};
pub use numeric::beyond_tolerance;
pub use trials::{ALPHA, POWER, Quantity, Trials};
