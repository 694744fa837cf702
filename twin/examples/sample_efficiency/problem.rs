//! Test problems with a known optimum.

use flowtwin_lab::{Input, Space, Stream, math};

/// A function of seven inputs, its noise, and what is known of its optimum.
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    pub(crate) space: Space,
    pub(crate) f: fn(&[f64]) -> f64,
    /// Noise, as a fraction of the value (multiplicative) and in units of the outcome (additive).
    pub(crate) noise: (f64, f64),
    pub(crate) optimum: f64,
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

fn space(names: &[&str], low: &[f64], high: &[f64]) -> Space {
    let input =
        |i: usize| Input { name: names[i].into(), low: low[i], high: high[i], resolution: 0.0 };
    Space::new((0..names.len()).map(input).collect(), vec![]).expect("ranges are in order")
}

/// Seven inputs, one broad optimum of 0.8 and one narrow, global optimum of 1, in other corners of the cube.
pub(crate) fn two_optima() -> Problem {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    Problem {
        name: "two optima",
        space: space(&names, &[0.0; 7], &[1.0; 7]),
        f: |x| {
            let broad = [0.30, 0.30, 0.35, 0.40, 0.50, 0.50, 0.50];
            let narrow = [0.75, 0.75, 0.70, 0.60, 0.50, 0.50, 0.50];
            let squared =
                |c: &[f64; 7]| -> f64 { x.iter().zip(c).map(|(x, c)| (x - c) * (x - c)).sum() };
            0.8 * math::exp(-squared(&broad) / (2.0 * 0.38 * 0.38))
                + 0.75 * math::exp(-squared(&narrow) / (2.0 * 0.38 * 0.38))
        },
        noise: (0.0, 0.02),
        optimum: 1.0,
        found: 0.92,
    }
}

/// The lab of the paper in closed form: brightness of Cs3Cu2I5 nanocrystals over temperature and six flows, with the
/// reference set of parameters.
pub(crate) fn lab() -> Problem {
    let names = ["t_c", "cui", "cs", "oa_cs", "oa_cu", "oam", "ode_cu"];
    Problem {
        name: "lab",
        space: space(
            &names,
            &[120.0, 60.0, 60.0, 5.0, 5.0, 5.0, 85.0],
            &[150.0, 120.0, 120.0, 35.0, 20.0, 20.0, 100.0],
        ),
        f: brightness,
        noise: (0.012, 0.0),
        optimum: 2980.0,
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
