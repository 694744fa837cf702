//! What a spectrometer records: slugs and carrier pass, frame after frame.

use flowtwin_lab::{Frames, Instant, Stream};

use super::{Acquisition, World};
use crate::fast;
use crate::instrument::detector::Detector;
use crate::instrument::response::Shift;
use crate::model::emission::EnergyBand;
use crate::plan::Channel;

/// The light of one acquisition.
pub(super) struct Lamp {
    /// Clear cell, in one frame [pixels].
    pub(super) clear: Vec<f32>,
    /// Brightness of each source, relative to the reference light and integration.
    pub(super) gains: Vec<f64>,
}

impl Lamp {
    /// Sources as bright as this.
    pub(super) fn shining(channel: &Channel, gains: Vec<f64>) -> Self {
        let mut clear = vec![0.0; channel.spec.pixels];
        for (source, gain) in channel.sources.iter().zip(&gains) {
            fast::add(&mut clear, *gain as f32, source);
        }
        Self { clear, gains }
    }
}

/// What one acquisition looks through.
pub(super) struct View<'a> {
    pub(super) channel: &'a Channel,
    pub(super) lamp: Lamp,
    /// Change of the window at its reference wavelength [AU].
    pub(super) window_au: f32,
    /// What its pixels show in place of their own wavelengths.
    pub(super) shift: Shift,
}

impl World {
    /// All frames of an acquisition that has ended.
    pub(crate) fn record(&mut self, number: usize, acquisition: Acquisition) -> Frames {
        let plan = self.plan.clone();
        let channel = &plan.channels[number];
        let name = format!("spectrometer/{}", channel.name);
        let mut stream = self.streams.open(&name, acquisition.number);
        let key = stream.next_u64();
        let lamp = self.lamp(channel, &acquisition, &mut stream);
        let noise = &plan.world().noise;
        let drift = noise.wavelength_drift_of(channel.name.as_str());
        let drifted_nm = drift * acquisition.began.as_secs() / 3600.0;
        let window_au = self.window_au(channel, acquisition.condition);
        let shift = self.responses[number].shift(drifted_nm);
        let view = View { channel, window_au, lamp, shift };
        let passing = self.passing(channel, &acquisition);
        let count = acquisition.exposure.frames as usize;
        let pixels = channel.spec.pixels;
        let frame_s = 1e-6 * f64::from(acquisition.exposure.integration_us);
        let mut detector = self.detector(channel).with_dark(self.responses[number].dark(frame_s));
        let carrier = self.carrier_light(&view, number);
        let mut slugs = SlugLights::default();
        let mut signal = vec![0.0; pixels];
        let mut counts = self.room(number, count * pixels);
        let flicker = self.flicker(channel) as f32;
        let swells = self.gas_l_per_mmol(channel.cell, acquisition.began);
        for frame in 0..count {
            let (from, to) = acquisition.frame(frame);
            let unsteady = 1.0 + flicker * stream.normal() as f32;
            let level = self.lights[channel.light].mean(from, to) as f32 * unsteady;
            let key = key.wrapping_add((frame as u64) << 32);
            if level <= 0.0 {
                detector.expose(std::iter::repeat_n(0.0, pixels), key, &mut counts);
                continue;
            }
            let parts = self.parts(channel.stage, swells, passing[frame], passing[frame + 1]);
            let clear = level * parts.carrier;
            // Most frames show one slug or none: their light is put together as it is counted.
            match parts.slugs[..] {
                [] => detector.expose(carrier.iter().map(|c| clear * c), key, &mut counts),
                [(slug, weight)] => {
                    let weight = level * weight;
                    let light = slugs.get(slug, || self.slug_light(&view, number, slug));
                    let both = carrier.iter().zip(light);
                    detector.expose(both.map(|(c, s)| clear * c + weight * s), key, &mut counts);
                }
                _ => {
                    fast::scaled(&mut signal, clear, &carrier);
                    for &(slug, weight) in &parts.slugs {
                        let light = slugs.get(slug, || self.slug_light(&view, number, slug));
                        fast::add(&mut signal, level * weight, light);
                    }
                    detector.expose(signal.iter().copied(), key, &mut counts);
                }
            }
        }
        self.work.frames += count as u64;
        self.work.pixels += (count * pixels) as u64;
        let frames = Frames::new(pixels, counts);
        self.taken[number] = Some(frames.clone());
        frames
    }

    /// Room for so many counts: that of the last frames, whose memory is at hand, if nobody looks at them any more.
    fn room(&mut self, number: usize, counts: usize) -> Vec<u16> {
        let mut room = self.taken[number].take().and_then(Frames::into_counts).unwrap_or_default();
        room.clear();
        room.reserve(counts);
        room
    }

