use super::*;

const FRAMES: u64 = 500;
const PIXELS: usize = 2068_usize.next_multiple_of(STEP);

fn frame(key: u64) -> Vec<f32> {
    let mut normals = vec![0.0; PIXELS];
    draw(key, &mut normals);
    normals
}

/// The frames of one acquisition, as the recorder keys them.
fn acquisition(key: u64) -> impl Iterator<Item = Vec<f32>> {
    (0..FRAMES).map(move |number| frame(key.wrapping_add(number << 32)))
}

fn mean(products: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = products.fold((0.0, 0.0), |(sum, count), z| (sum + z, count + 1.0));
    sum / count
}

fn moment(power: i32) -> f64 {
    let draws = acquisition(0x1234_5678_9abc_def1).flatten();
    mean(draws.map(|z| (0..power).fold(1.0, |product, _| product * f64::from(z))))
}

/// 0, 1, 0, 3, 0, 15; five standard errors of a million draws.
#[test]
fn draws_have_the_moments_of_the_normal() {
    for (power, expected, error) in
        [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (6, 14.9, 10_170.0)]
    {
        let allowed = 5.0 * f64::sqrt(error / (FRAMES as f64 * PIXELS as f64));
        let seen = moment(power);
        assert!((seen - expected).abs() < allowed, "{seen} is the moment of power {power}");
    }
}

/// Of a million draws about 63 lie beyond four standard deviations, and none beyond 4.45.
#[test]
fn large_deviations_are_as_rare_as_they_should_be() {
    let beyond = |limit: f32| {
        acquisition(7).flatten().filter(|z| z.abs() > limit).count() as f64
            / (FRAMES as f64 * PIXELS as f64)
    };
    for (limit, expected) in [(1.0, 0.317_3), (2.0, 0.045_50), (3.0, 0.002_700), (4.0, 6.33e-5)] {
        let allowed = 0.02 * expected + 5.0 * f64::sqrt(expected / 1e6);
        assert!((beyond(limit) - expected).abs() < allowed, "{} beyond {limit}", beyond(limit));
    }
    let largest = acquisition(7).flatten().fold(0.0, f32::max);
    assert!((4.0..4.46).contains(&largest), "{largest}");
}

/// Kolmogorov's test against the normal distribution: 1.95/√n holds at one in a thousand; 0.001 more for the steps
/// between levels.
#[test]
fn draws_are_distributed_normally() {
    let mut draws: Vec<f32> = acquisition(99).take(100).flatten().collect();
    draws.sort_by(f32::total_cmp);
    let n = draws.len() as f64;
    let below = |z: f32| 0.5 * math::erfc(-f64::from(z) / std::f64::consts::SQRT_2);
    let off = |(i, z): (usize, &f32)| (below(*z) - (i as f64 + 0.5) / n).abs();
    let largest = draws.iter().enumerate().map(off).fold(0.0, f64::max);
    assert!(largest < 1.95 / n.sqrt() + 0.001, "{largest}");
}

/// Correlation between places some way apart in a frame, by the place in a group of eight: five standard errors.
#[test]
fn pixels_of_a_frame_are_independent() {
    for apart in 1..24 {
        for place in 0..STEP {
            let pairs = acquisition(3).flat_map(|normals| {
                let last = normals.len() - apart;
                let pair = |i: usize| f64::from(normals[i] * normals[i + apart]);
                (place..last).step_by(STEP).map(pair).collect::<Vec<_>>()
            });
            let seen = mean(pairs);
            let error = 1.0 / (FRAMES as f64 * (PIXELS / STEP - 3) as f64).sqrt();
            assert!(seen.abs() < 5.0 * error, "{seen} from place {place}, {apart} apart");
        }
    }
}

/// The mean of ten neighbours, as a moving average takes it, has a tenth of the variance.
#[test]
fn averaging_over_pixels_takes_noise_down_as_it_should() {
    let means = acquisition(11).flat_map(|normals| {
        let tens = normals.chunks_exact(10);
        tens.map(|ten| f64::from(ten.iter().sum::<f32>()) / 10.0).collect::<Vec<_>>()
    });
    let variance = mean(means.map(|m| m * m));
    assert!((variance / 0.1 - 1.0).abs() < 0.02, "{variance}");
}

/// The mean of a pixel over all frames of an acquisition has a 500th of the variance: what averaging is for.
#[test]
fn averaging_over_frames_takes_noise_down_as_it_should() {
    let mut sums = vec![0.0_f64; PIXELS];
    for normals in acquisition(13) {
        sums.iter_mut().zip(normals).for_each(|(sum, z)| *sum += f64::from(z));
    }
    let variance = mean(sums.iter().map(|sum| sum * sum / FRAMES as f64));
    assert!((variance - 1.0).abs() < 5.0 * (2.0 / PIXELS as f64).sqrt(), "{variance}");
}

/// One pixel of frames that follow each other, and of acquisitions whose keys differ in one bit.
#[test]
fn frames_and_keys_are_independent() {
    let product = |(a, b): (Vec<f32>, Vec<f32>)| {
        a.iter().zip(&b).map(|(a, b)| f64::from(a * b)).collect::<Vec<_>>()
    };
    let allowed = 5.0 / (FRAMES as f64 * PIXELS as f64).sqrt();
    for apart in [1, 2, 10] {
        let seen = mean(acquisition(5).zip(acquisition(5).skip(apart)).flat_map(product));
        assert!(seen.abs() < 1.1 * allowed, "{seen} for frames {apart} apart");
    }
    for bit in (0..64).step_by(7) {
        let seen = mean(acquisition(5).zip(acquisition(5 ^ (1 << bit))).flat_map(product));
        assert!(seen.abs() < allowed, "{seen} for keys that differ in bit {bit}");
    }
}

/// Over the whole table every lane has a mean of zero and a variance of ½, and no two lanes go together; nor do their
/// squares.
#[test]
fn lanes_of_the_table_are_uncorrelated() {
    let over = |f: &dyn Fn(&[f32; LANES]) -> f64| mean(TABLE.get().iter().map(f));
    for a in 0..LANES {
        assert!(over(&|row| f64::from(row[a])).abs() < 1e-6);
        assert!((over(&|row| f64::from(row[a] * row[a])) - 0.5).abs() < 1e-6);
        for b in 0..a {
            assert!(over(&|row| f64::from(row[a] * row[b])).abs() < 1e-6, "lanes {a} and {b}");
            let squares = over(&|row| f64::from(row[a] * row[a] * row[b] * row[b]));
            assert!((4.0 * squares - 1.0).abs() < 0.06, "{squares} for lanes {a} and {b}");
        }
    }
}
