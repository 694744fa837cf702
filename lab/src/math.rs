//! The only way to a transcendental function: the same bits on every machine.
//!
//! The standard library hands these to the platform's C library, which differs between systems and even
//! between processors of one system. Everything that reaches a result calls `libm`, compiled into the
//! program, through this module; the lints of each crate's `clippy.toml` refuse the other way.

/// e to the power `x`.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e to the power `x`, minus one, accurate near zero.
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Ten to the power `x`.
pub fn exp10(x: f64) -> f64 {
    libm::exp(x * std::f64::consts::LN_10)
}

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Natural logarithm of `1 + x`, accurate near zero.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Decimal logarithm.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// `x` to the power `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Sine of `x` \[rad\].
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// Cosine of `x` \[rad\].
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Arc tangent of `y / x` in the right quadrant \[rad\].
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// Hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// Cube root.
pub fn cbrt(x: f64) -> f64 {
    libm::cbrt(x)
}

/// Error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// Complementary error function, accurate in the far tail.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Rounds to `decimals` decimals (ties to even), exactly as the nearest number to the decimal text.
pub fn round_decimals(x: f64, decimals: u32) -> f64 {
    const POWERS: [f64; 13] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
    let power = POWERS[decimals.min(12) as usize];
    let scaled = (x * power).round_ties_even();
    if scaled.is_finite() { scaled / power + 0.0 } else { x }
}

/// Rounds to `digits` digits, of which at most `decimals` stand behind the point: as an instrument shows numbers that has
/// room for so many.
pub fn round_digits(x: f64, digits: u32, decimals: u32) -> f64 {
    round_decimals(x, decimals_that_fit(x, digits).min(decimals))
}

/// How many digits are left behind the point where there are `digits` in all; one stands before it at least.
pub fn decimals_that_fit(x: f64, digits: u32) -> u32 {
    let before = if x.abs() < 10.0 { 1 } else { log10(x.abs()).floor() as u32 + 1 };
    digits.saturating_sub(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bits_pin_the_library() {
        let bits = |x: f64| x.to_bits();
        assert_eq!(bits(exp(1.0)), 0x4005_bf0a_8b14_576a);
        assert_eq!(bits(ln(10.0)), 0x4002_6bb1_bbb5_5516);
        assert_eq!(bits(tanh(0.5)), 0x3fdd_9353_d756_8af3);
        assert_eq!(bits(sin(1.0)), 0x3fea_ed54_8f09_0cee);
    }

    #[test]
    fn numbers_are_rounded_to_the_digits_that_there_is_room_for() {
        for (x, rounded) in [(0.123_456, 0.123), (5.0, 5.0), (92.476, 92.48), (1234.5, 1234.0)] {
            assert_eq!(round_digits(x, 4, 3).to_bits(), f64::to_bits(rounded), "{x}");
        }
    }

    #[test]
    fn rounding_keeps_the_nearest_decimal_and_no_negative_zero() {
        assert_eq!(round_decimals(0.123_456_789, 6).to_bits(), 0.123_457_f64.to_bits());
        assert_eq!(round_decimals(-1e-9, 3).to_bits(), 0.0_f64.to_bits());
    }
}
