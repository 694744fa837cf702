//! From light to counts: shot noise, read noise, gain, nonlinearity, offset, rounding and clipping.

use std::sync::LazyLock;

use flowtwin_lab::math;

use crate::spec::{Noise, Spectrometer};

/// Entries of the table of normal quantiles.
const QUANTILES: usize = 4096;
/// 2²³: adding it to a number below rounds it (ties to even) into the low bits.
const ROUND: f32 = 8_388_608.0;

/// Normal quantiles at (i + ½)/4096, scaled to a variance of one. Kurtosis 2.98, largest value
/// 3.67.
static NORMAL: LazyLock<[f32; QUANTILES]> = LazyLock::new(|| {
    let quantiles: Vec<f64> =
        (0..QUANTILES).map(|i| quantile((i as f64 + 0.5) / QUANTILES as f64)).collect();
    let square = quantiles.iter().fold(0.0, |sum, z| sum + z * z);
    let deviation = (square / QUANTILES as f64).sqrt();
    std::array::from_fn(|i| (quantiles[i] / deviation) as f32)
});

/// The normal quantile of a probability: Newton's method on the distribution function.
fn quantile(probability: f64) -> f64 {
    let mut z = 0.0;
    for _ in 0..60 {
        let below = 0.5 * math::erfc(-z / std::f64::consts::SQRT_2);
        let density = math::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let step = (below - probability) / density;
        z -= step.clamp(-0.5, 0.5);
    }
    z
}

/// A detector.
#[derive(Clone, Debug)]
pub(crate) struct Detector {
    offset: f32,
    /// Variance for each count of signal (shot noise), 1/gain.
    variance_per_count: f32,
    read_variance: f32,
    /// Loss of sensitivity for each count of signal.
    bend: f32,
    full_scale: f32,
    normals: Vec<f32>,
}

impl Detector {
    pub(crate) fn new(spec: &Spectrometer, noise: &Noise) -> Self {
        let full_scale = f32::from(spec.full_scale);
        Self {
            offset: spec.offset_counts as f32,
            variance_per_count: if noise.shot {
                1.0 / spec.electrons_per_count as f32
            } else {
                0.0
            },
            read_variance: (noise.read_counts * noise.read_counts) as f32,
            bend: 0.01 * spec.nonlinearity_percent as f32 / full_scale,
            full_scale,
            normals: vec![0.0; spec.pixels.next_multiple_of(4)],
        }
    }

    /// Counts of one frame whose mean signal is `signal` [counts]; `key` makes its noise.
    pub(crate) fn expose(&mut self, signal: &[f32], key: u64, counts: &mut [u16]) {
        if self.variance_per_count > 0.0 || self.read_variance > 0.0 {
            draw(key, &mut self.normals);
        }
        let (offset, bend, full_scale) = (self.offset, self.bend, self.full_scale);
        let (per_count, read) = (self.variance_per_count, self.read_variance);
        for ((count, signal), normal) in counts.iter_mut().zip(signal).zip(&self.normals) {
            let seen = signal - bend * signal * signal;
            let value = offset + seen + normal * (signal * per_count + read).sqrt();
            let value = if value > 0.0 { value } else { 0.0 };
            let value = if value < full_scale { value } else { full_scale };
            *count = (value + ROUND).to_bits() as u16;
        }
    }
}

/// Fills `normals` with normal numbers that depend on `key` and the place only.
///
/// A counter, multiplied and folded (after wyrand), gives 64 bits for four places of twelve bits
/// each.
fn draw(key: u64, normals: &mut [f32]) {
    let table: &[f32; QUANTILES] = &NORMAL;
    let mut counter = key;
    for four in normals.chunks_exact_mut(4) {
        counter = counter.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(counter) * u128::from(counter ^ 0xe703_7ed1_a0b4_28db);
        let bits = (wide as u64) ^ ((wide >> 64) as u64);
        four[0] = table[(bits & 0xfff) as usize];
        four[1] = table[((bits >> 16) & 0xfff) as usize];
        four[2] = table[((bits >> 32) & 0xfff) as usize];
        four[3] = table[((bits >> 48) & 0xfff) as usize];
    }
}

#[cfg(test)]
mod tests;
