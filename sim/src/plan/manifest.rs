//! The manifest of the simulated rig.

use flowtwin_lab::{
    AnalyserInfo, FlowPath, HeaterId, HeaterInfo, Level, LightInfo, Manifest, Position, Probe,
    PumpId, PumpInfo, RefillInfo, SensorInfo, SensorKind, SpectrometerInfo, Stretch, ValveInfo,
    path::{self, Gas, Phases, Segmented, Solid, Train, Tube, Volatile},
};

use crate::model::segmentation::{LONGEST, area_mm2};
use crate::spec::{self, Rig, World};

pub(super) fn manifest(world: &World, plan: &Joined<'_>) -> Manifest {
    let rig = &world.rig;
    Manifest {
        rig: rig.name.clone(),
        simulated: true,
        level: Level::Instruments,
        at_once: None,
        pumps: pumps(rig),
        valves: valves(rig),
        heaters: rig
            .heaters
            .iter()
            .map(|(name, heater)| HeaterInfo {
                name: name.as_str().into(),
                low_c: heater.low_c,
                high_c: heater.high_c,
                safe_c: heater.safe_c,
                still: world.noise.heaters.of(name).deviation_k <= 0.0,
            })
            .collect(),
        lights: rig.lights.keys().map(|name| LightInfo { name: name.as_str().into() }).collect(),
        spectrometers: rig
            .spectrometers
            .iter()
            .map(|(name, s)| SpectrometerInfo {
                name: name.as_str().into(),
                pixels: s.pixels,
                wavelength_coefficients: s.wavelength_coefficients,
                full_scale: s.full_scale,
                min_integration_us: micros(s.shortest_integration_ms),
                max_integration_us: micros(s.longest_integration_ms),
                nonlinearity: Vec::new(),
            })
            .collect(),
        analysers: rig
            .analysers
            .iter()
            .map(|(name, analyser)| AnalyserInfo {
                name: name.as_str().into(),
                species: analyser.peaks.iter().map(|peak| peak.of.clone()).collect(),
                run_s: 1e-3 * (1e3 * analyser.run_s).round_ties_even(),
            })
            .collect(),
        sensors: sensors(rig, plan),
        path: path(world, plan),
    }
}

fn micros(ms: f64) -> u32 {
    (ms * 1e3).round_ties_even() as u32
}

fn pumps(rig: &Rig) -> Vec<PumpInfo> {
    rig.pumps
        .iter()
        .map(|(name, pump)| {
            let [slowest, fastest] = pump.rates_ul_per_min();
            // Whole units of speed are rounded so too; the slowest of them must not lie below the limit.
            let limit = |rate: f64| match pump.steps {
                Some(_) => flowtwin_lab::math::round_decimals(rate, 6),
                None => rate,
            };
            let info = PumpInfo {
                name: name.as_str().into(),
                stock: pump.stock.clone(),
                bore_mm: pump.syringe_bore_mm(),
                fill_ml: pump.fill_ml,
                min_ul_per_min: limit(slowest),
                max_ul_per_min: limit(fastest),
                stall_kpa: pump.stall_kpa(),
                steps: pump.steps.as_ref().map(|steps| steps.of(pump.syringe_bore_mm())),
                refill: None,
                gas: None,
            };
            let refill = pump.refill.as_ref().map(|refill| RefillInfo {
                valve: refill.valve.as_str().into(),
                at: refill.at.clone(),
                ul_per_min: info.nearest_ul_per_min(refill.ul_per_min),
                settle_s: refill.settle_s,
                bottle_ml: refill.bottle_ml,
            });
            PumpInfo { refill, ..info }
        })
        .chain(rig.gases.iter().map(controller))
        .collect()
}

/// A mass-flow controller is set and read like a pump, in standard volumes.
fn controller((name, gas): (&String, &spec::Gas)) -> PumpInfo {
    PumpInfo {
        name: name.as_str().into(),
        stock: gas.stock.clone(),
        bore_mm: 0.0,
        fill_ml: 1e3 * gas.holds_l,
        min_ul_per_min: 1e3 * gas.slowest_ml_per_min,
        max_ul_per_min: 1e3 * gas.fastest_ml_per_min,
        stall_kpa: None,
        steps: None,
        refill: None,
        gas: Some(gas.standard()),
    }
}

