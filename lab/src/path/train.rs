//! The train of slugs that conditions make on a rig, and whether the rig and its frames can do with it.
//!
//! Estimates by hand formulas, from the rig of a scenario: they hold for a real rig as for a simulated one.
//! Viscosities are those of the room, which make pressures and capillary numbers the largest that can be.

use serde::{Deserialize, Serialize};

use super::bed::{Bed, Through};
use super::gas::Gas;
use super::phases::Phases;
use crate::command::Exposure;
use crate::id::PumpId;
use crate::math;
use crate::settings::Settings;

/// Acceleration of gravity [m/s²] (standard).
const GRAVITY: f64 = 9.80665;
/// Reynolds number above which flow in a tube may be turbulent.
const LAMINAR: f64 = 2000.0;
/// Capillary number beyond which the film law of Aussillous and Quéré (2000, DOI 10.1063/1.1289396) was not measured.
const FILM: f64 = 2.0;
/// Bond number Δρ g R²/γ above which gravity, not the interface, shapes a slug (Bretherton 1961, DOI
/// 10.1017/S0022112061000160).
const BOND: f64 = 0.842;
/// Share of the frames kept that must lie within slugs: sizes of slugs vary by a few per cent.
const WITHIN: f64 = 0.9;

/// What flows through the tube: slugs between a carrier, or one liquid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Train {
    /// How slugs form; none where one liquid flows alone.
    #[serde(flatten)]
    pub segmented: Option<Segmented>,
    /// The liquid of the slugs, or the only one.
    #[serde(rename = "slugs")]
    pub liquid: Liquid,
    /// The carrier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<Liquid>,
    /// Lines of one liquid, side by side.
    pub lines: Vec<Tube>,
    /// The tube behind them, stretch by stretch.
    pub tube: Vec<Tube>,
    /// The highest pressure that the rig bears \[kPa\].
    pub bears_kpa: f64,
    /// Whether the liquid stays one, where the scenario says what boils or falls out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// The gas that is the carrier, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas: Option<Gas>,
}

/// How slugs form in a carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segmented {
    /// The pump of the carrier; all others feed the slugs.
    pub carrier: PumpId,
    /// Volume of a slug at vanishing flow \[µL\].
    pub slug_ul: f64,
    /// … and its growth with the ratio of the slugs' flow to the carrier's \[µL\].
    pub growth_ul: f64,
    /// The longest slug, as a volume \[µL\].
    pub longest_ul: f64,
    /// Interfacial tension [mN/m].
    pub tension_mn_per_m: f64,
}

/// A liquid at room temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Liquid {
    /// Density [kg/m³].
    pub density_kg_per_m3: f64,
    /// Dynamic viscosity [mPa·s].
    pub viscosity_mpa_s: f64,
}

/// A round tube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tube {
    /// Its name.
    pub name: String,
    /// Inner diameter \[mm\].
    pub bore_mm: f64,
    /// Volume of the empty tube \[µL\].
    pub volume_ul: f64,
    /// The pumps whose flow passes through it.
    pub pumps: Vec<PumpId>,
    /// The bed of particles in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bed: Option<Bed>,
}

/// A number beyond what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Beyond {
    /// The tube.
    pub tube: String,
    /// What is beyond, with its number and the limit.
    pub what: String,
}

impl Tube {
    fn radius_m(&self) -> f64 {
        0.5e-3 * self.bore_mm
    }

    fn area_m2(&self) -> f64 {
        std::f64::consts::PI * self.radius_m() * self.radius_m()
    }

    fn length_m(&self) -> f64 {
        1e-9 * self.volume_ul / self.area_m2()
    }

    /// Mean speed [m/s] of a flow [µL/min].
    fn speed(&self, ul_per_min: f64) -> f64 {
        ul_per_min * 1e-9 / 60.0 / self.area_m2()
    }

    fn flow(&self, settings: &Settings) -> f64 {
        self.pumps.iter().map(|pump| settings.flow(pump).ul_per_min()).sum()
    }

    /// Hagen and Poiseuille: Δp = 8 µ U L/R² [Pa]; viscosity [Pa·s].
    fn friction_pa(&self, viscosity: f64, speed: f64) -> f64 {
        8.0 * viscosity * speed * self.length_m() / (self.radius_m() * self.radius_m())
    }
}

