//! From light to counts: shot noise, read noise, gain, nonlinearity, offset, rounding and clipping.

use super::normals;
use crate::spec::Spectrometer;

/// 2²³: adding it to a number below rounds it (ties to even) into the low bits.
const ROUND: f32 = 8_388_608.0;
/// Bits of 2²³ + 32768.
const MIDDLE: i32 = 0x4b00_8000;

/// A detector.
#[derive(Clone, Debug)]
pub(crate) struct Detector {
    scale: Scale,
    /// What of a pixel is read with the next.
    lag: f32,
    /// Dark signal in one frame [pixels]; none where there is none.
    dark: Option<Vec<f32>>,
    /// The normal number of each pixel; that of the first stands twice, as of the pixel before it.
    normals: Vec<f32>,
    frame: Vec<u16>,
}

/// How a signal becomes a count.
#[derive(Clone, Copy, Debug)]
struct Scale {
    offset: f32,
    /// Variance for each count of signal (shot noise), 1/gain.
    variance_per_count: f32,
    read_variance: f32,
    /// Loss of sensitivity for each count of signal.
    bend: f32,
    full_scale: f32,
}

impl Detector {
    pub(crate) fn new(spec: &Spectrometer, shot: bool, read_counts: f64) -> Self {
        let full_scale = f32::from(spec.full_scale);
        let scale = Scale {
            offset: spec.offset_counts as f32,
            variance_per_count: if shot { 1.0 / spec.electrons_per_count as f32 } else { 0.0 },
            read_variance: (read_counts * read_counts) as f32,
            bend: 0.01 * spec.nonlinearity_percent as f32 / full_scale,
            full_scale,
        };
        Self {
            scale,
            lag: 0.01 * spec.pixel_lag_percent as f32,
            dark: None,
            normals: vec![0.0; 1 + spec.pixels.next_multiple_of(normals::STEP)],
            frame: vec![0; spec.pixels],
        }
    }

    /// The same with a dark signal in each frame [pixels].
    pub(crate) fn with_dark(self, dark: Option<Vec<f32>>) -> Self {
        Self { dark, ..self }
    }

    /// Appends the counts of one frame whose mean signal is `signal` [counts]; `key` makes its noise.
    pub(crate) fn expose(
        &mut self,
        signal: impl ExactSizeIterator<Item = f32>,
        key: u64,
        counts: &mut Vec<u16>,
    ) {
        if self.scale.is_noisy() {
            normals::draw(key, &mut self.normals[1..]);
            self.normals[0] = self.normals[1];
        }
        match self.dark.take() {
            Some(dark) => {
                self.count(signal.zip(&dark).map(|(signal, dark)| signal + dark));
                self.dark = Some(dark);
            }
            None => self.count(signal),
        }
        counts.extend_from_slice(&self.frame);
    }

    /// Mean counts of many frames whose mean signal is `signal` [counts], neither rounded nor noisy.
    pub(crate) fn mean(&self, signal: &[f32]) -> Vec<f64> {
        let Scale { bend, full_scale, offset, .. } = self.scale;
        let (bend, full_scale) = (f64::from(bend), f64::from(full_scale));
        let dark = |pixel: usize| self.dark.as_ref().map_or(0.0, |dark| f64::from(dark[pixel]));
        let of_pixel = |(pixel, &signal): (usize, &f32)| {
            let signal = f64::from(signal) + dark(pixel);
            (f64::from(offset) + signal * (1.0 - bend * signal)).clamp(0.0, full_scale)
        };
        signal.iter().enumerate().map(of_pixel).collect()
    }

    #[inline]
    fn count(&mut self, signal: impl Iterator<Item = f32>) {
        let (own, lag) = (self.normals[1..].iter(), self.lag);
        if lag > 0.0 {
            // The noise of a pixel lags as its signal does, and is the normal number of the place that is read then.
            let both = own.zip(&self.normals);
            let lagged = both.map(|(own, before)| (1.0 - lag) * own + lag * before);
            self.scale.count(&mut self.frame, signal, lagged);
        } else {
            self.scale.count(&mut self.frame, signal, own.copied());
        }
    }
}

impl Scale {
    fn is_noisy(&self) -> bool {
        self.variance_per_count > 0.0 || self.read_variance > 0.0
    }

    /// Counts of each pixel of a frame, with noise as many deviations off as its normal number says.
    #[inline]
    fn count(
        self,
        frame: &mut [u16],
        signal: impl Iterator<Item = f32>,
        normals: impl Iterator<Item = f32>,
    ) {
        let Self { offset, variance_per_count, read_variance, bend, full_scale } = self;
        for ((count, signal), normal) in frame.iter_mut().zip(signal).zip(normals) {
            let seen = signal - bend * signal * signal;
            let value =
                offset + seen + normal * (signal * variance_per_count + read_variance).sqrt();
            let value = if value > 0.0 { value } else { 0.0 };
            let value = if value < full_scale { value } else { full_scale };
            // Saturation that never acts tells compilers that one instruction packs eight counts.
            let above = (value + ROUND).to_bits().cast_signed().wrapping_sub(MIDDLE);
            let above = above.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
            *count = (above as u16) ^ 0x8000;
        }
    }
}

#[cfg(test)]
mod tests;
