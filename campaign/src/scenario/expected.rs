//! What an experiment yields on average: no noise, no frames, no waiting.

mod along;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use flowtwin_lab::analysis::{ChannelKind, Counts, Readings};
use flowtwin_lab::procedure::{FlushSpec, WaitSpec};
use flowtwin_lab::{Blank, Conditions, Exposure, FlowRate, Outcome, PumpId, Settings, Temperature};
use flowtwin_sim::{Begun, Plan, Settle, Steady};

use super::Scenario;
use super::simulated::Simulated;

pub use along::{Followed, commanded};

/// Expected experiments of a rig.
///
/// Plates settle, pumps start one after another, and what the lines held before comes out of them, all as the procedure has
/// it; every slug is like the next, and no frame is rendered. Samples and readings are taken in the middle of the frames. That
/// is the mean of many complete experiments as far as noise is small: the tests hold both against each other. A procedure
/// that waits until nothing changes is taken to wait for ever. Levels and masses that grow over a run, and formulas of
/// lab time or of consumed volumes, are no number.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    scenario: Cow<'a, Scenario>,
    rig: Steady,
    reference: Vec<Counts>,
    /// What flows before the first experiment.
    filling: Settings,
    /// Pumps that deliver more or less than they are set to, in parts.
    deliveries: Vec<(PumpId, f64)>,
    /// What plates are warmer than they are set to [K].
    warmer_k: f64,
    /// Readings that are off: by a factor, and by a difference.
    misread: Vec<(Reading, f64, f64)>,
}

/// A number that an instrument other than a spectrometer tells, by its place in the scenario's analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// One species of an analyser.
    Species {
        /// Which analyser.
        analyser: usize,
        /// Which of its species.
        species: usize,
    },
    /// A sensor.
    Sensor(usize),
}

/// What instruments see of an experiment that was set so.
struct Light {
    sample: Vec<Counts>,
    dark: Vec<Counts>,
    readings: Readings,
    set: Settings,
}

/// When an experiment of a run takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment<'a> {
    /// The conditions of the experiment before it; none for the first of a run.
    pub before: Option<&'a Conditions>,
    /// Time since the reference spectra were taken \[h\].
    pub hours: f64,
}

impl<'a> Expected<'a> {
    /// Expected experiments of this scenario on a rig that may differ from its own in numbers, such as rate constants.
    pub fn on(scenario: &'a Scenario, plan: &Plan) -> Self {
        Self::of(Cow::Borrowed(scenario), plan)
    }

    fn of(scenario: Cow<'a, Scenario>, plan: &Plan) -> Self {
        let spec = scenario.procedure().spec();
        let mut rig = Steady::new(plan);
        rig.set(&flush(&spec.blank));
        let first = if spec.fill.rates.is_empty() { &spec.blank } else { &spec.fill };
        let filling = flush(first);
        let mut expected = Self {
            scenario,
            rig,
            reference: Vec::new(),
            filling,
            deliveries: Vec::new(),
            warmer_k: 0.0,
            misread: Vec::new(),
        };
        expected.reference = expected.counts().map(|counts| counts.slug).collect();
        expected
    }

    /// The same rig with the reference spectra of another: that which it was when they were taken.
    pub fn after_the_blank_of(mut self, other: &Self) -> Self {
        self.reference.clone_from(&other.reference);
        self
    }

    /// Reference spectra as they may have been taken of this rig: each time one of the things was a standard deviation off that are
    /// drawn once for them, such as how bright a lamp was. All experiments of a run are read against the same ones. None where
    /// nothing is read against them.
    pub fn blanks(&self) -> Vec<Blank> {
        const KNOWN: &str = "channels have been checked against the rig";
        let mut rig = self.rig.clone();
        rig.set(&flush(&self.scenario.procedure().spec().blank));
        let mut all = Vec::new();
        let channels = self.scenario.analysis().channels().iter().enumerate();
        for (place, channel) in channels.filter(|(_, it)| it.kind == ChannelKind::Absorbance) {
            let Exposure { integration_us, .. } = channel.exposure;
            let light = rig.light_off(&channel.spectrometer, integration_us).expect(KNOWN);
            let pixels = rig.pixels_off(&channel.spectrometer, channel.exposure).expect(KNOWN);
            all.extend(light.into_iter().chain(pixels).map(|off| {
                let mut reference = self.reference.clone();
                reference[place].iter_mut().zip(off).for_each(|(counts, off)| *counts += off);
                Blank { reference, stale: false }
            }));
        }
        all
    }