    fn detector(&self, channel: &Channel) -> Detector {
        let noise = &self.plan.world().noise;
        Detector::new(&channel.spec, noise.shot, noise.read_counts_of(channel.name.as_str()))
    }

    fn flicker(&self, channel: &Channel) -> f64 {
        let name = &self.plan.light_names[channel.light];
        0.01 * self.plan.world().noise.lights.get(name).map_or(0.0, |n| n.flicker_percent)
    }

    /// The light as it is in one acquisition: each source a little off, all of them weaker with
    /// time.
    fn lamp(&self, channel: &Channel, acquisition: &Acquisition, stream: &mut Stream) -> Lamp {
        let name = &self.plan.light_names[channel.light];
        let noise = self.plan.world().noise.lights.get(name).cloned().unwrap_or_default();
        let hours = acquisition.began.as_secs() / 3600.0;
        let integration_ms = 1e-3 * f64::from(acquisition.exposure.integration_us);
        let own = self.plan.world().rig.lights[name].brightness_percent / 100.0;
        let scale =
            own * noise.left(hours) * integration_ms / channel.spec.reference_integration_ms;
        let gain = |source: usize| {
            let set = 1.0 + 0.01 * noise.set_percent * stream.normal();
            scale * set * noise.left_of(source, hours)
        };
        Lamp::shining(channel, (0..channel.sources.len()).map(gain).collect())
    }

    /// Change of the window at its reference wavelength, for one condition [AU].
    fn window_au(&self, channel: &Channel, condition: u64) -> f32 {
        let name = channel.name.as_str();
        let offset = self.plan.world().noise.window_offset_au_of(name);
        let stream = format!("spectrometer/{name}/window");
        let draw = self.streams.open(&stream, condition).normal();
        (offset * draw) as f32
    }

    /// For each beginning and end of a frame: the volume that had been pumped when what is now in
    /// the middle of the cell formed [µL]; negative for what was in the tube at the start.
    fn passing(&self, channel: &Channel, acquisition: &Acquisition) -> Vec<f64> {
        let frames = acquisition.exposure.frames as usize;
        let at = |frame| self.shown_ul(channel.cell, acquisition.frame(frame).0);
        (0..=frames).map(at).collect()
    }

    /// The volume that had been pumped when what shows in a cell formed [µL]. A tank hands on at once what enters it: where
    /// a parcel is still forming, the one before shows.
    pub(super) fn shown_ul(&self, cell: usize, at: Instant) -> f64 {
        let formed = self.formed_ul(cell, at);
        let tanks = self.plan.tube[..=cell].iter().any(|stretch| stretch.spec.tank);
        let last = self.train.slugs().iter().rev().find(|slug| slug.ended <= at);
        match last.filter(|_| tanks) {
            Some(slug) => formed.min(0.5 * (slug.from_ul + slug.to_ul)),
            None => formed,
        }
    }

    pub(super) fn formed_ul(&self, cell: usize, at: Instant) -> f64 {
        self.traced_ul(cell, 0.5, at)
    }

    /// The volume that had been pumped when what has now passed this share of a stretch formed [µL]; negative for what was
    /// in the tube at the start.
    pub(super) fn traced_ul(&self, last: usize, share: f64, at: Instant) -> f64 {
        let mut leaves = at;
        for stretch in (0..=last).rev() {
            let volume = self.plan.tube[stretch].plug_ul();
            let volume =
                if stretch == last { self.part(stretch, share, leaves) * volume } else { volume };
            if volume <= 0.0 {
                continue;
            }
            let entered = self.flow.passed(stretch, leaves) - volume;
            match self.flow.when_passed(stretch, entered) {
                Some(enters) => leaves = enters,
                None => return -1.0,
            }
        }
        self.flow.volume(self.flow.head(), leaves)
    }

    /// Parts of a frame that show carrier and each slug as they are after a stage, where a gas has this volume [L/mmol].
    pub(super) fn parts(&mut self, stage: usize, swells: Option<f64>, from: f64, to: f64) -> Parts {
        let mut parts = Parts { carrier: 1.0, slugs: Vec::new() };
        let mut index = self.train.first_beyond(from);
        while let Some(slug) = self.train.slugs().get(index).filter(|slug| slug.from_ul <= to) {
            let (from_ul, slug_to_ul) = (slug.from_ul, self.slug_to_ul(stage, swells, index));
            let weight = if to > from {
                let (begin, end) = (from_ul.max(from), slug_to_ul.min(to));
                (end - begin).max(0.0) / (to - from)
            } else {
                f64::from(u8::from(from_ul <= from && from < slug_to_ul))
            };
            if weight > 0.0 {
                parts.carrier -= weight as f32;
                parts.slugs.push((index, weight as f32));
            }
            index += 1;
        }
        parts.carrier = parts.carrier.max(0.0);
        parts
    }

