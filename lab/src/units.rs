//! Quantities at public boundaries, each stored in the unit its instrument speaks.
//!
//! A number in a file keeps the value it was written with: a flow of 92.5 µL/min is 92.5 in the scenario,
//! on the wire and in the snapshot. Kernels take plain `f64` with the unit in brackets in their docs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 0 °C in K (SI, exact).
pub const ZERO_C_K: f64 = 273.15;
/// Gas constant [kJ/(mol·K)] (SI, exact).
pub const GAS_KJ_PER_MOL_K: f64 = 8.314_462_618_153_24e-3;

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $from:ident, $get:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            #[doc = concat!("A quantity given in ", $unit, ".")]
            ///
            /// # Panics
            /// If `value` is not finite.
            pub fn $from(value: f64) -> Self {
                assert!(value.is_finite(), concat!(stringify!($name), " must be finite, not {} ", $unit), value);
                Self(value)
            }

            #[doc = concat!("The number of ", $unit, ".")]
            pub const fn $get(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                f.write_str(concat!(" ", $unit))
            }
        }
    };
}

quantity!(
    /// Volume per time that a pump delivers; positive infuses.
    FlowRate, from_ul_per_min, ul_per_min, "µL/min"
);
quantity!(
    /// Volume of liquid.
    Volume, from_ul, ul, "µL"
);
quantity!(
    /// Temperature.
    Temperature, from_c, c, "°C"
);

impl FlowRate {
    /// No flow.
    pub const ZERO: Self = Self(0.0);
}

impl Volume {
    /// The number of mL.
    pub fn ml(self) -> f64 {
        self.0 / 1000.0
    }

    /// A volume given in mL.
    pub fn from_ml(ml: f64) -> Self {
        Self::from_ul(ml * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_prints_with_its_unit() {
        assert_eq!(format!("{:.1}", FlowRate::from_ul_per_min(92.5)), "92.5 µL/min");
        assert_eq!(format!("{}", Temperature::from_c(135.0)), "135 °C");
    }

    #[test]
    #[should_panic(expected = "must be finite")]
    fn nan_is_refused() {
        let _ = Volume::from_ul(f64::NAN);
    }
}