impl Liquid {
    fn reynolds(self, speed: f64, bore_m: f64) -> f64 {
        self.density_kg_per_m3 * speed * bore_m / (1e-3 * self.viscosity_mpa_s)
    }
}

/// Flows of slugs and carrier [µL/min].
#[derive(Clone, Copy)]
pub(super) struct Flows {
    pub(super) slugs: f64,
    pub(super) carrier: f64,
}

impl Flows {
    pub(super) fn total(self) -> f64 {
        self.slugs + self.carrier
    }
}

impl Segmented {
    pub(super) fn slug_ul(&self, Flows { slugs, carrier }: Flows) -> f64 {
        let grown = if carrier > 0.0 { self.growth_ul * slugs / carrier } else { f64::INFINITY };
        (self.slug_ul + grown).min(self.longest_ul)
    }

    /// Capillary number µ U/γ of the carrier at a speed [m/s].
    fn capillary(&self, carrier: Liquid, speed: f64) -> f64 {
        carrier.viscosity_mpa_s * speed / self.tension_mn_per_m
    }
}

impl Train {
    /// Flows of slugs and carrier in a tube.
    fn flows(&self, tube: &Tube, settings: &Settings) -> Flows {
        let all = tube.flow(settings);
        let carrier =
            self.segmented.as_ref().map_or(0.0, |s| settings.flow(&s.carrier).ul_per_min());
        Flows { slugs: all - carrier, carrier }
    }

    /// Flows where slugs form: at the head of the tube.
    fn head(&self, settings: &Settings) -> Flows {
        if let Some([head, _]) = self.ends(settings) {
            return head;
        }
        self.tube.first().map_or(Flows { slugs: 0.0, carrier: 0.0 }, |t| self.flows(t, settings))
    }

    /// Volume of a slug \[µL\]: V = V0 + k Qd/Qc (Garstecki et al. 2006, DOI 10.1039/b510841a); infinite where no carrier
    /// parts the liquid.
    pub fn slug_ul(&self, settings: &Settings) -> f64 {
        let volume = |s: &Segmented| s.slug_ul(self.head(settings));
        self.segmented.as_ref().map_or(f64::INFINITY, volume)
    }

    /// Pressure at the pumps \[kPa\]: that of the line which has most, and that of the tube behind.
    ///
    /// Hagen and Poiseuille in lines and for the bodies of slugs and carrier; for each slug the pressure that its caps take,
    /// 7.16 (3 Ca)^⅔ γ/d (Bretherton 1961, DOI 10.1017/S0022112061000160). With gas between the slugs it is that above the room,
    /// and what is behind the outlet counts.
    pub fn pressure_kpa(&self, settings: &Settings) -> f64 {
        let of_line = |line: &Tube| {
            let speed = line.speed(line.flow(settings));
            line.friction_pa(1e-3 * self.liquid.viscosity_mpa_s, speed)
        };
        let lines = self.lines.iter().map(of_line).fold(0.0, f64::max);
        if let Some(entry_kpa) = self.entry_kpa(settings) {
            return 1e-3 * lines + entry_kpa;
        }
        let tube: f64 = self.tube.iter().map(|tube| self.tube_pa(tube, settings)).sum();
        1e-3 * (lines + tube)
    }

    /// Flow of what is no carrier in a tube [µL/min].
    pub(super) fn liquid_ul_per_min(&self, tube: &Tube, settings: &Settings) -> f64 {
        let carrier = |s: &Segmented| {
            if tube.pumps.contains(&s.carrier) {
                settings.flow(&s.carrier).ul_per_min()
            } else {
                0.0
            }
        };
        tube.flow(settings) - self.segmented.as_ref().map_or(0.0, carrier)
    }

