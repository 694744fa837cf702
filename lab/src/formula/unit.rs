//! Units, from the endings of names.

use std::fmt;

use crate::units::ZERO_C_K;

/// Exponents are counted in sixths, so that square and cube roots have one.
const SIXTHS: i16 = 6;

const BASES: [&str; 8] =
    ["length", "time", "amount", "temperature", "mass", "light", "euros", "dollars"];

/// What a quantity is: length, time, amount, and so on, each to a power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimension([i16; 8]);

impl Dimension {
    /// A plain number.
    pub const NONE: Self = Self([0; 8]);
    /// A temperature.
    pub const TEMPERATURE: Self = Self::base(3);

    const fn base(which: usize) -> Self {
        let mut powers = [0; 8];
        powers[which] = SIXTHS;
        Self(powers)
    }

    /// Of a product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        self.plus(other, 1)
    }

    /// Of a quotient.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        self.plus(other, -1)
    }

    fn plus(self, other: Self, sign: i16) -> Self {
        let mut powers = self.0;
        for (power, other) in powers.iter_mut().zip(other.0) {
            *power += sign * other;
        }
        Self(powers)
    }

    /// Of a power; none where the exponent would not be a multiple of a sixth, or beyond 100.
    pub fn power(self, exponent: f64) -> Option<Self> {
        let mut powers = self.0;
        for power in &mut powers {
            let raised = f64::from(*power) * exponent;
            let nearest = raised.round_ties_even();
            if (raised - nearest).abs() > 1e-9 || nearest.abs() > 600.0 {
                return None;
            }
            *power = nearest as i16;
        }
        Some(Self(powers))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            UNITS.iter().find(|unit| unit.dimension() == *self && !unit.measures.is_empty());
        if *self == Self::NONE {
            return f.write_str("a plain number");
        }
        if let Some(unit) = named {
            return f.write_str(unit.measures);
        }
        let powers = BASES.iter().zip(self.0).filter(|(_, power)| *power != 0);
        let words = powers.map(|(base, power)| match power {
            SIXTHS => (*base).to_owned(),
            power if power % SIXTHS == 0 => format!("{base}^{}", power / SIXTHS),
            power => format!("{base}^({power}/{SIXTHS})"),
        });
        f.write_str(&words.collect::<Vec<_>>().join("·"))
    }
}

/// A unit: what it measures, and how many base units (mm, s, mol, K, kg) one of it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    dimension: Dimension,
    scale: f64,
    zero: f64,
}

/// A unit with a name.
struct Named {
    name: &'static str,
    /// Powers of length, time, amount, temperature, mass, light, euros and dollars.
    powers: [i16; 8],
    /// Base units in one of it.
    scale: f64,
    /// Base units at its zero.
    zero: f64,
    /// What it measures, in words; empty for all but the first unit of a dimension.
    measures: &'static str,
}

impl Named {
    fn dimension(&self) -> Dimension {
        Dimension(self.powers.map(|power| power * SIXTHS))
    }
}

const fn first(name: &'static str, powers: [i16; 8], scale: f64, measures: &'static str) -> Named {
    Named { name, powers, scale, zero: 0.0, measures }
}

const fn more(name: &'static str, powers: [i16; 8], scale: f64) -> Named {
    first(name, powers, scale, "")
}

