//! What a rig yields on average, without waiting for it: a complete experiment's counts without noise and without frames.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowtwin_lab::{
    AnalyserId, Exposure, Instant, SensorInfo, SensorKind, Settings, Span, SpectrometerId, Streams,
};

use crate::plan::Plan;
use crate::spec::{LightNoise, Measures, Noise};
use crate::work::Work;
use crate::world::{Begun, Counts, Frame, World};

/// A simulated rig that is always at rest in the state to which its settings lead.
///
/// Flows have stood since long ago, plates have their set points, and nothing is random. Slugs are followed by
/// the same equations as in [`crate::SimLab`]. One slug stands for all, so what differs between them (irregular trains,
/// mishaps) is left out.
#[derive(Clone, Debug)]
pub struct Steady {
    world: World,
    plan: Arc<Plan>,
    /// How each light loses its light.
    drift: BTreeMap<String, LightNoise>,
    /// All that is random, of which nothing shows.
    noise: Noise,
    /// How far the wavelengths of each spectrometer drift [nm/h].
    wavelength_drift: Vec<f64>,
    /// Steady drift of each sensor in the line [its unit/h].
    sensor_drift: BTreeMap<String, f64>,
    hours: f64,
    flows: bool,
    /// When what it follows began.
    began: Instant,
}

impl Steady {
    /// A rig at room temperature, without flow.
    pub fn new(plan: &Plan) -> Self {
        let lights = plan.world().noise.lights.iter();
        let drift = lights.map(|(name, noise)| (name.clone(), noise.clone())).collect();
        let noise = plan.world().noise.clone();
        let channels = plan.channels.iter();
        let wavelength_drift =
            channels.map(|channel| noise.wavelength_drift_of(channel.name.as_str())).collect();
        let sensors = plan.world().noise.sensors.iter();
        let sensor_drift = sensors.map(|(name, noise)| (name.clone(), noise.drift_per_h)).collect();
        let plan = Arc::new(plan.noiseless());
        let mut world = World::new(plan.clone(), Streams::new(0));
        let flows = world.rest(&Settings::default());
        let began = Instant::START;
        Self { world, plan, drift, noise, wavelength_drift, sensor_drift, hours: 0.0, flows, began }
    }

    /// Brings the rig to rest at these settings: pumps that are not named stand, heaters that are not named are cold.
    pub fn set(&mut self, settings: &Settings) {
        self.flows = self.world.rest(settings);
    }

    /// The same, looked at soon after these settings began: plates have just settled, and what was in the lines before
    /// still comes out of them. Returns the time since they began.
    pub fn begin(&mut self, settings: &Settings, begun: &Begun<'_>) -> Span {
        let (flows, span) = self.world.begin(settings, begun);
        self.flows = flows;
        span
    }

    /// Lets flows change while liquid is on its way, as on a ramp: flows and plates have stood as `before` has it, then follow
    /// these settings, each from so many seconds after the first on. Heaters have the set points of the first. What shows is
    /// told by [`Steady::look`], in order of time. A stirred tank holds what enters it at that moment: this is not for rigs with tanks.
    pub fn follow(&mut self, before: &Settings, course: &[(f64, Settings)]) {
        self.began = self.world.follow(before, course);
    }

    /// Looks at what it follows so many seconds after that began.
    pub fn look(&mut self, seconds: f64) {
        self.flows = self.world.look(self.began + Span::from_secs(seconds));
    }

    /// When liquid entered that is in the cell of a spectrometer now, since what it follows began \[s\]; none where there is no
    /// such spectrometer.
    pub fn entered_s(&self, spectrometer: &SpectrometerId) -> Option<f64> {
        let channel = self.plan.channels.iter().find(|c| c.name == *spectrometer)?;
        let formed = self.world.entered(channel.cell, self.world.engine.now());
        Some(formed.as_secs() - self.began.as_secs())
    }

    /// Lets lights and sensors be as old as they are so many hours after the start of a run: they have faded and drifted.
    pub fn age(&mut self, hours: f64) {
        self.hours = hours;
    }

    /// What a spectrometer counts in one frame of this length \[µs\]; none where there is no such spectrometer.
    pub fn counts(&mut self, spectrometer: &SpectrometerId, integration_us: u32) -> Option<Counts> {
        let frame = self.frame(spectrometer, integration_us)?;
        Some(self.world.counts(&frame, self.flows))
    }

    /// What the mean counts of a spectrometer are off by, with what is in the cell at rest, where one of the things is a standard
    /// deviation off that are drawn once for all frames of an acquisition \[things × pixels\]: how bright each source of the light is,
    /// and how much the window has changed. None where there is no such spectrometer.
    pub fn light_off(
        &mut self,
        spectrometer: &SpectrometerId,
        integration_us: u32,
    ) -> Option<Vec<Vec<f64>>> {
        let frame = self.frame(spectrometer, integration_us)?;
        let plan = self.plan.clone();
        let channel = &plan.channels[frame.number];
        let set = self.drift.get(&plan.light_names[channel.light]).map_or(0.0, |n| n.set_percent);
        let brighter = (0..frame.sources.len()).filter(|_| set > 0.0).map(|source| {
            let mut frame = frame.clone();
            frame.sources[source] *= 1.0 + 0.01 * set;
            frame
        });
        let offset_au = self.noise.window_offset_au_of(channel.name.as_str());
        let shows = offset_au > 0.0 && !channel.window.is_empty();
        let hazier = shows.then(|| Frame { window_au: offset_au, ..frame.clone() });
        let frames: Vec<Frame> = brighter.chain(hazier).collect();
        let here = self.world.counts(&frame, self.flows).slug;
        let off = |frame: Frame| {
            let there = self.world.counts(&frame, self.flows).slug;
            there.iter().zip(&here).map(|(there, here)| there - here).collect()
        };
        Some(frames.into_iter().map(off).collect())
    }

