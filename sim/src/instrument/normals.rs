//! Normal numbers for pixels: a function of a key and the place, four at a time.
//!
//! A counter, multiplied and folded (after wyrand), gives 64 bits for eight places: two groups of four, each the sum of
//! two rows of a table. Rows are loaded whole, so that a machine with registers of four numbers needs no single one.

use flowtwin_lab::math;

use crate::made::Made;

/// Places that share the two rows they are made of.
const LANES: usize = 4;
/// Places filled from one word of 64 bits.
pub(crate) const STEP: usize = 2 * LANES;
/// Levels of a lane: normal quantiles at (i + ½)/512, stretched to a kurtosis of three.
const LEVELS: usize = 512;
/// Signs of the lanes, by rows of a Hadamard matrix: over the four rows every product of two lanes sums to zero.
const SIGNS: [[f32; LANES]; LANES] =
    [[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, 1.0]];
/// Rows of the table.
const ROWS: usize = LEVELS * SIGNS.len();
/// Generator of the lattice by which lanes go through the levels: of all odd numbers the one that keeps the squares of
/// lanes least correlated.
const LATTICE: usize = 363;

/// Rows of four uncorrelated normal numbers of variance ½: the sum of two rows, drawn apart, has a variance of one.
static TABLE: Made<Box<[[f32; LANES]; ROWS]>> = Made::by(|| {
    let levels = levels();
    let mut table = Box::new([[0.0; LANES]; ROWS]);
    for (row, lanes) in table.iter_mut().enumerate() {
        let mut place = row / SIGNS.len();
        for (lane, sign) in lanes.iter_mut().zip(SIGNS[row % SIGNS.len()]) {
            *lane = sign * levels[place];
            place = (place * LATTICE + 1) % LEVELS;
        }
    }
    table
});

/// Levels of a normal number of variance ½, ascending. Quantiles at the middle of equal shares lack what lies beyond
/// the last of them; z + b z³ makes up for it.
fn levels() -> Vec<f32> {
    let quantiles: Vec<f64> =
        (0..LEVELS).map(|i| quantile((i as f64 + 0.5) / LEVELS as f64)).collect();
    let stretched =
        |b: f64| -> Vec<f64> { quantiles.iter().map(|z| z * (1.0 + b * z * z)).collect() };
    let square = |z: &[f64]| z.iter().map(|z| z * z).sum::<f64>() / LEVELS as f64;
    let kurtosis = |z: &[f64]| {
        let fourth = z.iter().map(|z| z * z * z * z).sum::<f64>() / LEVELS as f64;
        fourth / (square(z) * square(z))
    };
    let (mut low, mut high) = (0.0, 0.1);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if kurtosis(&stretched(middle)) < 3.0 { low = middle } else { high = middle }
    }
    let stretched = stretched(low);
    let scale = (0.5 / square(&stretched)).sqrt();
    stretched.iter().map(|z| (scale * z) as f32).collect()
}

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

/// Fills `normals` with normal numbers that depend on `key` and the place only; a rest of fewer than eight places is
/// left as it is.
pub(crate) fn draw(key: u64, normals: &mut [f32]) {
    let table: &[[f32; LANES]; ROWS] = TABLE.get();
    let mut counter = mixed(key);
    let (eights, _) = normals.as_chunks_mut::<STEP>();
    for eight in eights {
        counter = counter.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(counter) * u128::from(counter ^ 0xe703_7ed1_a0b4_28db);
        let bits = (wide as u64) ^ ((wide >> 64) as u64);
        let row = |shift: u32| &table[(bits >> shift) as usize % ROWS];
        let (a, b, c, d) = (row(0), row(16), row(32), row(48));
        for lane in 0..LANES {
            eight[lane] = a[lane] + b[lane];
            eight[LANES + lane] = c[lane] + d[lane];
        }
    }
}

/// A key with all its bits stirred (the finaliser of splitmix64, Steele, Lea and Flood 2014): the counters of keys that
/// differ in one bit have nothing to do with each other.
fn mixed(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests;
