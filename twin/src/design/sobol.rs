//! Sobol' sequences with a random linear scramble.

use flowtwin_lab::Stream;

/// Bits of a coordinate.
const BITS: usize = 32;

/// Primitive polynomials (all coefficients as bits) and initial direction numbers of Joe and Kuo 2008
/// (DOI 10.1137/070709359), set `new-joe-kuo-6`, from the second dimension on.
const TABLE: [(u32, &[u32]); 20] = [
    (3, &[1]),
    (7, &[1, 3]),
    (11, &[1, 3, 1]),
    (13, &[1, 1, 1]),
    (19, &[1, 1, 3, 3]),
    (25, &[1, 3, 5, 13]),
    (37, &[1, 1, 5, 5, 17]),
    (41, &[1, 1, 5, 5, 5]),
    (47, &[1, 1, 7, 11, 19]),
    (55, &[1, 1, 5, 1, 1]),
    (59, &[1, 1, 1, 3, 11]),
    (61, &[1, 3, 5, 5, 31]),
    (67, &[1, 3, 3, 9, 7, 49]),
    (91, &[1, 1, 1, 15, 21, 21]),
    (97, &[1, 3, 1, 13, 27, 49]),
    (103, &[1, 1, 1, 15, 7, 5]),
    (109, &[1, 3, 1, 15, 13, 25]),
    (115, &[1, 1, 5, 5, 19, 61]),
    (131, &[1, 3, 7, 11, 23, 15, 103]),
    (137, &[1, 3, 7, 13, 13, 15, 69]),
];

/// A Sobol' sequence in up to [`Sobol::MAX_DIM`] dimensions (Sobol' 1967); its points fill the unit cube more
/// evenly than random ones.
#[derive(Clone, Debug)]
pub struct Sobol {
    directions: Vec<[u32; BITS]>,
    state: Vec<u32>,
    index: u32,
}

impl Sobol {
    /// Dimensions for which direction numbers are held.
    pub const MAX_DIM: usize = TABLE.len() + 1;

    /// The sequence itself, from its first point, the origin.
    ///
    /// # Panics
    /// If `dim` is above [`Sobol::MAX_DIM`].
    pub fn new(dim: usize) -> Self {
        assert!(dim <= Self::MAX_DIM, "{dim} dimensions, at most {}", Self::MAX_DIM);
        Self { directions: (0..dim).map(directions).collect(), state: vec![0; dim], index: 0 }
    }

    /// A scrambled sequence: a random lower-triangular matrix and a random shift on each axis (Matoušek 1998,
    /// DOI 10.1006/jcom.1998.0489). It keeps the balance of the sequence and has no point at the origin.
    ///
    /// # Panics
    /// If `dim` is above [`Sobol::MAX_DIM`].
    pub fn scrambled(dim: usize, stream: &mut Stream) -> Self {
        let mut sobol = Self::new(dim);
        for (directions, state) in sobol.directions.iter_mut().zip(&mut sobol.state) {
            let rows: Vec<u32> = (0..BITS).map(|bit| row(bit, stream)).collect();
            for direction in directions.iter_mut() {
                *direction = multiply(&rows, *direction);
            }
            *state = (stream.next_u64() >> 32) as u32;
        }
        sobol
    }
}

impl Iterator for Sobol {
    type Item = Vec<f64>;

    /// The next point \[dim\], in Gray-code order (Antonov and Saleev 1979).
    fn next(&mut self) -> Option<Vec<f64>> {
        let scale = 1.0 / 4_294_967_296.0;
        let point = self.state.iter().map(|s| f64::from(*s) * scale).collect();
        let bit = self.index.trailing_ones() as usize;
        self.index = self.index.checked_add(1)?;
        for (state, directions) in self.state.iter_mut().zip(&self.directions) {
            *state ^= directions[bit];
        }
        Some(point)
    }
}

/// A random row of a lower-triangular matrix over two elements, with one on the diagonal; bit 31 is the first column.
fn row(bit: usize, stream: &mut Stream) -> u32 {
    let random = (stream.next_u64() >> 32) as u32;
    let diagonal = 1_u32 << (BITS - 1 - bit);
    let before = !(diagonal - 1) & !diagonal;
    (random & before) | diagonal
}

/// The product of a matrix over two elements, given by rows, and a vector.
fn multiply(rows: &[u32], vector: u32) -> u32 {
    let mut product = 0;
    for row in rows {
        product = (product << 1) | ((row & vector).count_ones() & 1);
    }
    product
}

/// Direction numbers of one dimension (Bratley and Fox 1988, DOI 10.1145/42288.214372).
fn directions(dim: usize) -> [u32; BITS] {
    let mut v = [0_u32; BITS];
    if dim == 0 {
        v.iter_mut().enumerate().for_each(|(i, v)| *v = 1 << (BITS - 1 - i));
        return v;
    }
    let (polynomial, initial) = TABLE[dim - 1];
    let degree = initial.len();
    for i in 0..BITS {
        v[i] = if i < degree {
            initial[i] << (BITS - 1 - i)
        } else {
            let mut value = v[i - degree] ^ (v[i - degree] >> degree);
            for k in 1..degree {
                if (polynomial >> (degree - k)) & 1 == 1 {
                    value ^= v[i - k];
                }
            }
            value
        };
    }
    v
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn first_points_are_those_of_the_published_sequence() {
        // Joe and Kuo's own program prints these for the first three dimensions.
        let points: Vec<_> = Sobol::new(3).take(5).collect();
        assert_eq!(points[0], [0.0, 0.0, 0.0]);
        assert_eq!(points[1], [0.5, 0.5, 0.5]);
        assert_eq!(points[2], [0.75, 0.25, 0.25]);
        assert_eq!(points[3], [0.25, 0.75, 0.75]);
        assert_eq!(points[4], [0.375, 0.375, 0.625]);
    }

    #[test]
    fn each_axis_is_balanced_with_and_without_scrambling() {
        let mut stream = Streams::new(3).open("test", 0);
        for mut sobol in [Sobol::new(Sobol::MAX_DIM), Sobol::scrambled(Sobol::MAX_DIM, &mut stream)]
        {
            let points: Vec<_> = sobol.by_ref().take(128).collect();
            for axis in 0..Sobol::MAX_DIM {
                let mut strata: Vec<_> =
                    points.iter().map(|u| (u[axis] * 128.0) as usize).collect();
                strata.sort_unstable();
                assert_eq!(strata, (0..128).collect::<Vec<_>>(), "axis {axis}");
            }
        }
    }

    #[test]
    fn the_mean_of_a_smooth_function_converges_faster_than_at_random() {
        let f = |u: &Vec<f64>| u.iter().map(|v| 1.0 + 0.5 * (v - 0.5)).product::<f64>();
        let mut stream = Streams::new(3).open("test", 0);
        let mean = Sobol::scrambled(7, &mut stream).take(512).map(|u| f(&u)).sum::<f64>() / 512.0;
        // The standard error of 512 random points is 0.017.
        assert!((mean - 1.0).abs() < 0.002, "{mean}");
    }
}
