//! Which of several compromises no other beats, and how much of the possible hypervolume they cover.
//!
//! All scores are maximised.

/// Whether `a` \[k\] is at least as good as `b` \[k\] in every score and better in at least one.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a >= b) && a.iter().zip(b).any(|(a, b)| a > b)
}

/// The places of the `scores` \[n\]\[k\] that no other dominates, in their order; of several that are equal, the first.
pub fn pareto_front(scores: &[Vec<f64>]) -> Vec<usize> {
    let beaten = |i: usize| {
        scores
            .iter()
            .enumerate()
            .any(|(j, other)| dominates(other, &scores[i]) || (j < i && *other == scores[i]))
    };
    (0..scores.len()).filter(|&i| !beaten(i)).collect()
}

/// The volume \[product of the scores' units\] that `scores` \[n\]\[k\] dominate above `reference`
/// \[k\] (Zitzler and Thiele 1998).
///
/// Two scores are swept; more are cut into slices along the last one (While et al. 2006, DOI 10.1109/TEVC.2005.851275).
pub fn hypervolume(scores: &[Vec<f64>], reference: &[f64]) -> f64 {
    let above = |s: &&Vec<f64>| s.iter().zip(reference).all(|(s, r)| s > r);
    let inside: Vec<Vec<f64>> = scores.iter().filter(above).cloned().collect();
    let front: Vec<Vec<f64>> =
        pareto_front(&inside).into_iter().map(|i| inside[i].clone()).collect();
    volume(front, reference)
}

fn volume(mut front: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    let last = reference.len() - 1;
    front.sort_by(|a, b| b[last].total_cmp(&a[last]));
    if last == 0 {
        return front.first().map_or(0.0, |best| best[0] - reference[0]);
    }
    let mut sum = 0.0;
    for i in 0..front.len() {
        let low = front.get(i + 1).map_or(reference[last], |next| next[last]);
        let depth = front[i][last] - low;
        if depth > 0.0 {
            let slice: Vec<Vec<f64>> = front[..=i].iter().map(|s| s[..last].to_vec()).collect();
            let kept = pareto_front(&slice).into_iter().map(|i| slice[i].clone()).collect();
            sum += depth * volume(kept, &reference[..last]);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::Streams;

    /// By inclusion and exclusion over all subsets.
    fn brute_force(scores: &[Vec<f64>], reference: &[f64]) -> f64 {
        let mut sum = 0.0;
        for subset in 1_u32..1 << scores.len() {
            let chosen = || (0..scores.len()).filter(move |i| subset >> i & 1 == 1);
            let mut product = 1.0;
            for k in 0..reference.len() {
                let least = chosen().map(|i| scores[i][k]).fold(f64::INFINITY, f64::min);
                product *= (least - reference[k]).max(0.0);
            }
            sum += if subset.count_ones() % 2 == 1 { product } else { -product };
        }
        sum
    }

    #[test]
    fn the_hypervolume_is_that_of_inclusion_and_exclusion() {
        let mut stream = Streams::new(1).open("test", 0);
        for k in 1..=5 {
            for n in 0..9 {
                let scores: Vec<Vec<f64>> =
                    (0..n).map(|_| (0..k).map(|_| stream.normal()).collect()).collect();
                let reference = vec![-1.0; k];
                let (fast, slow) =
                    (hypervolume(&scores, &reference), brute_force(&scores, &reference));
                assert!((fast - slow).abs() < 1e-9, "{k} {n}: {fast} {slow}");
            }
        }
    }

    #[test]
    fn the_front_is_what_none_dominates() {
        let mut stream = Streams::new(2).open("test", 0);
        let scores: Vec<Vec<f64>> =
            (0..60).map(|_| (0..3).map(|_| (4.0 * stream.uniform()).floor()).collect()).collect();
        let front = pareto_front(&scores);
        for i in 0..scores.len() {
            let twin = front.iter().any(|&j| scores[j] == scores[i]);
            let beaten = front.iter().any(|&j| dominates(&scores[j], &scores[i]));
            assert!(twin != beaten, "{i}");
        }
        let pair = vec![vec![1.0, 2.0], vec![1.0, 2.0], vec![0.0, 3.0]];
        assert_eq!(pareto_front(&pair), [0, 2]);
    }

    #[test]
    fn what_is_below_the_reference_adds_nothing() {
        let scores = [vec![2.0, 3.0], vec![9.0, 0.5]];
        assert!((hypervolume(&scores, &[1.0, 1.0]) - 2.0).abs() < 1e-15);
        assert!(hypervolume(&[], &[0.0, 0.0]).abs() < 1e-15);
    }
}
