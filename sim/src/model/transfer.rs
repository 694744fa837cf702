//! How fast a gas passes between a bubble and the slugs beside it.

use std::f64::consts::PI;

/// Above this Fourier number two terms of the series tell how full a film is, to 1e-4.
const SERIES: f64 = 0.2;

/// What a slug meets of gas during a stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contact {
    /// Pressure of the gas [kPa].
    pub(crate) kpa: f64,
    /// How fast it passes.
    pub(crate) kla: Kla,
}

/// A volumetric mass transfer coefficient, for each volume of liquid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kla {
    /// It is known [1/s].
    Given(f64),
    /// It follows from the shape of bubble and slug.
    Of(UnitCell),
}

/// A bubble with its slug.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct UnitCell {
    /// Inner diameter of the tube [m].
    pub(crate) bore_m: f64,
    /// Length of bubble and slug [m].
    pub(crate) length_m: f64,
    /// Length of the film beside the bubble [m].
    pub(crate) film_m: f64,
    /// Its thickness [m]; 0 where there is none.
    pub(crate) thickness_m: f64,
    /// Speed of the bubble [m/s].
    pub(crate) m_per_s: f64,
    /// Share of the tube that is liquid.
    pub(crate) liquid: f64,
    /// Diffusion coefficients there in parts of those at 25 °C.
    pub(crate) mobility: f64,
}

impl Kla {
    /// The coefficient of a gas with this diffusion coefficient at 25 °C [1/s].
    pub(crate) fn per_s(&self, diffusion_m2_per_s: f64) -> f64 {
        match self {
            Self::Given(per_s) => *per_s,
            Self::Of(cell) => cell.kla_per_s(cell.mobility * diffusion_m2_per_s),
        }
    }
}

impl UnitCell {
    /// kLa = (kL,cap a_cap + kL,film a_film)/ε [1/s], for each volume of liquid.
    ///
    /// Caps: kL = (2√2/π) √(D U/d) and a = 4/L of two hemispheres (van Baten and Krishna 2004, DOI 10.1016/j.ces.2004.03.010).
    /// Film: a = 4 Lf/(d L), and what a film of thickness δ has taken up while the bubble passes, which is 2√(D/πt) after a short
    /// time t = Lf/U, as they have it, and no more than the film holds, δ/t (Crank 1975, The Mathematics of Diffusion, section 4.3).
    /// Both terms are penetration, 2√(D/πt) (Higbie 1935): along a cap t = πd/2U, which gives (2√2/π) √(D U/d).
    /// Range: their simulations have bores of 1.5 to 3 mm, U from 0.15 to 0.55 m/s; slugs that are mixed.
    pub(crate) fn kla_per_s(&self, diffusion: f64) -> f64 {
        if self.length_m <= 0.0 || self.liquid <= 0.0 {
            return 0.0;
        }
        let cap = 2.0 * 2.0_f64.sqrt() / PI * (diffusion * self.m_per_s / self.bore_m).sqrt();
        let caps = cap * 4.0 / self.length_m;
        if self.film_m <= 0.0 || self.thickness_m <= 0.0 || self.m_per_s <= 0.0 {
            return caps / self.liquid;
        }
        let seconds = self.film_m / self.m_per_s;
        let film = film_m_per_s(diffusion, self.thickness_m, seconds);
        (caps + film * 4.0 * self.film_m / (self.bore_m * self.length_m)) / self.liquid
    }
}

/// Mean flux into a film that meets a gas for a time, over the difference of concentrations as they meet [m/s].
fn film_m_per_s(diffusion: f64, thickness_m: f64, seconds: f64) -> f64 {
    let fourier = diffusion * seconds / (thickness_m * thickness_m);
    if fourier < SERIES {
        return 2.0 * (diffusion / (PI * seconds)).sqrt();
    }
    let term = |odd: f64| {
        let decay = flowtwin_lab::math::exp(-0.25 * odd * odd * PI * PI * fourier);
        8.0 / (odd * odd * PI * PI) * decay
    };
    thickness_m / seconds * (1.0 - term(1.0) - term(3.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: UnitCell = UnitCell {
        bore_m: 2e-3,
        length_m: 0.04,
        film_m: 8e-3,
        thickness_m: 80e-6,
        m_per_s: 0.3,
        liquid: 1.0,
        mobility: 1.0,
    };

    /// By hand, D = 2e-9 m²/s: caps (0.9003) √(2e-9 · 0.3/2e-3) = 4.931e-4 m/s over 4/0.04; film 2 √(2e-9/(π · 0.02667)) =
    /// 3.090e-4 m/s over 4 · 0.008/(0.002 · 0.04) = 400 1/m.
    #[test]
    fn caps_and_film_pass_what_van_baten_and_krishna_found() {
        let kla = CELL.kla_per_s(2e-9);
        assert!((kla - (0.049_31 + 0.123_6)).abs() < 2e-4, "{kla} 1/s");
        let half = UnitCell { liquid: 0.5, ..CELL }.kla_per_s(2e-9);
        assert!((half / kla - 2.0).abs() < 1e-12);
        // Without a film the caps alone are left.
        let dry = UnitCell { thickness_m: 0.0, ..CELL }.kla_per_s(2e-9);
        assert!((dry - 0.049_31).abs() < 1e-4, "{dry} 1/s");
        let given = Kla::Given(0.3).per_s(1.0);
        assert!((given - 0.3).abs() < 1e-15);
    }

    /// A thin film is full soon: then it passes what it holds, and no more.
    #[test]
    fn a_film_takes_no_more_than_it_holds() {
        let (diffusion, thickness) = (2e-9, 5e-6);
        let full = film_m_per_s(diffusion, thickness, 1.0);
        assert!((full / 5e-6 - 1.0).abs() < 1e-9, "{full} m/s");
        // The two laws meet where one ends.
        let at = |fourier: f64| {
            film_m_per_s(diffusion, thickness, fourier * thickness * thickness / diffusion)
        };
        let (before, after) = (at(SERIES * (1.0 - 1e-9)), at(SERIES));
        assert!((after / before - 1.0).abs() < 5e-3, "{before} and {after} m/s");
        assert!((0..50).all(|i| at(0.1 + 0.1 * f64::from(i + 1)) < at(0.1 + 0.1 * f64::from(i))));
    }
}