    /// What features are off by where reference spectra are not this rig's but one of these at a time \[blanks × features\].
    pub fn by_blanks(
        &mut self,
        conditions: &Conditions,
        moment: &Moment<'_>,
        blanks: &[Blank],
    ) -> Vec<Vec<f64>> {
        let light = self.light(conditions, moment);
        let values = |reference: &[Counts]| -> Vec<f64> {
            let outcome = self.read(&light, conditions, reference);
            outcome.features.into_iter().map(|(_, value)| value).collect()
        };
        let here = values(&self.reference);
        let minus =
            |there: Vec<f64>| there.iter().zip(&here).map(|(there, here)| there - here).collect();
        blanks.iter().map(|blank| minus(values(&blank.reference))).collect()
    }

    /// The outcome expected at these conditions, as the first experiment of a run.
    pub fn outcome(&mut self, conditions: &Conditions) -> Outcome {
        self.at(conditions, &Moment::default())
    }

    /// The outcome expected at these conditions at a moment of a run, without spectra.
    pub fn at(&mut self, conditions: &Conditions, moment: &Moment<'_>) -> Outcome {
        self.seen(conditions, moment, false)
    }

    /// The same with its spectra: all pixels, by channel.
    pub fn with_spectra(&mut self, conditions: &Conditions, moment: &Moment<'_>) -> Outcome {
        self.seen(conditions, moment, true)
    }

    fn seen(&mut self, conditions: &Conditions, moment: &Moment<'_>, spectra: bool) -> Outcome {
        let light = self.light(conditions, moment);
        let mut outcome = self.read(&light, conditions, &self.reference);
        if spectra {
            let analysis = self.scenario.analysis();
            outcome.spectra =
                analysis.expected_spectra(&light.sample, &light.dark, &self.reference);
        }
        outcome
    }

    /// What instruments see of an experiment.
    fn light(&mut self, conditions: &Conditions, moment: &Moment<'_>) -> Light {
        let recipe = self.scenario.procedure().recipe();
        let before = moment.before.map_or_else(|| self.filling.clone(), |b| recipe.settings(b));
        let set = recipe.settings(conditions);
        let (before, settings) = (self.delivered(before), self.delivered(set.clone()));
        self.rig.last_sampled(moment.before.map(|_| &before));
        self.begin(&before, &settings);
        self.rig.age(moment.hours);
        let (mut sample, mut dark) = (Vec::new(), Vec::new());
        for counts in self.counts() {
            sample.push(counts.slug);
            dark.push(counts.dark);
        }
        Light { sample, dark, readings: self.readings(), set }
    }

    fn read(&self, light: &Light, conditions: &Conditions, reference: &[Counts]) -> Outcome {
        let Light { sample, dark, readings, set } = light;
        let analysis = self.scenario.analysis();
        let mut outcome = analysis.expected(sample, dark, reference, readings);
        let path = &self.scenario.manifest().path;
        analysis.complete_expected(&mut outcome, conditions, set, path);
        outcome
    }

    /// What analysers find and sensors read.
    fn readings(&mut self) -> Readings {
        const KNOWN: &str = "features have been checked against the rig";
        let Self { scenario, rig, misread, .. } = self;
        let analysis = scenario.analysis();
        let results = analysis.analysers().iter().map(|a| rig.results(&a.name).expect(KNOWN));
        let results: Vec<Vec<f64>> = results.collect();
        let sensors = analysis.sensors().iter().map(|sensor| rig.reading(sensor).expect(KNOWN));
        let mut readings = Readings { results, sensors: sensors.collect() };
        for (reading, factor, offset) in misread {
            let place = match *reading {
                Reading::Species { analyser, species } => &mut readings.results[analyser][species],
                Reading::Sensor(sensor) => &mut readings.sensors[sensor],
            };
            *place = *place * *factor + *offset;
        }
        readings
    }

