//! Test problems with a known optimum.

use flowtwin_lab::{Input, Space, Stream, Streams, math};
use serde::Serialize;

/// Inputs of every problem.
const DIM: usize = 7;

/// The true outcome at a point.
type Outcome = dyn Fn(&[f64]) -> f64;

/// A function of seven inputs, its noise, and what is known of its optimum.
pub(crate) struct Problem {
    pub(crate) space: Space,
    pub(crate) f: Box<Outcome>,
    /// Noise, as a fraction of the value (multiplicative) and in units of the outcome (additive).
    pub(crate) noise: (f64, f64),
    pub(crate) optimum: f64,
    /// The mean over the region: what a random point is worth.
    pub(crate) typical: f64,
    /// Value from which on the optimum counts as found.
    pub(crate) found: f64,
}

impl Problem {
    /// One noisy reading at `x`.
    pub(crate) fn measure(&self, x: &[f64], stream: &mut Stream) -> f64 {
        let y = (self.f)(x);
        y + (self.noise.0 * y + self.noise.1) * stream.normal()
    }
}

pub(crate) fn space(low: &[f64], high: &[f64]) -> Space {
    let input = |i: usize| Input::number(format!("x{i}"), low[i], high[i], 0.0);
    Space::new((0..low.len()).map(input).collect(), vec![]).expect("ranges are in order")
}

/// Height of the broad optimum; the narrow one is at 1.
const BROAD: f64 = 0.7;
/// Widths of the two, as standard deviations of Gaussian hills, before the spread over axes.
const WIDTHS: (f64, f64) = (0.55, 0.33);

/// One instance of a family of functions with two optima.
#[derive(Serialize)]
pub(crate) struct TwoOptima {
    seed: u64,
    broad: [f64; DIM],
    narrow: [f64; DIM],
    /// Inverse widths along each axis.
    broad_steepness: [f64; DIM],
    narrow_steepness: [f64; DIM],
    height: f64,
    noise: f64,
    found: f64,
}

impl TwoOptima {
    /// Instance number `seed`: where the optima are, at least 0.75 apart, and how wide they are along each axis.
    pub(crate) fn draw(seed: u64) -> Self {
        let stream = Streams::new(seed).open("problem/two optima", 0);
        Self::placed(seed, stream, [0.2, 0.15], 0.0)
    }

    /// The same with optima anywhere in the region.
    pub(crate) fn anywhere(seed: u64) -> Self {
        let stream = Streams::new(seed).open("problem/optima anywhere", 0);
        Self::placed(seed, stream, [0.0, 0.0], 0.0)
    }

    /// The same with optima on edges and in corners: each of three inputs out of ten is at an end.
    pub(crate) fn edges(seed: u64) -> Self {
        let stream = Streams::new(seed).open("problem/optima at edges", 0);
        Self::placed(seed, stream, [0.0, 0.0], 0.3)
    }

    /// Optima that keep a distance from the edges, the broad one and the narrow one; a share `ends` of their inputs
    /// is moved to an end.
    fn placed(seed: u64, mut stream: Stream, off: [f64; 2], ends: f64) -> Self {
        let mut point = |low: f64| -> [f64; DIM] {
            std::array::from_fn(|_| {
                let at = stream.between(low, 1.0 - low);
                if ends > 0.0 && stream.uniform() < ends { at.round() } else { at }
            })
        };
        let broad = point(off[0]);
        let narrow = loop {
            let narrow = point(off[1]);
            if squared_distance(&broad, &narrow, &[1.0; DIM]) > 0.75 * 0.75 {
                break narrow;
            }
        };
        let mut steepness = |width: f64| -> [f64; DIM] {
            std::array::from_fn(|_| math::exp(stream.between(-0.25, 0.25)) / width)
        };
        let (broad_steepness, narrow_steepness) = (steepness(WIDTHS.0), steepness(WIDTHS.1));
        let height = 1.0 - BROAD * hill(&narrow, &broad, &broad_steepness);
        let (noise, found) = (0.02, 0.9);
        Self { seed, broad, narrow, broad_steepness, narrow_steepness, height, noise, found }
    }

    fn at(&self, x: &[f64]) -> f64 {
        BROAD * hill(x, &self.broad, &self.broad_steepness)
            + self.height * hill(x, &self.narrow, &self.narrow_steepness)
    }
}