    /// Where a slug ends and its carrier begins, in volume pumped as they formed [µL]. A slug that streams have joined takes
    /// more of the pair's passage, and so does one beside a gas that is pressed, or has dissolved.
    fn slug_to_ul(&mut self, stage: usize, swells: Option<f64>, index: usize) -> f64 {
        let slug = &self.train.slugs()[index];
        let (from, middle, to) = (slug.from_ul, slug.slug_to_ul, slug.to_ul);
        if let Some(l_per_mmol) = swells.filter(|_| middle > from) {
            let plan = self.plan.clone();
            let mmol_per_l = plan.quantities.in_bubbles(&self.become_of(stage, index).values);
            return from + (to - from) / (1.0 + mmol_per_l * l_per_mmol);
        }
        if self.plan.sections.len() < 2 || middle >= to {
            return middle;
        }
        let slug = (middle - from) * self.become_of(stage, index).growth;
        from + (to - from) * slug / (slug + (to - middle))
    }

    /// Light from a cell full of one slug, in one frame [pixels].
    pub(super) fn slug_light(&mut self, view: &View<'_>, number: usize, slug: usize) -> Vec<f32> {
        let View { channel, lamp, window_au, shift } = view;
        let plan = self.plan.clone();
        let values = &self.become_of(channel.stage, slug).values;
        let mut light;
        if channel.transmits {
            let mut absorbance: Vec<f32> = channel.window.iter().map(|au| window_au * au).collect();
            channel.add_absorbance(&mut absorbance, values, 1.0);
            light = lamp.clear.clone();
            fast::attenuate(&mut light, &absorbance);
        } else {
            let scattered = channel.slug_scatter(values);
            light = lamp.clear.iter().map(|light| light * scattered).collect();
            channel.add_glow(&mut light, &lamp.gains);
            let mut emitted = vec![0.0; if channel.excites.reabsorbs() { light.len() } else { 0 }];
            for band in &channel.bands {
                let counts = channel.excites.counts(band, values, &lamp.gains);
                let own = band.of_particles.map(|fwhm_ev| {
                    let band = plan.look.as_ref().and_then(|look| look.band(values, fwhm_ev));
                    let lay =
                        |(band, high): (EnergyBand, f64)| channel.lay(|nm| high * band.height(nm));
                    band.map_or_else(Vec::new, lay)
                });
                let shape = own.as_ref().unwrap_or(&band.shape);
                let sum = if emitted.is_empty() { &mut light } else { &mut emitted };
                fast::add(sum, counts, shape);
            }
            if !emitted.is_empty() {
                // Half of the bore, on average, is on its way out.
                fast::attenuate(&mut emitted, &channel.absorbance(values, 0.5));
                fast::add(&mut light, 1.0, &emitted);
            }
        }
        self.responses[number].seen(with_stray(light, channel), shift)
    }

    /// Light from a cell full of carrier, in one frame [pixels].
    pub(super) fn carrier_light(&self, view: &View<'_>, number: usize) -> Vec<f32> {
        let View { channel, lamp, shift, .. } = view;
        let mut light = lamp.clear.clone();
        if !channel.transmits {
            light.iter_mut().for_each(|light| *light *= channel.carrier_scatter);
            channel.add_glow(&mut light, &lamp.gains);
        }
        self.responses[number].seen(with_stray(light, channel), shift)
    }
}

impl Acquisition {
    /// Beginning and end of a frame.
    pub(crate) fn frame(&self, frame: usize) -> (Instant, Instant) {
        let span = 1_000 * u64::from(self.exposure.integration_us);
        let from = self.began.as_nanos() + frame as u64 * span;
        (Instant::from_nanos(from), Instant::from_nanos(from + span))
    }
}

/// Parts of a frame.
pub(super) struct Parts {
    carrier: f32,
    pub(super) slugs: Vec<(usize, f32)>,
}

/// Spectra of the slugs in view, the last few of them.
#[derive(Default)]
struct SlugLights {
    recent: Vec<(usize, Vec<f32>)>,
}

impl SlugLights {
    fn get(&mut self, slug: usize, make: impl FnOnce() -> Vec<f32>) -> &[f32] {
        let place = self.recent.iter().position(|(s, _)| *s == slug).unwrap_or_else(|| {
            if self.recent.len() >= 8 {
                self.recent.remove(0);
            }
            self.recent.push((slug, make()));
            self.recent.len() - 1
        });
        &self.recent[place].1
    }
}

/// Adds the light that goes astray in the spectrometer.
fn with_stray(mut light: Vec<f32>, channel: &Channel) -> Vec<f32> {
    let stray = 0.01 * channel.spec.stray_percent as f32 * fast::mean(&light);
    light.iter_mut().for_each(|light| *light += stray);
    light
}
