use super::*;
use crate::spec::World;

fn spectrometer() -> Spectrometer {
    let world: World = toml::from_str(include_str!("../../../tests/reference_world.toml")).unwrap();
    let mut spec = world.rig.spectrometers["absorption"].clone();
    spec.nonlinearity_percent = 0.0;
    spec
}

/// Mean and variance of one pixel value over many frames.
fn moments(detector: &mut Detector, signal: f32) -> (f64, f64) {
    let (frames, pixels) = (200, 2068);
    let level = vec![signal; pixels];
    let mut counts = Vec::new();
    let (mut sum, mut square) = (0.0, 0.0);
    for frame in 0..frames {
        counts.clear();
        let key = 0x1234_5678_9abc_def1_u64.wrapping_mul(frame + 1);
        detector.expose(level.iter().copied(), key, &mut counts);
        for &count in &counts {
            let c = f64::from(count);
            sum += c;
            square += c * c;
        }
    }
    let n = frames as f64 * pixels as f64;
    let mean = sum / n;
    (mean, square / n - mean * mean)
}

/// Photon transfer (Janesick 2007): variance = read² + signal/gain, plus 1/12 of rounding.
#[test]
fn variance_against_mean_is_the_photon_transfer_line() {
    let mut detector = Detector::new(&spectrometer(), true, 5.5);
    for signal in [0.0, 100.0, 1_000.0, 10_000.0, 50_000.0] {
        let (mean, variance) = moments(&mut detector, signal);
        let expected = 5.5 * 5.5 + f64::from(signal) / 2.4 + 1.0 / 12.0;
        assert!((mean - 1357.0 - f64::from(signal)).abs() < 1.0, "{mean} at {signal}");
        assert!((variance / expected - 1.0).abs() < 0.01, "{variance}, {expected} expected");
    }
}

#[test]
fn counts_clip_at_full_scale_and_at_zero() {
    let mut detector = Detector::new(&spectrometer(), true, 5.5);
    assert_eq!(moments(&mut detector, 80_000.0), (65_535.0, 0.0));
    let low = Spectrometer { offset_counts: 0.0, ..spectrometer() };
    let (mean, _) = moments(&mut Detector::new(&low, true, 5.5), 0.0);
    // half of a normal of 5.5 counts: 5.5/√(2π)
    assert!((mean - 2.194).abs() < 0.05, "{mean}");
}

#[test]
fn a_nonlinear_detector_loses_the_stated_part_at_full_scale() {
    let bent = Spectrometer { nonlinearity_percent: 0.5, ..spectrometer() };
    let mut counts = Vec::new();
    let level = vec![60_000.0; bent.pixels];
    Detector::new(&bent, false, 0.0).expose(level.into_iter(), 1, &mut counts);
    let lost = 60_000.0 + 1357.0 - f64::from(counts[0]);
    assert!((lost / 60_000.0 - 0.005 * 60_000.0 / 65_535.0).abs() < 1e-5, "{lost}");
}

/// Neighbours that are read together have noise in common, a(1 − a)/((1 − a)² + a²) of it, and less each; those further apart have none.
#[test]
fn pixels_that_lag_share_noise_with_their_neighbours() {
    let lagging = Spectrometer { pixel_lag_percent: 20.0, ..spectrometer() };
    let mut detector = Detector::new(&lagging, true, 5.5);
    let level = vec![10_000.0; lagging.pixels];
    let mut sums = [0.0; 3];
    for frame in 0..200_u64 {
        let mut counts = Vec::new();
        let key = 0x1234_5678_9abc_def1_u64.wrapping_mul(frame + 1);
        detector.expose(level.iter().copied(), key, &mut counts);
        let off: Vec<f64> = counts[1..].iter().map(|c| f64::from(*c) - 11_357.0).collect();
        for (apart, sum) in sums.iter_mut().enumerate() {
            let pairs = off.iter().zip(&off[apart..]);
            *sum += pairs.map(|(a, b)| a * b).sum::<f64>() / (off.len() - apart) as f64 / 200.0;
        }
    }
    let alone = 5.5 * 5.5 + 10_000.0 / 2.4;
    assert!((sums[0] / alone - 0.68).abs() < 0.02, "{sums:?}");
    assert!((sums[1] / sums[0] - 0.16 / 0.68).abs() < 0.01, "{sums:?}");
    assert!((sums[2] / sums[0]).abs() < 0.01, "{sums:?}");
}
