//! A train of slugs with gas between them: its estimates by hand formulas.

use super::gas::{Bubbly, Passing, Reach, gauge_kpa, l_per_mmol, pass};
use super::train::{Beyond, Flows, Train, Tube};
use crate::settings::Settings;

impl Train {
    /// How slugs pass each tube where gas is between them; none where it is not, or where nothing flows.
    ///
    /// Bubbles move with the mean here, as an operator computes times: a film of liquid at the wall does not count.
    pub(super) fn passings(&self, settings: &Settings) -> Option<Vec<Passing>> {
        let (gas, segmented) = (self.gas.as_ref()?, self.segmented.as_ref()?);
        let standard_ul_per_s = settings.flow(&segmented.carrier).ul_per_min() / 60.0;
        let reach = |(place, tube): (usize, &Tube)| {
            let liquid_ul_per_s = self.liquid_ul_per_min(tube, settings) / 60.0;
            let heater = gas.heaters.get(place).and_then(Option::as_ref);
            let celsius = settings.around_c(heater, gas.room_c);
            let nmol_per_s = standard_ul_per_s * gas.standard.mmol_per_l();
            let flows = liquid_ul_per_s + standard_ul_per_s > 0.0;
            flows.then_some(Reach {
                bore_mm: tube.bore_mm,
                volume_ul: tube.volume_ul,
                entered_c: celsius,
                around_c: celsius,
                heat_s: 1.0,
                liquid_ul_per_s,
                gas_nmol_per_s: std::array::from_fn(|_| nmol_per_s),
                viscosity_pa_s: 1e-3 * self.liquid.viscosity_mpa_s,
                resistance: 1.0,
            })
        };
        let reaches: Option<Vec<Reach>> = self.tube.iter().enumerate().map(reach).collect();
        let reaches = reaches?;
        let slugs = 60.0 * reaches.first()?.liquid_ul_per_s;
        let slug_ul = |gas: f64| segmented.slug_ul(Flows { slugs, carrier: 60.0 * gas });
        let bubbly = Bubbly {
            tension_n_per_m: 1e-3 * segmented.tension_mn_per_m,
            slug_ul: &slug_ul,
            outruns: &|_| 1.0,
        };
        Some(pass(gas.outlet_kpa, &reaches, &bubbly))
    }

    /// Time in each tube \[s\] where gas is between the slugs: ∫ dV/(Q + Qg), with the gas as hot as it is set and under the
    /// pressure that is there. None without gas.
    pub(super) fn stays_s(&self, settings: &Settings) -> Option<Vec<f64>> {
        let passings = self.passings(settings)?;
        Some(passings.iter().map(|passing| passing.stay_s).collect())
    }

    /// Pressure above that of the room where slugs form \[kPa\], with gas between them.
    pub(super) fn entry_kpa(&self, settings: &Settings) -> Option<f64> {
        self.passings(settings)?.first().map(|first| gauge_kpa(first.kpa_at(0.0)))
    }

    /// Flows where slugs form, and where they leave the tube, of gas as it is there.
    pub(super) fn ends(&self, settings: &Settings) -> Option<[Flows; 2]> {
        let passings = self.passings(settings)?;
        let first = self.tube.first().zip(passings.first().map(|passing| passing.kpa_at(0.0)))?;
        let last = self.tube.last().zip(passings.last().map(|passing| passing.kpa_at(1.0)))?;
        let there = |place: usize, (tube, kpa): (&Tube, f64)| Flows {
            slugs: self.liquid_ul_per_min(tube, settings),
            carrier: self.gas_ul_per_min(place, kpa, settings),
        };
        Some([there(0, first), there(self.tube.len() - 1, last)])
    }

    /// Flow of gas in a tube, at this pressure there [µL/min].
    fn gas_ul_per_min(&self, place: usize, kpa: f64, settings: &Settings) -> f64 {
        let (Some(gas), Some(segmented)) = (&self.gas, &self.segmented) else { return 0.0 };
        let heater = gas.heaters.get(place).and_then(Option::as_ref);
        let celsius = settings.around_c(heater, gas.room_c);
        let standard = settings.flow(&segmented.carrier).ul_per_min();
        standard * gas.standard.mmol_per_l() * l_per_mmol(celsius, kpa)
    }