    /// Lets an instrument tell so much of what is there, and so much more, from now on.
    ///
    /// # Panics
    /// When an experiment is expected, if the scenario's features come from no such reading.
    pub fn misread(&mut self, reading: Reading, factor: f64, offset: f64) {
        self.misread.retain(|(known, ..)| *known != reading);
        self.misread.push((reading, factor, offset));
    }

    /// Lets a pump deliver so much of what it is set to, from now on.
    pub fn deliver(&mut self, pump: &PumpId, part: f64) {
        self.deliveries.retain(|(known, _)| known != pump);
        self.deliveries.push((pump.clone(), part));
    }

    /// Lets all plates be so much warmer than they are set to, from now on \[K\].
    pub fn warm(&mut self, warmer_k: f64) {
        self.warmer_k = warmer_k;
    }

    /// What comes of settings: pumps deliver what they do, plates are as warm as they are.
    fn delivered(&self, mut settings: Settings) -> Settings {
        for (pump, rate) in &mut settings.pumps {
            if let Some((_, part)) = self.deliveries.iter().find(|(known, _)| known == pump) {
                *rate = FlowRate::from_ul_per_min(part * rate.ul_per_min());
            }
        }
        for (_, set_point) in &mut settings.heaters {
            *set_point = Temperature::from_c(set_point.c() + self.warmer_k);
        }
        settings
    }

    fn begin(&mut self, before: &Settings, settings: &Settings) {
        let spec = self.scenario.procedure().spec();
        let Some(seconds) = self.seen_after_s(settings) else { return self.rig.set(settings) };
        let settle = Settle {
            band_k: spec.settle_band_k,
            for_s: spec.settle_for_s,
            poll_s: spec.poll_s,
            at_most_s: spec.settle_timeout_s,
        };
        self.rig.begin(settings, &Begun { before, settle, gap_s: spec.pump_gap_s, seconds });
    }

    /// How long liquid has flowed in the middle of the frames \[s\]; none where the procedure waits until nothing changes.
    fn seen_after_s(&self, settings: &Settings) -> Option<f64> {
        let WaitSpec::ResidenceTimes(times) = self.scenario.procedure().spec().wait else {
            return None;
        };
        let channels = self.scenario.analysis().channels().iter();
        let frames = channels.map(|channel| {
            let exposure = channel.exposure;
            1e-6 * f64::from(exposure.integration_us) * f64::from(exposure.frames)
        });
        let waits = times * self.scenario.manifest().path.residence_time_s(settings);
        Some(waits + 0.5 * frames.fold(0.0, f64::max)).filter(|seconds| seconds.is_finite())
    }

    fn counts(&mut self) -> impl Iterator<Item = flowtwin_sim::Counts> {
        let Self { scenario, rig, .. } = self;
        scenario.analysis().channels().iter().map(|channel| {
            rig.counts(&channel.spectrometer, channel.exposure.integration_us)
                .expect("channels have been checked against the rig")
        })
    }
}

impl Expected<'static> {
    /// The same of a scenario that it keeps.
    pub fn owned(scenario: Scenario, plan: &Plan) -> Self {
        Self::of(Cow::Owned(scenario), plan)
    }
}

/// The settings of a flush at room temperature.
fn flush(spec: &FlushSpec) -> Settings {
    let rates = spec.rates.iter();
    let pumps = rates.map(|r| (r.pump.clone(), FlowRate::from_ul_per_min(r.ul_per_min)));
    Settings { heaters: Vec::new(), pumps: pumps.collect() }
}

impl<'a> Simulated<'a> {
    /// Expected experiments of the rig.
    pub fn expected(self) -> Expected<'a> {
        Expected::on(self.scenario, self.plan)
    }
}