    /// What the mean counts of all frames of an exposure are off by because light comes in photons and detectors are read with noise,
    /// drawn a few times \[draws × pixels\]: the squares of these add up to its variance. Empty without such noise; none where there is
    /// no such spectrometer.
    pub fn pixels_off(
        &mut self,
        spectrometer: &SpectrometerId,
        exposure: Exposure,
    ) -> Option<Vec<Vec<f64>>> {
        const DRAWS: u32 = 4;
        let frame = self.frame(spectrometer, exposure.integration_us)?;
        let spec = &self.plan.channels[frame.number].spec;
        let shot = if self.noise.shot { spec.electrons_per_count.recip() } else { 0.0 };
        let read = self.noise.read_counts_of(spectrometer.as_str());
        if shot <= 0.0 && read <= 0.0 {
            return Some(Vec::new());
        }
        let offset_counts = spec.offset_counts;
        let here = self.world.counts(&frame, self.flows).slug;
        let numbers = f64::from(DRAWS) * f64::from(exposure.frames.max(1));
        let deviation = |counts: &f64| {
            ((shot * (counts - offset_counts).max(0.0) + read * read) / numbers).sqrt()
        };
        let drawn = |draw: u32| {
            let mut stream = Streams::new(0).open(&format!("pixels/{spectrometer}"), draw.into());
            here.iter().map(|counts| deviation(counts) * stream.normal()).collect()
        };
        Some((0..DRAWS).map(drawn).collect())
    }

    fn frame(&self, spectrometer: &SpectrometerId, integration_us: u32) -> Option<Frame> {
        let number = self.plan.channels.iter().position(|c| c.name == *spectrometer)?;
        let channel = &self.plan.channels[number];
        let noise = self.drift.get(&self.plan.light_names[channel.light]);
        let of_source = |i| noise.map_or(1.0, |noise| noise.left_of(i, self.hours));
        Some(Frame {
            number,
            integration_us,
            light: noise.map_or(1.0, |noise| noise.left(self.hours)),
            sources: (0..channel.sources.len()).map(of_source).collect(),
            drifted_nm: self.wavelength_drift[number] * self.hours,
            window_au: 0.0,
        })
    }

    /// Lets the last sample of every analyser that carries over have been taken at these settings, at rest; or none at all.
    pub fn last_sampled(&mut self, settings: Option<&Settings>) {
        self.world.rinse_analysers();
        let carries = |number: &usize| self.plan.analysers[*number].spec.carry_over_percent > 0.0;
        let carrying: Vec<usize> = (0..self.plan.analysers.len()).filter(carries).collect();
        let Some(settings) = settings.filter(|_| !carrying.is_empty()) else { return };
        if self.world.rest(settings) {
            carrying.into_iter().for_each(|number| self.world.take_at_rest(number));
        }
    }

    /// What an analyser finds in a sample, in the order of its species \[mM\]: no number where nothing flows; none where there
    /// is no such analyser.
    pub fn results(&mut self, analyser: &AnalyserId) -> Option<Vec<f64>> {
        let number = self.plan.analysers.iter().position(|known| known.name == *analyser)?;
        match self.flows {
            true => Some(self.world.results_at_rest(number)),
            false => Some(vec![f64::NAN; self.plan.analysers[number].spec.peaks.len()]),
        }
    }

    /// What a sensor in the line or the thermometer of a heater reads, in its unit; none where there is no such sensor. What
    /// grows over a run, a level or a mass, is not a number: a rig at rest has no beginning.
    pub fn reading(&mut self, sensor: &SensorInfo) -> Option<f64> {
        if let SensorKind::Temperature(heater) = &sensor.kind {
            let number = self.plan.heater_names.iter().position(|name| name == heater.as_str())?;
            return Some(self.world.plate_reading_c(number));
        }
        let number = self.plan.sensors.iter().position(|s| s.name == sensor.name.as_str())?;
        let drift = self.sensor_drift.get(sensor.name.as_str()).copied().unwrap_or(0.0);
        let measures = &self.plan.sensors[number].spec.measures;
        let grows = matches!(measures, Measures::Level { .. } | Measures::Mass { .. });
        match self.flows && !grows {
            true => Some(self.world.reading_at_rest(number) + drift * self.hours),
            false => Some(f64::NAN),
        }
    }

    /// Work done so far: reactions, and no frame.
    pub fn work(&self) -> Work {
        self.world.work
    }
}
