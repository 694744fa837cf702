//! Conditions that a lab has set otherwise than it was asked to.

use flowtwin_lab::{Conditions, Space};

/// Whether an input was set further from what was asked for than half its resolution; what is chosen by name, at all.
pub(super) fn is_otherwise(space: &Space, asked: &Conditions, set: &Conditions) -> bool {
    let values = asked.values().iter().zip(set.values());
    space.inputs().iter().zip(values).any(|(input, (asked, set))| {
        let rounding = if input.options().is_some() { 0.0 } else { 0.5 * input.resolution };
        (set - asked).abs() > rounding * (1.0 + 1e-9)
    })
}
