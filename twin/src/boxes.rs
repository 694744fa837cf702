//! The part of the space of scores that a front leaves open, as boxes.

/// Boxes that together are all that lies above the reference and is not dominated; up to three scores.
///
/// A side of a box is a pair of places in the list of levels of its score: from the first to the
/// second, which is one past the end
/// of the list where the box is open. (Yang et al. 2019, DOI 10.1007/s10898-019-00798-7, cut two and
/// three scores in a like way; theirs
/// are fewer boxes for three.)
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Boxes {
    /// The levels of each score, rising [k][..].
    pub(crate) levels: Vec<Vec<f64>>,
    /// The boxes [..][k].
    pub(crate) sides: Vec<Vec<(usize, usize)>>,
}

impl Boxes {
    /// Most scores for which there are boxes.
    pub(crate) const MOST: usize = 3;

    /// What the `scores` [n][k] leave open above `reference` [k].
    ///
    /// # Panics
    /// If there are no scores, or more than [`Boxes::MOST`].
    pub(crate) fn new(scores: &[Vec<f64>], reference: &[f64]) -> Self {
        let above = |s: &&Vec<f64>| s.iter().zip(reference).all(|(s, r)| s > r);
        let front: Vec<&Vec<f64>> = scores.iter().filter(above).collect();
        let levels: Vec<Vec<f64>> =
            (0..reference.len()).map(|k| levels(&front, reference[k], k)).collect();
        let place = |s: &&Vec<f64>| -> Vec<usize> {
            let find = |(level, s): (&Vec<f64>, &f64)| level.partition_point(|l| l < s);
            levels.iter().zip(*s).map(find).collect()
        };
        let places: Vec<Vec<usize>> = front.iter().map(place).collect();
        let sides = match reference.len() {
            1 => vec![vec![(levels[0].len() - 1, levels[0].len())]],
            2 => strips(&places, levels[0].len(), levels[1].len()),
            3 => slabs(&places, &levels),
            more => panic!("{more} scores have no boxes"),
        };
        Self { levels, sides }
    }
}

/// The reference and the scores of a front, rising, each once.
fn levels(front: &[&Vec<f64>], reference: f64, k: usize) -> Vec<f64> {
    let mut levels: Vec<f64> = front.iter().map(|s| s[k]).chain([reference]).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    levels
}

/// Strips along the first of two scores, each open above; `places` [n][≥ 2] are levels.
fn strips(places: &[Vec<usize>], first: usize, second: usize) -> Vec<Vec<(usize, usize)>> {
    // The second score from which on a place in the strip above a level of the first is open.
    let mut heights = vec![0; first];
    for place in places {
        for height in &mut heights[..place[0]] {
            *height = place[1].max(*height);
        }
    }
    let mut strips: Vec<Vec<(usize, usize)>> = Vec::new();
    for (level, height) in heights.into_iter().enumerate() {
        match strips.last_mut() {
            Some(strip) if strip[1].0 == height => strip[0].1 = level + 1,
            _ => strips.push(vec![(level, level + 1), (height, second)]),
        }
    }
    strips
}

/// Slabs along the third score, each of the strips that those above it leave open.
fn slabs(places: &[Vec<usize>], levels: &[Vec<f64>]) -> Vec<Vec<(usize, usize)>> {
    let mut boxes: Vec<Vec<(usize, usize)>> = Vec::new();
    for level in 0..levels[2].len() {
        let above: Vec<Vec<usize>> = places.iter().filter(|p| p[2] > level).cloned().collect();
        for strip in strips(&above, levels[0].len(), levels[1].len()) {
            let below = |b: &&mut Vec<(usize, usize)>| b[..2] == strip[..] && b[2].1 == level;
            match boxes.iter_mut().find(below) {
                Some(same) => same[2].1 = level + 1,
                None => boxes.push(vec![strip[0], strip[1], (level, level + 1)]),
            }
        }
    }
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::Streams;
    use flowtwin_statistics::front::{dominates, hypervolume};

    /// How many of the boxes hold `point` [k].
    fn holding(boxes: &Boxes, point: &[f64]) -> usize {
        let inside = |sides: &&Vec<(usize, usize)>| {
            sides.iter().zip(&boxes.levels).zip(point).all(|(((low, high), levels), p)| {
                levels[*low] < *p && levels.get(*high).is_none_or(|high| p <= high)
            })
        };
        boxes.sides.iter().filter(inside).count()
    }

    #[test]
    fn every_point_that_is_open_lies_in_one_box_and_no_other_in_any() {
        let mut stream = Streams::new(3).open("test", 0);
        for k in 1..=3 {
            for n in [0, 1, 4, 15] {
                let draw = |stream: &mut flowtwin_lab::Stream| -> Vec<f64> {
                    (0..k).map(|_| stream.between(-0.2, 1.0)).collect()
                };
                let scores: Vec<Vec<f64>> = (0..n).map(|_| draw(&mut stream)).collect();
                let boxes = Boxes::new(&scores, &vec![0.0; k]);
                for _ in 0..300 {
                    let point = draw(&mut stream);
                    let open = point.iter().all(|p| *p > 0.0)
                        && !scores.iter().any(|s| dominates(s, &point));
                    assert_eq!(holding(&boxes, &point), usize::from(open), "{k} {n} {point:?}");
                }
            }
        }
    }

    #[test]
    fn what_a_point_adds_to_the_hypervolume_is_its_share_of_the_boxes() {
        let mut stream = Streams::new(4).open("test", 0);
        for k in 2..=3 {
            let mut scores: Vec<Vec<f64>> =
                (0..12).map(|_| (0..k).map(|_| stream.uniform()).collect()).collect();
            let reference = vec![0.1; k];
            let boxes = Boxes::new(&scores, &reference);
            let point: Vec<f64> = (0..k).map(|_| stream.between(0.6, 1.0)).collect();
            let share = |sides: &Vec<(usize, usize)>| -> f64 {
                let side = |(((low, high), levels), p): (((&usize, &usize), &Vec<f64>), &f64)| {
                    let top = levels.get(*high).copied().unwrap_or(f64::INFINITY);
                    (p.min(top) - levels[*low]).max(0.0)
                };
                let sides = sides.iter().map(|(low, high)| (low, high));
                sides.zip(&boxes.levels).zip(&point).map(side).product()
            };
            let added: f64 = boxes.sides.iter().map(share).sum();
            let before = hypervolume(&scores, &reference);
            scores.push(point.clone());
            let difference = hypervolume(&scores, &reference) - before;
            assert!((added - difference).abs() < 1e-12, "{k}: {added} {difference}");
        }
    }
}
