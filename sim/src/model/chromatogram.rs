//! A chromatogram: peaks that overlap, and the areas that an integrator finds.
//!
//! A species leaves a column of N theoretical plates in a Gaussian about its retention time t with σ = t/√N. The integrator
//! drops a line to the baseline where neighbours meet (perpendicular drop), at the time that is as many σ from one peak as
//! from the other: with peaks of one height that is the valley. What lies between two lines counts as the peak between them.
//! Range: peaks of like height; a small peak on the tail of a large one is found too large, as on real instruments.

use flowtwin_lab::math;

/// One peak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peak {
    /// Retention time [s].
    pub(crate) at_s: f64,
    /// Area for a concentration of one.
    pub(crate) response: f64,
}

/// What an integrator finds for each peak of a concentration of one of each species, by the calibration factors of peaks that
/// stand alone \[peaks\]\[species\]; `plates` N.
pub(crate) fn found(peaks: &[Peak], plates: f64) -> Vec<Vec<f64>> {
    let sigma = |peak: &Peak| peak.at_s / plates.sqrt();
    let mut order: Vec<usize> = (0..peaks.len()).collect();
    order.sort_by(|&a, &b| peaks[a].at_s.total_cmp(&peaks[b].at_s).then(a.cmp(&b)));
    let line = |pair: &[usize]| {
        let (a, b) = (&peaks[pair[0]], &peaks[pair[1]]);
        (a.at_s * sigma(b) + b.at_s * sigma(a)) / (sigma(a) + sigma(b))
    };
    let lines: Vec<f64> = order.windows(2).map(line).collect();
    let before = |peak: &Peak, s: f64| {
        0.5 * math::erfc((peak.at_s - s) / sigma(peak) / std::f64::consts::SQRT_2)
    };
    let mut found = vec![Vec::new(); peaks.len()];
    for (place, &own) in order.iter().enumerate() {
        let from = |peak: &Peak| place.checked_sub(1).map_or(0.0, |i| before(peak, lines[i]));
        let to = |peak: &Peak| lines.get(place).map_or(1.0, |&s| before(peak, s));
        let share = |peak: &Peak| (to(peak) - from(peak)) * peak.response / peaks[own].response;
        found[own] = peaks.iter().map(share).collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(at_s: f64, response: f64) -> Peak {
        Peak { at_s, response }
    }

    #[test]
    fn peaks_far_apart_are_found_as_they_are() {
        let found = found(&[peak(200.0, 1.0), peak(100.0, 5.0)], 10_000.0);
        for (i, row) in found.iter().enumerate() {
            for (j, share) in row.iter().enumerate() {
                let expected = f64::from(u8::from(i == j));
                assert!((share - expected).abs() < 1e-12, "{i} {j}: {share}");
            }
        }
    }

    /// Two peaks 2σ apart: each loses the part of a normal distribution beyond one σ, 15.8655 %, to the other.
    #[test]
    fn peaks_that_overlap_share_their_tails() {
        let plates = 10_000.0;
        let first = 100.0;
        // σ grows with the time: the line is as many σ from one as from the other.
        let second = first * (1.0 + 1.0 / 100.0) / (1.0 - 1.0 / 100.0);
        let found = found(&[peak(first, 1.0), peak(second, 4.0)], plates);
        let tail = 0.158_655_253_931_457_05;
        assert!((found[0][0] - (1.0 - tail)).abs() < 1e-9, "{}", found[0][0]);
        assert!((found[0][1] - 4.0 * tail).abs() < 1e-9, "{}", found[0][1]);
        assert!((found[1][0] - 0.25 * tail).abs() < 1e-9, "{}", found[1][0]);
        // No area is lost.
        let areas = found[0][0] + 4.0 * found[1][0];
        assert!((areas - 1.0).abs() < 1e-12);
    }
}
