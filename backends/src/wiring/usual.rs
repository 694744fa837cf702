//! The usual instruments for a lab, from its manifest alone.

use flowtwin_lab::{Manifest, SensorKind};

use super::Wiring;
use super::catalogue::analyser::AnalyserWiring;
use super::catalogue::chemyx::ChemyxWiring;
use super::catalogue::dc2200::Dc2200Wiring;
use super::catalogue::f4t::{DigitalInput, F4tWiring};
use super::catalogue::hdx::HdxWiring;
use super::catalogue::probe::ProbeWiring;
use super::catalogue::program::ProgramWiring;
use crate::codec::program::Kind;

impl Wiring {
    /// A wiring for any lab, for emulation: a pump to a port, a controller for all heaters and
    /// switches, an LED driver for each light, and a program for each valve, each pump that
    /// refills itself or has no syringe.
    pub fn of(manifest: &Manifest) -> Self {
        let heaters = manifest.heaters.iter().map(|h| h.name.clone());
        let permits = manifest.sensors.iter().filter(|s| s.kind.is_switch());
        let inputs = permits.zip(1..);
        let inputs = inputs.map(|(s, io)| (s.name.clone(), DigitalInput { module: 1, io }));
        let oven = F4tWiring {
            loops: heaters.zip(1..).collect(),
            inputs: inputs.collect(),
            ..F4tWiring::default()
        };
        let led = Dc2200Wiring { link: None, serial_number: None, current_a: 0.35 };
        // The pumps of the usual kind cannot draw, and have a syringe.
        let (draw, push): (Vec<_>, Vec<_>) =
            manifest.pumps.iter().partition(|p| p.refill.is_some() || !p.has_syringe());
        let pumps = push.into_iter().map(|p| p.name.to_string());
        let drawing = draw.into_iter().map(|p| (p.name.to_string(), Kind::Pump));
        let valves = manifest.valves.iter().map(|v| (v.name.to_string(), Kind::Valve));
        let programs = drawing.chain(valves).map(|(name, kind)| (name, ProgramWiring::of(kind)));
        let spectrometers = manifest.spectrometers.iter().map(|s| s.name.to_string());
        let lights = manifest.lights.iter().map(|l| l.name.to_string());
        let analysers = manifest.analysers.iter().map(|a| a.name.to_string());
        let probes = manifest.sensors.iter().filter(|s| matches!(s.kind, SensorKind::Probe(_)));
        Self {
            chemyx: pumps.map(|p| (p, ChemyxWiring::default())).collect(),
            f4t: [("f4t".to_owned(), oven)].into(),
            hdx: spectrometers.map(|s| (s, HdxWiring::default())).collect(),
            analyser: analysers.map(|a| (a, AnalyserWiring::default())).collect(),
            probe: probes.map(|s| (s.name.to_string(), ProbeWiring::default())).collect(),
            program: programs.collect(),
            dc2200: lights.map(|l| (l, led.clone())).collect(),
            ..Self::empty()
        }
    }
}