fn valves(rig: &Rig) -> Vec<ValveInfo> {
    let position = |position: &spec::Position| Position {
        name: position.name.clone(),
        opens: ids(&position.opens),
    };
    let valve = |(name, valve): (&String, &spec::Valve)| ValveInfo {
        name: name.as_str().into(),
        positions: valve.positions.iter().map(position).collect(),
        turns_s: valve.turns_s,
    };
    rig.valves.iter().map(valve).collect()
}

fn sensors(rig: &Rig, plan: &Joined<'_>) -> Vec<SensorInfo> {
    let sensor = |name: &str, what: &str, kind| SensorInfo {
        name: format!("{name}.{what}").as_str().into(),
        kind,
    };
    let heaters = rig.heaters.keys().flat_map(|name| {
        let id = || name.as_str().into();
        [
            sensor(name, "temperature", SensorKind::Temperature(id())),
            sensor(name, "power", SensorKind::Power(name.as_str().into())),
        ]
    });
    let pumps = rig.pumps.keys().chain(rig.gases.keys()).flat_map(|name| {
        let id = || name.as_str().into();
        [
            sensor(name, "status", SensorKind::Status(id())),
            sensor(name, "dispensed", SensorKind::Dispensed(id())),
        ]
    });
    let probes = rig.sensors.iter().map(|(name, sensor)| SensorInfo {
        name: name.as_str().into(),
        kind: SensorKind::Probe(match &sensor.measures {
            spec::Measures::Concentration { of } => Probe::Concentration(of.clone()),
            spec::Measures::Temperature => Probe::Temperature,
            spec::Measures::Pressure => Probe::Pressure,
            spec::Measures::Flow => {
                let stretch = rig.tube.iter().position(|s| s.name == sensor.stretch);
                Probe::Flow(stretch.map_or_else(Vec::new, |stretch| plan.pumps_in(stretch)))
            }
            spec::Measures::Level { .. } => Probe::Level,
            spec::Measures::Mass { .. } => Probe::Mass,
            spec::Measures::Conductivity { .. } => Probe::Conductivity,
        }),
    });
    let switches = rig.switches.iter().map(|(name, switch)| SensorInfo {
        name: name.as_str().into(),
        kind: match switch.of {
            spec::Watches::Door | spec::Watches::EmergencyStop | spec::Watches::Gas => {
                SensorKind::Permit
            }
            spec::Watches::Leak => SensorKind::Leak,
        },
    });
    heaters.chain(pumps).chain(probes).chain(switches).collect()
}

/// The line of the timed stream, then the tube.
fn path(world: &World, plan: &Joined<'_>) -> FlowPath {
    let rig = &world.rig;
    let line = |(name, stream): (&String, &spec::Stream)| Stretch {
        name: format!("{name} line"),
        volume_ul: stream.junction_ul + stream.cold_ul + stream.hot_ul,
        pumps: ids(&stream.pumps),
        reacts: false,
    };
    let (timed, others): (Vec<_>, Vec<_>) =
        rig.streams.iter().partition(|(name, _)| **name == rig.timed_stream);
    let tube = rig.tube.iter().enumerate().map(|(i, stretch)| Stretch {
        name: stretch.name.clone(),
        volume_ul: stretch.liquid_ul(),
        pumps: plan.pumps_in(i),
        reacts: stretch.reacts,
    });
    FlowPath {
        stretches: timed.into_iter().map(line).chain(tube).collect(),
        others: others.into_iter().map(line).collect(),
        train: Some(train(world, plan)),
    }
}

fn ids(names: &[String]) -> Vec<PumpId> {
    names.iter().map(|n| PumpId::new(n)).collect()
}

/// Which streams have joined by which stretch.
pub(super) struct Joined<'a> {
    pub(super) rig: &'a Rig,
    /// Section of each stretch.
    pub(super) of_stretch: &'a [usize],
    /// The first section that each stream passes.
    pub(super) of_stream: &'a [usize],
}

impl Joined<'_> {
    /// Pumps whose flow passes a stretch.
    fn pumps_in(&self, stretch: usize) -> Vec<PumpId> {
        let streams = self.rig.streams.values().zip(self.of_stream);
        let joined = streams.filter(|(_, section)| **section <= self.of_stretch[stretch]);
        let mut pumps: Vec<PumpId> = joined.flat_map(|(stream, _)| ids(&stream.pumps)).collect();
        pumps.extend(self.rig.carrier.iter().map(|carrier| PumpId::new(&carrier.pump)));
        pumps
    }
}