    /// The first tube in which slugs and gas are no train.
    pub(super) fn bubbly_beyond(&self, settings: &Settings) -> Option<Beyond> {
        let passings = self.passings(settings)?;
        passings.iter().zip(&self.tube).enumerate().find_map(|(place, (passing, tube))| {
            let flows = Flows {
                slugs: self.liquid_ul_per_min(tube, settings),
                carrier: self.gas_ul_per_min(place, passing.kpa_at(1.0), settings),
            };
            // The gas is as light as nothing beside a liquid.
            let lighter = self.liquid.density_kg_per_m3;
            let turbulent = self.turbulent(tube, flows.total(), &[self.liquid]);
            turbulent.or_else(|| self.no_train(tube, flows, passing.capillary, lighter, settings))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{FlowPath, Gas, Liquid, Segmented, Standard, Stretch};
    use crate::units::{FlowRate, Temperature};

    /// Water and a gas in 10 m of 0.5 mm, in two pieces of which the second is heated; 400 kPa behind them.
    fn path() -> FlowPath {
        let tube = |name: &str| Tube {
            name: name.into(),
            bore_mm: 0.5,
            volume_ul: 1000.0,
            pumps: vec!["a".into(), "gas".into()],
            bed: None,
        };
        let stretch = |name: &str, volume_ul, pumps: &[&str], reacts| Stretch {
            name: name.into(),
            volume_ul,
            pumps: pumps.iter().map(|&pump| pump.into()).collect(),
            reacts,
        };
        let train = Train {
            segmented: Some(Segmented {
                carrier: "gas".into(),
                slug_ul: 2.0,
                growth_ul: 1.0,
                longest_ul: 40.0,
                tension_mn_per_m: 72.0,
            }),
            liquid: Liquid { density_kg_per_m3: 1000.0, viscosity_mpa_s: 0.9 },
            carriers: None,
            lines: vec![],
            tube: vec![tube("cold"), tube("hot")],
            bears_kpa: 1000.0,
            phases: None,
            gas: Some(Gas {
                standard: Standard { celsius: 0.0, kpa: 101.325 },
                outlet_kpa: 400.0,
                room_c: 25.0,
                heaters: vec![None, Some("bath".into())],
            }),
        };
        FlowPath {
            stretches: vec![
                stretch("a line", 50.0, &["a"], false),
                stretch("cold", 1000.0, &["a", "gas"], false),
                stretch("hot", 1000.0, &["a", "gas"], true),
            ],
            others: vec![],
            train: Some(train),
        }
    }

    fn settings(liquid: f64, gas: f64, celsius: f64) -> Settings {
        let rate = |pump: &str, rate| (pump.into(), FlowRate::from_ul_per_min(rate));
        Settings {
            heaters: vec![("bath".into(), Temperature::from_c(celsius))],
            pumps: vec![rate("a", liquid), rate("gas", gas)],
        }
    }

    /// By hand: friction of 1956 Pa/m over 10.19 m is 19.9 kPa, and about 280 caps of 13.5 Pa are 3.8 kPa. 1000 standard µL/min are
    /// 276.5 µL/min at 400 kPa and 25 °C, 369.2 at 125 °C; at the 417 and 406 kPa in the middle of each piece, 265.2 and 363.7. Beside
    /// 200 µL/min of liquid 1000 µL take 129.0 and 106.4 s; the line of 50 µL takes 15 s.
    #[test]
    fn residence_times_count_the_gas_as_hot_and_pressed_as_it_is() {
        let (path, settings) = (path(), settings(200.0, 1000.0, 125.0));
        let kpa = path.train.as_ref().unwrap().pressure_kpa(&settings);
        assert!((kpa - (298.7 + 23.7)).abs() < 0.7, "{kpa} kPa above the room");
        let hot = path.reaction_time_s(&settings);
        assert!((hot / 106.4 - 1.0).abs() < 0.003, "{hot} s");
        let whole = path.residence_time_s(&settings);
        let cold = whole - hot - 15.0;
        assert!((cold / 129.0 - 1.0).abs() < 0.003, "{cold} s");
        assert!((path.swept_s(&settings) - whole).abs() < 1e-9);
        // Standard volumes would be 50 s each, and without gas it is 300 s.
        let without = path.reaction_time_s(&self::settings(200.0, 0.0, 125.0));
        assert!((without - 300.0).abs() < 1e-9);
        assert!(path.reaction_time_s(&self::settings(0.0, 0.0, 25.0)).is_infinite());
    }

    /// 1000 standard µL/min are 261 µL/min where slugs form, at 424 kPa: L/w = ε + α Q/Qg with that.
    #[test]
    fn slugs_form_by_the_gas_that_is_there() {
        let train = path().train.unwrap();
        let slug_ul = train.slug_ul(&settings(200.0, 1000.0, 25.0));
        assert!((slug_ul - (2.0 + 200.0 / 261.0)).abs() < 0.005, "{slug_ul} µL");
        assert_eq!(train.beyond(&settings(200.0, 1000.0, 25.0)), None);
        let fast = train.beyond(&settings(20_000.0, 400_000.0, 25.0)).unwrap();
        assert!(fast.what.contains("a Reynolds number"), "{}", fast.what);
    }

    /// A slug passes the end of the tube as fast as the gas has expanded to by then.
    #[test]
    fn frames_count_the_gas_that_has_expanded() {
        let mut train = path().train.unwrap();
        let exposure = crate::Exposure { integration_us: 20_000, frames: 300 };
        let within =
            |train: &Train| train.frames_in_slugs(&settings(200.0, 1000.0, 25.0), exposure);
        let pressed = within(&train);
        train.gas.as_mut().unwrap().outlet_kpa = 101.325;
        assert!(within(&train) < 0.6 * pressed, "{} of {pressed}", within(&train));
    }
}
