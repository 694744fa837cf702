//! Whether a liquid stays one: where it would boil, and where something would fall out.
//!
//! Estimates from what is set, as those of the train: temperatures are set points, and nothing has reacted yet.

use serde::{Deserialize, Serialize};

use super::train::{Beyond, Train, Tube};
use crate::id::{HeaterId, PumpId};
use crate::math;
use crate::settings::Settings;

/// Gas constant [kJ/(mol·K)] (SI, exact).
const GAS: f64 = 8.314_462_618_153_24e-3;
/// 0 °C in K.
const ZERO_C_K: f64 = 273.15;
/// The atmosphere at which boiling points are told [kPa].
const ATMOSPHERE_KPA: f64 = 101.325;
/// Entropy of evaporation at the boiling point [kJ/(mol·K)] (Trouton 1884; ten times and a half the gas constant).
const TROUTON: f64 = 0.088;

/// What could come out of the liquid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Temperature of the room [°C].
    pub room_c: f64,
    /// Pressure behind the outlet \[kPa\].
    pub outlet_kpa: f64,
    /// The heater of each stretch of the tube.
    pub heaters: Vec<Option<HeaterId>>,
    /// The liquids, which do not mix: their vapours push together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<Volatile>,
    /// What dissolves only so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solids: Vec<Solid>,
}

/// A liquid that boils.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volatile {
    /// Its boiling point at 101.325 kPa [°C].
    pub boils_at_c: f64,
    /// Its enthalpy of evaporation [kJ/mol].
    pub evaporation_kj_per_mol: f64,
}

/// A species that dissolves only so far, and what brings it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solid {
    /// The species.
    pub name: String,
    /// What dissolves at the reference temperature \[mM\].
    pub solubility_mm: f64,
    /// The reference temperature [°C].
    pub at_c: f64,
    /// Enthalpy of solution [kJ/mol]; above 0 more dissolves where it is hotter.
    pub solution_kj_per_mol: f64,
    /// The pumps that bring it, with its concentration in their syringes \[mM\].
    pub brought: Vec<(PumpId, f64)>,
}

impl Volatile {
    /// A liquid by its boiling point; by Trouton's rule where its enthalpy of evaporation is not known.
    pub fn new(boils_at_c: f64, evaporation_kj_per_mol: Option<f64>) -> Self {
        let by_trouton = TROUTON * (boils_at_c + ZERO_C_K);
        let evaporation_kj_per_mol = evaporation_kj_per_mol.unwrap_or(by_trouton);
        Self { boils_at_c, evaporation_kj_per_mol }
    }

    /// Vapour pressure \[kPa\] by Clausius and Clapeyron: 101.325 exp(−ΔH/R (1/T − 1/Tb)).
    pub fn vapour_kpa(self, celsius: f64) -> f64 {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / (self.boils_at_c + ZERO_C_K);
        ATMOSPHERE_KPA * math::exp(-self.evaporation_kj_per_mol / GAS * inverse)
    }
}

impl Solid {
    /// What dissolves at a temperature \[mM\] by van 't Hoff: S exp(−ΔH/R (1/T − 1/T0)).
    pub fn dissolves_mm(&self, celsius: f64) -> f64 {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / (self.at_c + ZERO_C_K);
        self.solubility_mm * math::exp(-self.solution_kj_per_mol / GAS * inverse)
    }

    /// What is brought into a tube whose liquid flows at this rate [µL/min] \[mM\].
    fn brought_mm(&self, tube: &Tube, settings: &Settings, liquid: f64) -> f64 {
        let here = self.brought.iter().filter(|(pump, _)| tube.pumps.contains(pump));
        let brought = here.map(|(pump, mm)| mm * settings.flow(pump).ul_per_min());
        if liquid > 0.0 { brought.sum::<f64>() / liquid } else { 0.0 }
    }
}

impl Phases {
    /// The first place where the liquid would boil, or something would fall out.
    pub fn beyond(&self, train: &Train, settings: &Settings) -> Option<Beyond> {
        let falls = |tube: &Tube, celsius: f64| {
            let liquid = train.liquid_ul_per_min(tube, settings);
            self.solids.iter().find_map(|solid| {
                let (there, most) =
                    (solid.brought_mm(tube, settings, liquid), solid.dissolves_mm(celsius));
                (there > most).then(|| Beyond {
                    tube: tube.name.clone(),
                    what: format!(
                        "{} falls out: {there:.3} mM, of which {most:.3} mM dissolve at {celsius} °C",
                        solid.name
                    ),
                })
            })
        };
        let in_lines = || train.lines.iter().find_map(|line| falls(line, self.room_c));
        let in_tube = || {
            train.tube.iter().enumerate().find_map(|(i, tube)| {
                let celsius = self.celsius(i, settings);
                self.boils(train, settings, i, celsius).or_else(|| falls(tube, celsius))
            })
        };
        in_lines().or_else(in_tube)
    }

    /// Temperature of a stretch: the set point of its heater, or that of the room.
    fn celsius(&self, stretch: usize, settings: &Settings) -> f64 {
        let heater = self.heaters.get(stretch).and_then(Option::as_ref);
        let set = |heater: &HeaterId| settings.heaters.iter().find(|(id, _)| id == heater);
        heater.and_then(set).map_or(self.room_c, |(_, temperature)| temperature.c())
    }