/// What flows through the tube: slugs in a carrier, or one liquid.
fn train(world: &World, plan: &Joined<'_>) -> Train {
    let rig = &world.rig;
    let liquid = |liquid: &spec::Liquid| path::Liquid {
        density_kg_per_m3: liquid.density_kg_per_m3,
        viscosity_mpa_s: 1e3 * liquid.viscosity_pa_s(rig.ambient_c),
    };
    let line = |(name, stream): (&String, &spec::Stream)| Tube {
        name: format!("{name} line"),
        bore_mm: stream.bore_mm,
        volume_ul: stream.cold_ul + stream.hot_ul,
        pumps: ids(&stream.pumps),
        bed: None,
    };
    let tube = |(i, stretch): (usize, &spec::Stretch)| Tube {
        name: stretch.name.clone(),
        bore_mm: stretch.bore_mm,
        volume_ul: stretch.volume_ul,
        pumps: plan.pumps_in(i),
        bed: stretch.bed.as_ref().map(spec::Bed::packed),
    };
    let tubes = rig.tube.iter().enumerate().filter(|(_, stretch)| !stretch.tank).map(tube);
    let slugs = rig.carrier.as_ref().zip(rig.segmentation.as_ref()).map(|(carrier, shape)| {
        let width_ul = shape.width_mm * area_mm2(shape.width_mm);
        Segmented {
            carrier: PumpId::new(&carrier.pump),
            slug_ul: shape.epsilon * width_ul,
            growth_ul: shape.alpha * width_ul,
            longest_ul: LONGEST * width_ul,
            tension_mn_per_m: carrier.interfacial_tension_mn_per_m,
        }
    });
    Train {
        segmented: slugs,
        carriers: rig.carrier.as_ref().and_then(|carrier| carrier.liquid.as_ref()).map(liquid),
        liquid: liquid(&rig.liquid),
        lines: rig.streams.iter().map(line).collect(),
        tube: tubes.collect(),
        bears_kpa: rig.max_pressure_kpa,
        phases: phases(world),
        gas: gas(rig),
    }
}

/// The gas that is the carrier, if it is one.
fn gas(rig: &Rig) -> Option<Gas> {
    let controller = rig.gases.get(&rig.carrier.as_ref()?.pump)?;
    Some(Gas {
        standard: controller.standard(),
        outlet_kpa: rig.outlet_kpa,
        room_c: rig.ambient_c,
        heaters: rig.tube.iter().map(|s| s.heater.as_deref().map(HeaterId::new)).collect(),
    })
}

/// What could boil or fall out; none where the scenario says nothing of it.
fn phases(world: &World) -> Option<Phases> {
    let rig = &world.rig;
    let liquids =
        std::iter::once(&rig.liquid).chain(rig.carrier.iter().filter_map(|c| c.liquid.as_ref()));
    let volatile: Vec<Volatile> = liquids
        .filter_map(|l| Some(Volatile::new(l.boils_at_c?, l.evaporation_kj_per_mol)))
        .collect();
    let solid = |(name, species): (&String, &spec::Species)| {
        let held = |(pump, spec): (&String, &spec::Pump)| {
            let stock = world.stocks.get(&spec.stock)?;
            Some((PumpId::new(pump), *stock.concentrations_mm.get(name)?))
        };
        Some(Solid {
            name: name.clone(),
            solubility_mm: species.solubility_mm?,
            at_c: species.solubility_at_c,
            solution_kj_per_mol: species.solution_kj_per_mol,
            brought: rig.pumps.iter().filter_map(held).collect(),
        })
    };
    let solids: Vec<Solid> = world.chemistry.species.iter().filter_map(solid).collect();
    let heater = |stretch: &spec::Stretch| stretch.heater.as_deref().map(HeaterId::new);
    let known = !volatile.is_empty() || !solids.is_empty();
    known.then(|| Phases {
        room_c: rig.ambient_c,
        outlet_kpa: rig.outlet_kpa,
        heaters: rig.tube.iter().filter(|s| !s.tank).map(heater).collect(),
        volatile,
        solids,
    })
}
