//! Single-precision loops over pixels that compilers vectorise, with the same bits on every
//! machine: only additions, multiplications, square roots and integer operations, never fused.

/// 1.5 · 2²³: adding it rounds to a whole number, which then stands in the low bits.
const MAGIC: f32 = 12_582_912.0;

/// 2 to the power `x`, for −126 ≤ x ≤ 126; relative error below 3e-7.
#[inline]
pub(crate) fn exp2(x: f32) -> f32 {
    let shifted = x + MAGIC;
    let whole = shifted.to_bits().wrapping_sub(MAGIC.to_bits());
    let f = x - (shifted - MAGIC);
    let power = 1.540_353e-4;
    let power = power * f + 1.333_355_8e-3;
    let power = power * f + 9.618_129e-3;
    let power = power * f + 5.550_411e-2;
    let power = power * f + 2.402_265e-1;
    let power = power * f + 6.931_472e-1;
    let power = power * f + 1.0;
    f32::from_bits(power.to_bits().wrapping_add(whole.wrapping_shl(23)))
}

/// Multiplies each value of `light` by 10 to the power of minus its absorbance.
pub(crate) fn attenuate(light: &mut [f32], absorbance: &[f32]) {
    const LOG2_10: f32 = std::f32::consts::LOG2_10;
    for (light, absorbance) in light.iter_mut().zip(absorbance) {
        let power = -LOG2_10 * absorbance;
        let power = if power < -120.0 { -120.0 } else { power };
        let power = if power > 120.0 { 120.0 } else { power };
        *light *= exp2(power);
    }
}

/// `sum` = `weight` · `part`.
pub(crate) fn scaled(sum: &mut [f32], weight: f32, part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum = weight * part;
    }
}

/// `sum` += `weight` · `part`.
pub(crate) fn add(sum: &mut [f32], weight: f32, part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += weight * part;
    }
}

/// Mean of all values, summed in eight lanes and then in order.
pub(crate) fn mean(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let eights = values.chunks_exact(8);
    let rest = eights.remainder().iter().sum::<f32>();
    for eight in eights {
        for (lane, value) in lanes.iter_mut().zip(eight) {
            *lane += value;
        }
    }
    (lanes.iter().fold(rest, |sum, lane| sum + lane)) / values.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::math;

    #[test]
    fn powers_of_two_are_right_to_three_parts_in_ten_million() {
        for i in -120_000..120_000 {
            let x = 1e-3 * i as f32;
            let exact = math::exp(f64::from(x) * std::f64::consts::LN_2);
            let off = (f64::from(exp2(x)) / exact - 1.0).abs();
            assert!(off < 3e-7, "off by {off} at {x}");
        }
    }

    /// Beer and Lambert: an absorbance of one leaves a tenth, two a hundredth.
    #[test]
    fn absorbance_is_decadic() {
        let mut light = [1000.0_f32; 4];
        attenuate(&mut light, &[0.0, 1.0, 2.0, std::f32::consts::LOG10_2]);
        for (light, expected) in light.iter().zip([1000.0, 100.0, 10.0, 500.0]) {
            assert!((light / expected - 1.0).abs() < 1e-6, "{light} is not {expected}");
        }
    }
}