    /// At the end of a stretch there is least pressure: that of the outlet, and what the stretches behind it take.
    fn boils(
        &self,
        train: &Train,
        settings: &Settings,
        stretch: usize,
        celsius: f64,
    ) -> Option<Beyond> {
        let vapour: f64 = self.volatile.iter().map(|v| v.vapour_kpa(celsius)).sum();
        let behind = train.tube.iter().skip(stretch + 1).map(|t| train.tube_pa(t, settings));
        let there = self.outlet_kpa + 1e-3 * behind.sum::<f64>();
        (vapour > there).then(|| Beyond {
            tube: train.tube[stretch].name.clone(),
            what: format!(
                "the liquid boils: its vapour of {vapour:.0} kPa at {celsius} °C is above the {there:.0} kPa there"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Liquid;
    use crate::units::{FlowRate, Temperature};

    /// Water, published: 70.1 kPa at 90 °C, 143.4 kPa at 110 °C, 198.7 kPa at 120 °C (CRC Handbook).
    #[test]
    fn vapour_pressures_are_those_of_tables() {
        let water = Volatile::new(100.0, Some(40.66));
        for (celsius, kpa) in [(90.0, 70.1), (100.0, 101.325), (110.0, 143.4), (120.0, 198.7)] {
            let found = water.vapour_kpa(celsius);
            assert!((found / kpa - 1.0).abs() < 0.01, "{celsius} °C: {found} kPa");
        }
        // Toluene by Trouton's rule: 33.7 kJ/mol instead of 33.2, and 54.2 kPa at 90 °C.
        let toluene = Volatile::new(110.6, None);
        assert!((toluene.evaporation_kj_per_mol - 33.8).abs() < 0.1);
        assert!((toluene.vapour_kpa(90.0) / 54.2 - 1.0).abs() < 0.03);
    }

    /// Twice the heat of solution of 8.314 J/(mol·K) · T² for each K: salicylic acid in water, 27 kJ/mol, 16 mM at 25 °C.
    #[test]
    fn more_dissolves_where_it_is_hotter() {
        let solid = solid(16.0, 27.0);
        assert!((solid.dissolves_mm(25.0) - 16.0).abs() < 1e-12);
        assert!((solid.dissolves_mm(50.0) / 16.0 - 2.322).abs() < 0.005);
    }

    fn solid(solubility_mm: f64, solution_kj_per_mol: f64) -> Solid {
        Solid {
            name: "acid".into(),
            solubility_mm,
            at_c: 25.0,
            solution_kj_per_mol,
            brought: vec![("a".into(), 40.0)],
        }
    }

    fn train(phases: Phases) -> Train {
        let tube = |name: &str, volume_ul| Tube {
            name: name.into(),
            bore_mm: 0.5,
            volume_ul,
            pumps: vec!["a".into(), "b".into()],
            bed: None,
        };
        Train {
            segmented: None,
            liquid: Liquid { density_kg_per_m3: 1000.0, viscosity_mpa_s: 1.0 },
            carriers: None,
            lines: vec![],
            tube: vec![tube("coil", 100.0), tube("outlet", 2000.0)],
            bears_kpa: 1000.0,
            phases: Some(phases),
        }
    }

    fn settings(celsius: f64, a: f64, b: f64) -> Settings {
        let rate = |pump: &str, rate| (pump.into(), FlowRate::from_ul_per_min(rate));
        let set = Temperature::from_c(celsius);
        Settings { heaters: vec![("bath".into(), set)], pumps: vec![rate("a", a), rate("b", b)] }
    }

    fn phases() -> Phases {
        Phases {
            room_c: 25.0,
            outlet_kpa: 100.0,
            heaters: vec![Some("bath".into()), None],
            ..Phases::default()
        }
    }

    /// Behind the coil lie 10.19 m of 0.5 mm: at 1000 µL/min they take 8 · 1e-3 · 0.0849 · 10.19/0.25e-3² = 110.7 kPa.
    #[test]
    fn a_liquid_boils_where_its_vapour_is_above_the_pressure_that_the_rest_of_the_tube_takes() {
        let train = train(Phases { volatile: vec![Volatile::new(100.0, Some(40.66))], ..phases() });
        let what = |celsius, flow| {
            train.beyond(&settings(celsius, 0.5 * flow, 0.5 * flow)).map(|b| (b.tube, b.what))
        };
        assert_eq!(what(99.0, 10.0), None);
        let (tube, why) = what(110.0, 10.0).unwrap();
        assert_eq!(tube, "coil");
        assert!(why.contains("143 kPa at 110 °C is above the 101 kPa there"), "{why}");
        assert_eq!(what(110.0, 1000.0), None);
        let (_, why) = what(125.0, 1000.0).unwrap();
        assert!(why.contains("the 211 kPa there"), "{why}");
    }

    /// 40 mM of which 16 dissolve at room temperature, and 37 at 50 °C: diluted to a third it stays, in the coil sooner.
    #[test]
    fn a_reagent_falls_out_where_more_is_brought_than_dissolves() {
        let train = train(Phases { solids: vec![solid(16.0, 27.0)], ..phases() });
        let tube = |celsius, a, b| train.beyond(&settings(celsius, a, b)).map(|b| b.tube);
        assert_eq!(tube(25.0, 10.0, 20.0), None);
        assert_eq!(tube(25.0, 10.0, 10.0).as_deref(), Some("coil"));
        assert_eq!(tube(50.0, 10.0, 10.0).as_deref(), Some("outlet"));
        assert_eq!(tube(50.0, 0.0, 10.0), None);
    }
}