    /// Pressure that a stretch of the tube takes [Pa].
    pub(super) fn tube_pa(&self, tube: &Tube, settings: &Settings) -> f64 {
        let flows = self.flows(tube, settings);
        if flows.total() <= 0.0 {
            return 0.0;
        }
        let speed = tube.speed(flows.total());
        if let Some(bed) = tube.bed {
            let through = Through {
                density_kg_per_m3: self.liquid.density_kg_per_m3,
                viscosity_pa_s: 1e-3 * self.liquid.viscosity_mpa_s,
                superficial_m_per_s: speed,
            };
            return tube.length_m() * bed.pa_per_m(through);
        }
        let (Some(segmented), Some(carriers)) = (&self.segmented, self.carriers) else {
            return tube.friction_pa(1e-3 * self.liquid.viscosity_mpa_s, speed);
        };
        let share = flows.slugs / flows.total();
        let viscosity =
            share * self.liquid.viscosity_mpa_s + (1.0 - share) * carriers.viscosity_mpa_s;
        let count = tube.volume_ul * share / segmented.slug_ul(self.head(settings));
        let caps = math::pow(3.0 * segmented.capillary(carriers, speed), 2.0 / 3.0);
        let tension = 1e-3 * segmented.tension_mn_per_m;
        tube.friction_pa(1e-3 * viscosity, speed)
            + count * 7.16 * caps * tension / (1e-3 * tube.bore_mm)
    }

    /// The first number that is beyond the range in which slugs form and travel as a train, or one liquid flows in layers.
    pub(super) fn flow_beyond(&self, settings: &Settings) -> Option<Beyond> {
        let line = |tube: &Tube| self.turbulent(tube, tube.flow(settings), &[self.liquid]);
        if self.gas.is_some() {
            let bubbly = || self.bubbly_beyond(settings);
            return self.lines.iter().find_map(line).or_else(bubbly);
        }
        let of_tubes = || self.tube.iter().find_map(|tube| self.beyond_in(tube, settings));
        self.lines.iter().find_map(line).or_else(of_tubes)
    }

    pub(super) fn turbulent(
        &self,
        tube: &Tube,
        ul_per_min: f64,
        liquids: &[Liquid],
    ) -> Option<Beyond> {
        let (speed, bore_m) = (tube.speed(ul_per_min), 1e-3 * tube.bore_mm);
        let reynolds = liquids.iter().map(|liquid| liquid.reynolds(speed, bore_m));
        above(tube, "a Reynolds number", reynolds.fold(0.0, f64::max), LAMINAR, "is turbulent")
    }

    fn beyond_in(&self, tube: &Tube, settings: &Settings) -> Option<Beyond> {
        // Ergun's law holds far into turbulence.
        if tube.bed.is_some() {
            return None;
        }
        let flows = self.flows(tube, settings);
        let (Some(segmented), Some(carriers)) = (&self.segmented, self.carriers) else {
            return self.turbulent(tube, flows.total(), &[self.liquid]);
        };
        let lighter = (self.liquid.density_kg_per_m3 - carriers.density_kg_per_m3).abs();
        let capillary = segmented.capillary(carriers, tube.speed(flows.total()));
        let turbulent = self.turbulent(tube, flows.total(), &[self.liquid, carriers]);
        turbulent.or_else(|| self.no_train(tube, flows, capillary, lighter, settings))
    }

    /// Why slugs that flow in layers are no train in a tube, with this capillary number and this difference of densities [kg/m³].
    pub(super) fn no_train(
        &self,
        tube: &Tube,
        flows: Flows,
        capillary: f64,
        lighter: f64,
        settings: &Settings,
    ) -> Option<Beyond> {
        let segmented = self.segmented.as_ref()?;
        if flows.slugs <= 0.0 || flows.carrier <= 0.0 {
            return None;
        }
        let tension = 1e-3 * segmented.tension_mn_per_m;
        let bond = lighter * GRAVITY * tube.radius_m() * tube.radius_m() / tension;
        let sphere_ul = std::f64::consts::PI / 6.0 * tube.bore_mm * tube.bore_mm * tube.bore_mm;
        let slug_ul = segmented.slug_ul(self.head(settings));
        let drop = || Beyond {
            tube: tube.name.clone(),
            what: format!(
                "a slug of {slug_ul:.2} µL is a drop in a bore of {} mm, which takes {sphere_ul:.2} µL to fill",
                tube.bore_mm
            ),
        };
        above(tube, "a capillary number", capillary, FILM, "has no film law")
            .or_else(|| above(tube, "a Bond number", bond, BOND, "lets gravity part the liquids"))
            .or_else(|| (slug_ul < sphere_ul).then(drop))
    }