const LENGTH: [i16; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
const AREA: [i16; 8] = [2, 0, 0, 0, 0, 0, 0, 0];
const VOLUME: [i16; 8] = [3, 0, 0, 0, 0, 0, 0, 0];
const TIME: [i16; 8] = [0, 1, 0, 0, 0, 0, 0, 0];
const RATE: [i16; 8] = [0, -1, 0, 0, 0, 0, 0, 0];
const AMOUNT: [i16; 8] = [0, 0, 1, 0, 0, 0, 0, 0];
const KELVIN: [i16; 8] = [0, 0, 0, 1, 0, 0, 0, 0];
const MASS: [i16; 8] = [0, 0, 0, 0, 1, 0, 0, 0];
const PRESSURE: [i16; 8] = [-1, -2, 0, 0, 1, 0, 0, 0];
const ENERGY: [i16; 8] = [2, -2, 0, 0, 1, 0, 0, 0];
const POWER: [i16; 8] = [2, -3, 0, 0, 1, 0, 0, 0];
const LIGHT: [i16; 8] = [0, 0, 0, 0, 0, 1, 0, 0];
const EUROS: [i16; 8] = [0, 0, 0, 0, 0, 0, 1, 0];
const DOLLARS: [i16; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const PLAIN: [i16; 8] = [0; 8];

const UNITS: [Named; 44] = [
    first("mm", LENGTH, 1.0, "a length"),
    more("m", LENGTH, 1e3),
    more("cm", LENGTH, 10.0),
    more("um", LENGTH, 1e-3),
    more("nm", LENGTH, 1e-6),
    first("mm2", AREA, 1.0, "an area"),
    more("m2", AREA, 1e6),
    first("ul", VOLUME, 1.0, "a volume"),
    more("nl", VOLUME, 1e-3),
    more("ml", VOLUME, 1e3),
    more("l", VOLUME, 1e6),
    more("m3", VOLUME, 1e9),
    first("s", TIME, 1.0, "a time"),
    more("us", TIME, 1e-6),
    more("ms", TIME, 1e-3),
    more("min", TIME, 60.0),
    more("h", TIME, 3600.0),
    more("d", TIME, 86400.0),
    first("hz", RATE, 1.0, "a frequency"),
    first("mol", AMOUNT, 1.0, "an amount of substance"),
    more("mmol", AMOUNT, 1e-3),
    more("umol", AMOUNT, 1e-6),
    first("k", KELVIN, 1.0, "a temperature"),
    Named { zero: ZERO_C_K, ..more("c", KELVIN, 1.0) },
    first("kg", MASS, 1.0, "a mass"),
    more("g", MASS, 1e-3),
    more("mg", MASS, 1e-6),
    more("ug", MASS, 1e-9),
    first("pa", PRESSURE, 1e-3, "a pressure"),
    more("kpa", PRESSURE, 1.0),
    more("mpa", PRESSURE, 1e3),
    more("bar", PRESSURE, 100.0),
    more("mbar", PRESSURE, 0.1),
    first("j", ENERGY, 1e6, "an energy"),
    more("kj", ENERGY, 1e9),
    first("w", POWER, 1e6, "a power"),
    first("counts", LIGHT, 1.0, "counts of light"),
    more("count", LIGHT, 1.0),
    first("eur", EUROS, 1.0, "a sum in euros"),
    first("usd", DOLLARS, 1.0, "a sum in dollars"),
    more("au", PLAIN, 1.0),
    more("percent", PLAIN, 0.01),
    more("ratio", PLAIN, 1.0),
    more("times", PLAIN, 1.0),
];

impl Unit {
    /// The unit of plain numbers.
    pub const NONE: Self = Self { dimension: Dimension::NONE, scale: 1.0, zero: 0.0 };

    /// The unit that is written like the ending of a key: `ul_per_min`, `g_per_l_h`, `c`.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split('_').collect();
        Self::of_words(&words)
    }

    /// The unit that a name ends in, the longest that can be read: µL/min for `cui_ul_per_min`. A name
    /// without such an ending is a plain number.
    pub fn of_name(name: &str) -> Self {
        let words: Vec<&str> = name.split('_').collect();
        (1..words.len()).find_map(|first| Self::of_words(&words[first..])).unwrap_or(Self::NONE)
    }

    /// Words before the first `per` multiply, those after it divide.
    fn of_words(words: &[&str]) -> Option<Self> {
        let mut unit = Self::NONE;
        let mut divides = false;
        let mut expected = true;
        for word in words {
            if *word == "per" {
                divides = true;
                expected = true;
                continue;
            }
            let one = Self::named(word)?;
            unit = if divides { unit.over(one) } else { unit.times(one) };
            expected = false;
        }
        let alone = words.len() == 1;
        match (expected, alone) {
            (true, _) => None,
            (false, true) => Self::named(words[0]),
            (false, false) => Some(unit),
        }
    }

    fn named(word: &str) -> Option<Self> {
        let unit = UNITS.iter().find(|unit| unit.name == word)?;
        Some(Self { dimension: unit.dimension(), scale: unit.scale, zero: unit.zero })
    }

    fn times(self, other: Self) -> Self {
        let dimension = self.dimension.times(other.dimension);
        Self { dimension, scale: self.scale * other.scale, zero: 0.0 }
    }

    fn over(self, other: Self) -> Self {
        let dimension = self.dimension.over(other.dimension);
        Self { dimension, scale: self.scale / other.scale, zero: 0.0 }
    }

    /// What it measures.
    pub fn dimension(self) -> Dimension {
        self.dimension
    }

    /// Whether it has a zero of its own: degrees Celsius.
    pub(super) fn is_point(self) -> bool {
        self.zero > 0.0
    }

    /// A value of this unit in base units.
    pub(super) fn to_base(self, value: f64) -> f64 {
        value * self.scale + self.zero
    }

    /// A value of base units in this unit.
    #[expect(clippy::wrong_self_convention, reason = "it converts the value, not the unit")]
    pub(super) fn from_base(self, value: f64) -> f64 {
        (value - self.zero) / self.scale
    }
}
