//! The manifest of the simulated rig.

use flowtwin_lab::{
    FlowPath, HeaterInfo, Level, LightInfo, Manifest, PumpId, PumpInfo, SensorInfo, SensorKind,
    SpectrometerInfo, Stretch,
    path::{self, Train, Tube},
};

use crate::model::segmentation::{LONGEST, area_mm2};
use crate::spec::{self, Rig, World};

pub(super) fn manifest(world: &World) -> Manifest {
    let rig = &world.rig;
    Manifest {
        rig: rig.name.clone(),
        simulated: true,
        level: Level::Instruments,
        pumps: pumps(rig),
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
        sensors: sensors(rig),
        path: path(rig),
    }
}

fn micros(ms: f64) -> u32 {
    (ms * 1e3).round_ties_even() as u32
}

fn pumps(rig: &Rig) -> Vec<PumpInfo> {
    rig.pumps
        .iter()
        .map(|(name, pump)| {
            let area = area_mm2(pump.bore_mm);
            PumpInfo {
                name: name.as_str().into(),
                stock: pump.stock.clone(),
                bore_mm: pump.bore_mm,
                fill_ml: pump.fill_ml,
                min_ul_per_min: 1e-3 * pump.slowest_um_per_min * area,
                max_ul_per_min: 1e3 * pump.fastest_mm_per_min * 1e-3 * area,
                stall_kpa: pump.thrust_n.map(|newtons| 1e3 * newtons / area),
            }
        })
        .collect()
}

fn sensors(rig: &Rig) -> Vec<SensorInfo> {
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
    let pumps = rig.pumps.keys().flat_map(|name| {
        let id = || name.as_str().into();
        [
            sensor(name, "status", SensorKind::Status(id())),
            sensor(name, "dispensed", SensorKind::Dispensed(id())),
        ]
    });
    heaters.chain(pumps).collect()
}

/// The line of the timed stream, then the tube.
fn path(rig: &Rig) -> FlowPath {
    let ids = |names: &[String]| names.iter().map(|n| PumpId::new(n)).collect::<Vec<_>>();
    let line = |(name, stream): (&String, &spec::Stream)| Stretch {
        name: format!("{name} line"),
        volume_ul: stream.junction_ul + stream.cold_ul + stream.hot_ul,
        pumps: ids(&stream.pumps),
        reacts: false,
    };
    let (timed, others): (Vec<_>, Vec<_>) =
        rig.streams.iter().partition(|(name, _)| **name == rig.timed_stream);
    let mut all: Vec<PumpId> = rig.streams.values().flat_map(|s| ids(&s.pumps)).collect();
    all.push(PumpId::new(&rig.carrier.pump));
    let tube = rig.tube.iter().map(|stretch| Stretch {
        name: stretch.name.clone(),
        volume_ul: stretch.volume_ul,
        pumps: all.clone(),
        reacts: stretch.reacts,
    });
    FlowPath {
        stretches: timed.into_iter().map(line).chain(tube).collect(),
        others: others.into_iter().map(line).collect(),
        train: Some(train(rig, &all)),
    }
}

/// What slugs are made of and travel through.
fn train(rig: &Rig, all: &[PumpId]) -> Train {
    let shape = &rig.segmentation;
    let liquid = |liquid: &spec::Liquid| path::Liquid {
        density_kg_per_m3: liquid.density_kg_per_m3,
        viscosity_mpa_s: 1e3 * liquid.viscosity_pa_s(rig.ambient_c),
    };
    let width_ul = shape.width_mm * area_mm2(shape.width_mm);
    let line = |(name, stream): (&String, &spec::Stream)| Tube {
        name: format!("{name} line"),
        bore_mm: stream.bore_mm,
        volume_ul: stream.cold_ul + stream.hot_ul,
        pumps: stream.pumps.iter().map(|name| PumpId::new(name)).collect(),
    };
    let tube = |stretch: &spec::Stretch| Tube {
        name: stretch.name.clone(),
        bore_mm: stretch.bore_mm,
        volume_ul: stretch.volume_ul,
        pumps: all.to_vec(),
    };
    Train {
        carrier: PumpId::new(&rig.carrier.pump),
        slug_ul: shape.epsilon * width_ul,
        growth_ul: shape.alpha * width_ul,
        longest_ul: LONGEST * width_ul,
        tension_mn_per_m: rig.carrier.interfacial_tension_mn_per_m,
        slugs: liquid(&rig.liquid),
        carriers: liquid(&rig.carrier.liquid),
        lines: rig.streams.iter().map(line).collect(),
        tube: rig.tube.iter().map(tube).collect(),
        bears_kpa: rig.max_pressure_kpa,
    }
}
