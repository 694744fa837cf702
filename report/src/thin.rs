//! Fewer points for a line that has more of them than a page has room for.

/// Most points of a line: of more, each stretch keeps its lowest and its highest.
const MOST: usize = 600;

/// The lowest and the highest of each of so many stretches, in their order; the points themselves where there are no more.
pub(crate) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST {
        return points.to_vec();
    }
    let stretches = MOST / 2;
    let part = |i: usize| {
        let stretch = &points[i * points.len() / stretches..(i + 1) * points.len() / stretches];
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [stretch.iter().min_by(by), stretch.iter().max_by(by)];
        let mut ends: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends
    };
    (0..stretches).flat_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_keep_their_ends_and_their_order() {
        let points: Vec<(f64, f64)> =
            (0..9_999).map(|i| (f64::from(i), f64::from(i % 100))).collect();
        let few = thinned(&points);
        assert!(few.len() <= MOST);
        assert!(few.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let values = || few.iter().map(|(_, value)| *value);
        assert!(values().any(|value| value < 1.0) && values().any(|value| value > 98.0));
        assert_eq!(thinned(&points[..MOST]), points[..MOST]);
    }
}
