//! Whether a train of slugs or a liquid stays what it is: within its regime of flow, liquid, and with all dissolved.

use super::phases::{Phases, Solid};
use super::train::{Beyond, Train, Tube};
use crate::settings::Settings;

impl Train {
    /// The first number that is beyond the range in which slugs form and travel as a train, one liquid flows in layers, nothing boils
    /// and nothing falls out.
    pub fn beyond(&self, settings: &Settings) -> Option<Beyond> {
        let of_phases = || self.phases.as_ref().and_then(|phases| phases.beyond(self, settings));
        self.flow_beyond(settings).or_else(of_phases)
    }
}

/// What is brought into a tube whose liquid flows at this rate [µL/min] \[mM\].
fn brought_mm(solid: &Solid, tube: &Tube, settings: &Settings, liquid: f64) -> f64 {
    let here = solid.brought.iter().filter(|(pump, _)| tube.pumps.contains(pump));
    let brought = here.map(|(pump, mm)| mm * settings.flow(pump).ul_per_min());
    if liquid > 0.0 { brought.sum::<f64>() / liquid } else { 0.0 }
}

impl Phases {
    /// The first place where the liquid would boil, or something would fall out.
    fn beyond(&self, train: &Train, settings: &Settings) -> Option<Beyond> {
        let falls = |tube: &Tube, celsius: f64| {
            let liquid = train.liquid_ul_per_min(tube, settings);
            self.solids.iter().find_map(|solid| {
                let (there, most) =
                    (brought_mm(solid, tube, settings, liquid), solid.dissolves_mm(celsius));
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
        settings.around_c(self.heaters.get(stretch).and_then(Option::as_ref), self.room_c)
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
        let of_liquids = || {
            let behind = train.tube.iter().skip(stretch + 1).map(|t| train.tube_pa(t, settings));
            self.outlet_kpa + 1e-3 * behind.sum::<f64>()
        };
        let there = match train.passings(settings) {
            Some(passings) => passings[stretch].kpa_at(1.0),
            None => of_liquids(),
        };
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
    use crate::path::phases::salicylic_acid;
    use crate::path::{Liquid, Volatile};
    use crate::units::{FlowRate, Temperature};

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
            gas: None,
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
        let train = train(Phases { solids: vec![salicylic_acid()], ..phases() });
        let tube = |celsius, a, b| train.beyond(&settings(celsius, a, b)).map(|b| b.tube);
        assert_eq!(tube(25.0, 10.0, 20.0), None);
        assert_eq!(tube(25.0, 10.0, 10.0).as_deref(), Some("coil"));
        assert_eq!(tube(50.0, 10.0, 10.0).as_deref(), Some("outlet"));
        assert_eq!(tube(50.0, 0.0, 10.0), None);
    }
}
