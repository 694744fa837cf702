//! How far from its range an input may have been set.

use flowtwin_lab::Input;
use flowtwin_twin::FARTHEST;

/// Whether a number is so far outside the range of an input that no model can learn from it.
pub(crate) fn is_far(number: f64, input: &Input) -> bool {
    let length = input.high - input.low;
    length > 0.0 && ((number - input.low) / length).abs() > FARTHEST
}
