//! Which numbers from outside are taken at their word.

/// Largest magnitude of a number that comes from outside: an outcome, an input of a table, an end of a range.
///
/// Nothing that a lab measures comes near it in any unit. Models square what they are given and multiply the squares, which
/// below this bound stays far from the largest number there is, 1.8 · 10³⁰⁸.
pub const LARGEST: f64 = 1e100;

/// Whether a number from outside can be worked with: not infinite, not undefined, and no larger than [`LARGEST`].
pub fn is_sensible(value: f64) -> bool {
    value.abs() <= LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_models_cannot_square_are_not_sensible() {
        assert!([0.0, -9999.0, 9.91e37, 5e-324, -1e100].into_iter().all(is_sensible));
        let others = [1.1e100, -1e155, f64::MAX, f64::INFINITY, f64::NAN];
        assert!(!others.into_iter().any(is_sensible));
    }
}