fn squared_distance(x: &[f64], centre: &[f64; DIM], steepness: &[f64; DIM]) -> f64 {
    let mut sum = 0.0;
    for ((x, c), s) in x.iter().zip(centre).zip(steepness) {
        sum += (x - c) * s * ((x - c) * s);
    }
    sum
}

fn hill(x: &[f64], centre: &[f64; DIM], steepness: &[f64; DIM]) -> f64 {
    math::exp(-0.5 * squared_distance(x, centre, steepness))
}

/// Seven inputs, one broad optimum of about 0.7 and one narrow, global optimum of 1, elsewhere for every seed.
pub(crate) fn two_optima(instance: TwoOptima) -> Problem {
    Problem {
        space: space(&[0.0; DIM], &[1.0; DIM]),
        noise: (0.0, instance.noise),
        optimum: 1.0,
        typical: 0.0,
        found: instance.found,
        f: Box::new(move |x| instance.at(x)),
    }
}

/// The lab of the paper in closed form: brightness of Cs3Cu2I5 nanocrystals over temperature and six flows, with the
/// reference set of parameters.
pub(crate) fn lab() -> Problem {
    // Temperature [°C]; flows [µL/min] of CuI, Cs, acid with Cs, acid with Cu, amine and ODE.
    Problem {
        space: space(
            &[120.0, 60.0, 60.0, 5.0, 5.0, 5.0, 85.0],
            &[150.0, 120.0, 120.0, 35.0, 20.0, 20.0, 100.0],
        ),
        f: Box::new(brightness),
        noise: (0.012, 0.0),
        optimum: 2980.0,
        typical: 0.0,
        found: 0.95 * 2980.0,
    }
}

fn arrhenius(reference: f64, kj_per_mol: f64, t_c: f64) -> f64 {
    reference * math::exp(-kj_per_mol * 1e3 / 8.314_462_618 * (1.0 / (t_c + 273.15) - 1.0 / 408.15))
}

fn brightness(x: &[f64]) -> f64 {
    let [t, cui, cs, oa_cs, oa_cu, oam, ode] = <[f64; 7]>::try_from(x).expect("seven inputs");
    let s = cui + oa_cu + oam + ode;
    let per = 1.0 / (2.0 * s);
    let residence = 434.0 / (4.0 * s) * 60.0;
    let (copper, caesium) = (7.5 * cui * per, 30.22 * cs * per);
    let oa = (219.4 * cs + 237.6 * cui + 570.3 * (oa_cs + oa_cu)) * per;
    let oam = (177.3 * cui + 425.5 * oam) * per;
    let mixed = math::pow(4.0 * s / 260.0, 1.5);
    let eta = 1.0 - math::exp(-mixed);
    let k1 = arrhenius(0.10, 50.0, t) * eta;
    let k2 = arrhenius(0.22, 40.0, t) * copper / 3.0 * eta;
    let converted = 1.0 - (k1 + k2) / (k2 + k1 * math::exp((k1 + k2) * residence));
    let ratio = math::ln(caesium / copper / 3.0);
    let chi = 0.86
        * (oa / (oa + 45.0)).sqrt()
        * math::pow(oam / (oam + 40.0), 0.4)
        * math::exp(-ratio * ratio / (2.0 * 1.3 * 1.3));
    let crystals = copper / 5.0 * converted * chi * (0.55 + 0.45 * eta);
    let absorbance = 6000.0 * crystals * 1e-3 * 0.1016;
    let diameter = 12.0 * math::exp(0.019 * (t - 135.0));
    let surface = 1.0 / (1.0 + 45.0 * math::pow(diameter, -1.5));
    let passivated = math::ln(oa / 200.0);
    let passivated = math::exp(-passivated * passivated / (2.0 * 0.62 * 0.62));
    let damaged = 1.0 / (1.0 + math::pow(oam / 110.0, 1.6));
    let decay = arrhenius(0.00122, 120.0, t) * (1.0 + 0.5 * (oam / 60.0 - 1.0).max(-0.9));
    let loss = decay + arrhenius(0.0030, 30.0, t);
    let grown = 1.0 - math::exp(-arrhenius(0.128, 10.0, t) * residence);
    let other = 1.0 / (1.0 + math::exp((t - 112.0) / 3.5));
    let phi = 0.497
        * surface
        * passivated
        * damaged
        * grown
        * math::exp(-loss * residence)
        * (0.4 + 0.6 * eta)
        * (1.0 - 0.5 * other);
    60_000.0 * (1.0 - math::exp10(-absorbance)) * phi
}