    /// Number of frames that show nothing but a slug, of those taken; all of them where no carrier parts the liquid.
    ///
    /// A slug that passes in a frames has a − 1 of them on average, where slugs follow each other after p frames.
    pub fn frames_in_slugs(&self, settings: &Settings, exposure: Exposure) -> f64 {
        let there = self.ends(settings).map(|[_, end]| end);
        let Flows { slugs, carrier } = there.unwrap_or_else(|| self.head(settings));
        let frames = f64::from(exposure.frames);
        let Some(segmented) = self.segmented.as_ref().filter(|_| slugs > 0.0) else {
            return frames;
        };
        let frame_s = 1e-6 * f64::from(exposure.integration_us);
        let slug_ul = segmented.slug_ul(self.head(settings));
        let slug = 60.0 * slug_ul / (slugs + carrier) / frame_s;
        let pair = 60.0 * slug_ul / slugs / frame_s;
        frames * (slug - 1.0).max(0.0) / pair
    }

    /// Whether the frames kept can all lie within slugs.
    pub fn resolves(&self, settings: &Settings, exposure: Exposure, keep: u32) -> bool {
        self.frames_in_slugs(settings, exposure) >= WITHIN * f64::from(keep)
    }
}

fn above(tube: &Tube, what: &str, value: f64, limit: f64, why: &str) -> Option<Beyond> {
    (value > limit).then(|| Beyond {
        tube: tube.name.clone(),
        what: format!("{what} of {value:.3} {why}: it must be at most {limit}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FlowRate;

    /// The reference rig in brief: a line of 166 µL and 750 µL of tube of 0.762 mm.
    fn train(bore_mm: f64) -> Train {
        let tube = |name: &str, bore_mm, volume_ul, pumps: &[&str]| Tube {
            name: name.into(),
            bore_mm,
            volume_ul,
            pumps: pumps.iter().map(|p| PumpId::new(p)).collect(),
            bed: None,
        };
        Train {
            segmented: Some(Segmented {
                carrier: "oil".into(),
                slug_ul: 0.695,
                growth_ul: 0.3475,
                longest_ul: 13.9,
                tension_mn_per_m: 5.0,
            }),
            liquid: Liquid { density_kg_per_m3: 789.0, viscosity_mpa_s: 4.6 },
            carriers: Some(Liquid { density_kg_per_m3: 1820.0, viscosity_mpa_s: 8.0 }),
            lines: vec![tube("line", 0.508, 166.0, &["a"])],
            tube: vec![tube("reactor", bore_mm, 750.0, &["a", "oil"])],
            bears_kpa: 1000.0,
            phases: None,
            gas: None,
        }
    }

    fn settings(slugs: f64, carrier: f64) -> Settings {
        let rate = |pump: &str, rate| (pump.into(), FlowRate::from_ul_per_min(rate));
        Settings { heaters: vec![], pumps: vec![rate("a", slugs), rate("oil", carrier)] }
    }

    /// By hand at 415 and 415 µL/min: 8 µ U L/R² of 0.819 m at 34.1 mm/s is 15.9 kPa; of 1.645 m at 30.3 mm/s with 6.3 mPa·s,
    /// 17.3 kPa; 360 slugs of 6.9 Pa each, 2.5 kPa.
    #[test]
    fn the_pressure_is_that_of_poiseuille_and_of_the_caps_of_slugs() {
        let (train, settings) = (train(0.762), settings(415.0, 415.0));
        let line = train.lines[0].friction_pa(4.6e-3, 0.03413);
        assert!((line / 15.94e3 - 1.0).abs() < 0.01, "{line} Pa");
        let whole = train.pressure_kpa(&settings);
        let caps = 359.7 * 7.16 * math::pow(3.0 * 0.04853, 2.0 / 3.0) * 5e-3 / 0.762e-3;
        let tube = 8.0 * 6.3e-3 * 0.03033 * 1.6446 / (0.381e-3 * 0.381e-3);
        assert!((whole - 1e-3 * (line + tube + caps)).abs() < 0.05, "{whole} kPa");
        assert!((25.0..50.0).contains(&whole), "{whole} kPa");
    }

    /// Pressure grows with the fourth power of a narrower bore at one length, here with the sixth at one volume.
    #[test]
    fn a_narrow_bore_takes_a_pressure_that_nothing_bears() {
        let at = |bore| train(bore).pressure_kpa(&settings(415.0, 415.0));
        assert!(at(0.05) > 1e5, "{} kPa", at(0.05));
        assert!(at(0.762) < 50.0);
    }

    #[test]
    fn slugs_are_no_train_in_a_bore_too_wide_or_too_narrow() {
        let what = |bore, flow| train(bore).beyond(&settings(flow, flow)).map(|b| b.what);
        assert_eq!(what(0.762, 415.0), None);
        assert!(what(5.0, 415.0).unwrap().starts_with("a Bond number of 12.6"));
        assert!(what(0.05, 415.0).unwrap().starts_with("a capillary number of 11"));
        assert!(what(0.762, 400_000.0).unwrap().starts_with("a Reynolds number"));
        // Water in oil of its density: nothing floats, but a slug of 1.04 µL is a drop in a bore of 2 mm.
        let mut level = train(2.0);
        level.liquid.density_kg_per_m3 = 1820.0;
        let drop = level.beyond(&settings(415.0, 415.0)).unwrap().what;
        assert!(drop.contains("is a drop in a bore of 2 mm"), "{drop}");
        assert_eq!(level.beyond(&settings(0.0, 415.0)), None);
    }

    /// One liquid alone: Hagen and Poiseuille, 8 µ U L/R² of 1.645 m at 15.2 mm/s with 4.6 mPa·s, and no frame is lost.
    #[test]
    fn one_liquid_takes_the_pressure_of_poiseuille() {
        let mut train = train(0.762);
        (train.segmented, train.carriers) = (None, None);
        train.lines.clear();
        let kpa = train.pressure_kpa(&settings(415.0, 0.0));
        assert!(
            (kpa - 1e-3 * 8.0 * 4.6e-3 * 0.015_167 * 1.6446 / (0.381e-3 * 0.381e-3)).abs() < 0.01,
            "{kpa} kPa"
        );
        let exposure = Exposure { integration_us: 20_000, frames: 300 };
        assert!((train.frames_in_slugs(&settings(415.0, 0.0), exposure) - 300.0).abs() < 1e-9);
        assert_eq!(train.beyond(&settings(415.0, 0.0)), None);
    }

    /// A train is written with the keys of its slugs beside the others, and read back.
    #[test]
    fn a_train_is_the_same_after_writing_and_reading() {
        let mut train = train(0.762);
        let text = serde_json::to_string(&train).unwrap();
        assert!(text.starts_with(r#"{"carrier":"oil","slug_ul":0.695,"#), "{text}");
        assert_eq!(serde_json::from_str::<Train>(&text).unwrap(), train);
        (train.segmented, train.carriers) = (None, None);
        let text = serde_json::to_string(&train).unwrap();
        assert_eq!(serde_json::from_str::<Train>(&text).unwrap(), train);
    }

    /// 1.04 µL at 830 µL/min pass in 75 ms: 3.8 frames of 20 ms of 7.5 to the next slug, 110 frames of 300 within slugs.
    #[test]
    fn frames_within_slugs_are_those_between_their_ends() {
        let exposure = |ms: u32| Exposure { integration_us: 1000 * ms, frames: 300 };
        let train = train(0.762);
        let within = train.frames_in_slugs(&settings(415.0, 415.0), exposure(20));
        assert!((within - 110.2).abs() < 0.3, "{within}");
        assert!(train.resolves(&settings(415.0, 415.0), exposure(20), 100));
        assert!(!train.resolves(&settings(415.0, 415.0), exposure(40), 100));
        assert!(!train.resolves(&settings(2000.0, 2000.0), exposure(20), 10));
        assert!(train.resolves(&settings(0.0, 415.0), exposure(80), 300));
    }
}
