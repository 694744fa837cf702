use super::*;
use crate::spec::World;

fn spectrometer() -> Spectrometer {
    let world: World = toml::from_str(include_str!("../../../tests/reference_world.toml")).unwrap();
    let mut spec = world.rig.spectrometers["absorption"].clone();
    spec.nonlinearity_percent = 0.0;
    spec
}

fn noise() -> Noise {
    Noise { shot: true, read_counts: 5.5, ..Noise::default() }
}

/// Mean and variance of one pixel value over many frames.
fn moments(detector: &mut Detector, signal: f32) -> (f64, f64) {
    let (frames, pixels) = (200, 2068);
    let level = vec![signal; pixels];
    let mut counts = vec![0_u16; pixels];
    let (mut sum, mut square) = (0.0, 0.0);
    for frame in 0..frames {
        detector.expose(&level, 0x1234_5678_9abc_def1_u64.wrapping_mul(frame + 1), &mut counts);
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

#[test]
fn the_table_of_quantiles_has_the_moments_of_the_normal() {
    let n = QUANTILES as f64;
    let moment =
        |p: i32| NORMAL.iter().map(|z| (0..p).fold(1.0, |m, _| m * f64::from(*z))).sum::<f64>() / n;
    assert!(moment(1).abs() < 1e-6);
    assert!((moment(2) - 1.0).abs() < 1e-6);
    assert!(moment(3).abs() < 1e-5);
    assert!((moment(4) - 3.0).abs() < 0.03, "{}", moment(4));
}

#[test]
fn draws_are_uniform_over_the_table_and_do_not_repeat_between_frames() {
    let mut hits = vec![0_u32; 64];
    let mut normals = vec![0.0; 2068];
    let mut correlation = 0.0;
    let mut before = normals.clone();
    for frame in 0..500_u64 {
        draw(frame.wrapping_mul(0x9e37_79b9_7f4a_7c15), &mut normals);
        for z in &normals {
            let place = NORMAL.partition_point(|q| q < z);
            hits[place * 64 / QUANTILES] += 1;
        }
        correlation += normals.iter().zip(&before).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        before.clone_from(&normals);
    }
    let expected = 500.0 * 2068.0 / 64.0;
    let square = |h: &u32| (f64::from(*h) - expected) * (f64::from(*h) - expected);
    let chi_square: f64 = hits.iter().map(|h| square(h) / expected).sum();
    assert!(chi_square < 110.0, "{chi_square} for 63 degrees of freedom");
    assert!((correlation / (500.0 * 2068.0)).abs() < 0.004);
}

/// Photon transfer (Janesick 2007): variance = read² + signal/gain, plus 1/12 of rounding.
#[test]
fn variance_against_mean_is_the_photon_transfer_line() {
    let mut detector = Detector::new(&spectrometer(), &noise());
    for signal in [0.0, 100.0, 1_000.0, 10_000.0, 50_000.0] {
        let (mean, variance) = moments(&mut detector, signal);
        let expected = 5.5 * 5.5 + f64::from(signal) / 2.4 + 1.0 / 12.0;
        assert!((mean - 1357.0 - f64::from(signal)).abs() < 1.0, "{mean} at {signal}");
        assert!((variance / expected - 1.0).abs() < 0.01, "{variance}, {expected} expected");
    }
}

#[test]
fn counts_clip_at_full_scale_and_at_zero() {
    let mut detector = Detector::new(&spectrometer(), &noise());
    assert_eq!(moments(&mut detector, 80_000.0), (65_535.0, 0.0));
    let low = Spectrometer { offset_counts: 0.0, ..spectrometer() };
    let (mean, _) = moments(&mut Detector::new(&low, &noise()), 0.0);
    // half of a normal of 5.5 counts: 5.5/√(2π)
    assert!((mean - 2.194).abs() < 0.05, "{mean}");
}

#[test]
fn a_nonlinear_detector_loses_the_stated_part_at_full_scale() {
    let bent = Spectrometer { nonlinearity_percent: 0.5, ..spectrometer() };
    let mut counts = vec![0; 4];
    Detector::new(&bent, &Noise::default()).expose(&[60_000.0; 4], 1, &mut counts);
    let lost = 60_000.0 + 1357.0 - f64::from(counts[0]);
    assert!((lost / 60_000.0 - 0.005 * 60_000.0 / 65_535.0).abs() < 1e-5, "{lost}");
}
