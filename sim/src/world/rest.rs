//! A rig at rest in the state to which its settings lead: nothing is under way, nothing is random.
//!
//! All flows have stood since long ago, plates have their set points, lines and tanks are flushed. One slug stands for
//! all: it is followed by the same code as in a run, and no frame is rendered.

use flowtwin_lab::{Instant, Settings, Span};

use super::World;
use super::record::{Lamp, View};
use super::uptake::Uptake;
use crate::engine::Engine;
use crate::instrument::detector::Detector;
use crate::instrument::heater::{self, Heater};
use crate::model::network::Inflow;
use crate::model::reaction::Stay;
use crate::model::segmentation::slug_volume_ul;
use crate::plan::{Channel, Kind, Stage};
use crate::spec;
use crate::train::{Seen, Slug};

/// So often all that is held has been flushed before somebody looks.
const FLUSHED: f64 = 100.0;
/// So many of its own residence times a tank has had.
const STIRRED: f64 = 50.0;

/// Mean counts of one spectrometer at rest, for each pixel; not rounded to whole counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Without light.
    pub dark: Vec<f64>,
    /// With light, and carrier in the cell.
    pub carrier: Vec<f64>,
    /// With light, and a slug in the cell, or the liquid where there is no carrier.
    pub slug: Vec<f64>,
}

/// When plates count as settled: those of the procedure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settle {
    /// Distance from the set point \[K\].
    pub band_k: f64,
    /// For how long they must stay within it \[s\].
    pub for_s: f64,
    /// How often somebody looks \[s\].
    pub poll_s: f64,
    /// After which time nobody waits any longer \[s\].
    pub at_most_s: f64,
}

/// How an experiment began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Begun<'a> {
    /// What was set before, until lines were full of it and plates at rest.
    pub before: &'a Settings,
    /// When pumps start after heating.
    pub settle: Settle,
    /// Time from the start of one pump to that of the next, in the order of the settings \[s\].
    pub gap_s: f64,
    /// How long ago the last one started \[s\].
    pub seconds: f64,
}

/// A frame: of which spectrometer, how long \[µs\], with how much of the usual light, and of that of each of its sources, how far
/// wavelengths have drifted \[nm\], and by how much its window has changed \[AU\].
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) number: usize,
    pub(crate) integration_us: u32,
    pub(crate) light: f64,
    pub(crate) sources: Vec<f64>,
    pub(crate) drifted_nm: f64,
    pub(crate) window_au: f64,
}

impl World {
    /// Brings the world to rest at these settings; false where nothing flows, and so nothing is seen but what was there.
    pub(crate) fn rest(&mut self, settings: &Settings) -> bool {
        let rates = self.rates_of(settings);
        self.still(settings);
        self.stand(&rates);
        self.look_at(Instant::START + Span::from_secs(self.flushed_s(&rates)));
        self.begun = None;
        self.disperse_rate(0, self.engine.now()) > 0.0
    }

    /// Brings the world to rest at what was set before, then heats and starts the pumps as the procedure does.
    pub(crate) fn begin(&mut self, settings: &Settings, begun: &Begun<'_>) -> (bool, Span) {
        let before = self.rates_of(begun.before);
        self.still(begun.before);
        let factors = self.factors(settings);
        let after = self.bubbles.at(Instant::START).map(<[_]>::to_vec);
        self.stand(&before);
        let from = Instant::START + Span::from_secs(self.flushed_s(&before));
        let warm = from + self.settle(from, settings, begun);
        let started = self.start_pumps(warm, settings, begun.gap_s, &factors);
        after.into_iter().for_each(|passings| self.bubbles.push(started, passings));
        self.begun = Some(started);
        let now = started + Span::from_secs(begun.seconds);
        self.keep_warm(warm, now);
        self.look_at(now);
        (self.disperse_rate(0, now) > 0.0, now.since(from))
    }

    /// Plates have stood at their set points since long ago, and rooms at theirs.
    pub(super) fn still(&mut self, settings: &Settings) {
        (self.at_rest, self.follows) = (true, false);
        let ambient_c = self.plan.world().rig.ambient_c;
        for (name, heater) in self.plan.heater_names.iter().zip(&mut self.heaters) {
            let set = settings.heaters.iter().find(|(h, _)| h.as_str() == name);
            heater.rest_at(set.map(|(_, at)| at.c()), ambient_c);
        }
    }

    pub(super) fn look_at(&mut self, now: Instant) {
        self.engine = Engine::new();
        let _none = self.engine.next_until(now);
    }

    /// Travel in each stretch once all flows stand at these settings and plates have their set points.
    fn factors(&mut self, settings: &Settings) -> Vec<f64> {
        let heaters = self.heaters.clone();
        self.still(settings);
        let factors = self.stand(&self.rates_of(settings));
        self.heaters = heaters;
        factors
    }

    /// Heats without flow until the procedure finds all plates within its band; returns how long that takes.
    fn settle(&mut self, from: Instant, settings: &Settings, begun: &Begun<'_>) -> Span {
        let set = |name: &String| settings.heaters.iter().find(|(h, _)| h.as_str() == name);
        let set_points: Vec<Option<f64>> =
            self.plan.heater_names.iter().map(|name| set(name).map(|(_, at)| at.c())).collect();
        for (heater, set_point) in self.heaters.iter_mut().zip(&set_points) {
            heater.begin_log(from);
            if set_point.is_some() {
                heater.set(*set_point);
            }
        }
        let Settle { band_k, for_s, poll_s, at_most_s } = begun.settle;
        let off = |heaters: &[Heater]| {
            let each = heaters.iter().zip(&set_points);
            each.filter_map(|(h, set)| Some((h.reading_c() - (*set)?).abs())).fold(0.0, f64::max)
        };
        let (mut now_s, mut within_s): (f64, Option<f64>) = (0.0, None);
        while set_points.iter().any(Option::is_some) && now_s < at_most_s {
            within_s = if off(&self.heaters) > band_k { None } else { within_s.or(Some(now_s)) };
            if within_s.is_some_and(|since| now_s - since >= for_s) {
                break;
            }
            now_s += poll_s.max(heater::TICK_S);
            let until = from + Span::from_secs(now_s);
            self.heaters.iter_mut().for_each(|heater| heater.tick_until(until, 0.0));
        }
        Span::from_secs(now_s)
    }

    /// Goes on controlling the plates while liquid takes heat.
    fn keep_warm(&mut self, from: Instant, until: Instant) {
        let at = self.begun.map_or(from, |begun| begun.max(from));
        let taken_w = self.heat_taken_w(at);
        for (heater, taken_w) in self.heaters.iter_mut().zip(taken_w) {
            heater.tick_until(until, taken_w);
        }
    }

    /// Rate of each pump [µL/s].
    pub(super) fn rates_of(&self, settings: &Settings) -> Vec<f64> {
        let rate = |(name, spec): (&String, &spec::Pump)| {
            let set = settings.pumps.iter().find(|(pump, _)| pump.as_str() == name);
            set.map_or(0.0, |(_, rate)| 0.01 * spec.delivers_percent * rate.ul_per_min() / 60.0)
        };
        self.plan.pump_names.iter().zip(&self.plan.pumps).map(rate).collect()
    }

    /// Lets flows have stood since the start; returns the travel in each stretch.
    pub(super) fn stand(&mut self, rates: &[f64]) -> Vec<f64> {
        self.bubbles.clear();
        self.uptake = Uptake::default();
        self.flow =
            std::mem::take(&mut self.flow).standing(rates, &vec![1.0; self.plan.tube.len()]);
        let factors = self.travel_factors(Instant::START);
        self.flow = std::mem::take(&mut self.flow).standing(rates, &factors);
        factors
    }

    /// Starts one pump after the other, as the procedure does; returns when the last one started.
    fn start_pumps(
        &mut self,
        from: Instant,
        settings: &Settings,
        gap_s: f64,
        factors: &[f64],
    ) -> Instant {
        let (all, mut rates) = (self.rates_of(settings), vec![0.0; self.plan.pump_names.len()]);
        let (mut at, mut gap) = (from, Span::from_secs(0.0));
        for (pump, _) in settings.pumps.iter().filter(|(_, rate)| rate.ul_per_min() > 0.0) {
            let place = self.plan.pump_names.iter().position(|name| name == pump.as_str());
            let Some(place) = place else { continue };
            at += gap;
            gap = Span::from_secs(gap_s);
            rates[place] = all[place];
            self.flow.step(at, &rates, factors);
        }
        at
    }

    /// Time after which nothing is left of what was there before [s].
    pub(super) fn flushed_s(&self, rates: &[f64]) -> f64 {
        let held = |volumes: f64, rate: f64| if rate > 0.0 { volumes / rate } else { 0.0 };
        let of_stream = |s: &crate::plan::StreamPlan| {
            let line = s.spec.cold_ul + s.spec.hot_ul + s.spec.junction_ul;
            held(line, s.pumps.iter().map(|&pump| rates[pump]).sum())
        };
        let lines = self.plan.streams.iter().map(of_stream).fold(0.0, f64::max);
        let tube = self.plan.tube.iter().map(|stretch| stretch.spec.volume_ul).sum();
        let head = self.flow.rate(self.flow.head(), Instant::START);
        FLUSHED * (lines + held(tube, head)).max(1.0)
    }

    /// What a spectrometer counts in a frame of this length: in the dark, with carrier in the cell, and with a slug.
    pub(crate) fn counts(&mut self, frame: &Frame, flows: bool) -> Counts {
        let Frame { number, integration_us, light, .. } = *frame;
        let plan = self.plan.clone();
        let channel = &plan.channels[number];
        let integration_ms = 1e-3 * f64::from(integration_us);
        let lit = &plan.world().rig.lights[&plan.light_names[channel.light]];
        let light = 0.01 * lit.brightness_percent * light;
        let scale = light * integration_ms / channel.spec.reference_integration_ms;
        let lamp = Lamp::steady(channel, scale, &frame.sources);
        let shift = self.responses[number].shift(frame.drifted_nm);
        let view = View { channel, window_au: frame.window_au as f32, lamp, shift };
        let dark = self.responses[number].dark(1e-3 * integration_ms);
        let detector = Detector::new(&channel.spec, false, 0.0).with_dark(dark);
        let carrier = self.carrier_light(&view, number);
        let slug = flows.then(|| {
            let slug = self.place_slug(channel.cell, self.engine.now());
            detector.mean(&self.slug_light(&view, number, slug))
        });
        let carrier = detector.mean(&carrier);
        Counts {
            dark: detector.mean(&vec![0.0; channel.spec.pixels]),
            slug: slug.unwrap_or_else(|| carrier.clone()),
            carrier,
        }
    }

    /// Makes the slug that is in the middle of a stretch at a moment the only one of the train, and returns its place. A
    /// liquid without a carrier has two parcels: what was pumped before the present flows, and what has been since.
    pub(super) fn place_slug(&mut self, stretch: usize, now: Instant) -> usize {
        if self.follows {
            return self.place_followed(stretch, now);
        }
        let disperse = self.disperse_rate(0, now);
        let head = self.flow.rate(self.flow.head(), now);
        let volume = match &self.plan.carrier {
            Some(carrier) if carrier.gas.is_some() => {
                slug_volume_ul(&carrier.segmentation, disperse, self.carrier_there(now))
            }
            Some(carrier) => slug_volume_ul(&carrier.segmentation, disperse, head - disperse),
            None => self.plan.parcel_ul(),
        };
        let from_ul = self.formed_ul(stretch, now) - volume;
        let slug = self.slug(from_ul, volume, volume * head / disperse);
        let begun_ul = self.begun.map(|at| self.flow.volume(self.flow.head(), at));
        let old = begun_ul.filter(|ul| self.plan.carrier.is_none() && *ul < slug.to_ul);
        let old = old.map(|ul| self.slug(ul - volume, volume, volume));
        self.train.only(old.into_iter().chain([slug]));
        self.train.slugs().len() - 1
    }

    /// A slug that began when so much had been pumped [µL], of this volume, with carrier of this volume.
    pub(super) fn slug(&self, from_ul: f64, volume: f64, with_carrier: f64) -> Slug {
        let head = self.flow.head();
        let when = |ul: f64| self.flow.when_volume(head, ul, self.engine.now());
        let to_ul = from_ul + with_carrier;
        Slug {
            began: when(from_ul),
            ended: when(to_ul),
            from_ul,
            slug_to_ul: from_ul + volume,
            to_ul,
            time_off: 0.0,
            took: None,
            seen: Vec::new(),
        }
    }

    /// What is in a tank at rest: what enters is always the same, and has for long.
    pub(super) fn rest_in_tank(&mut self, stage: usize, index: usize) {
        let plan = self.plan.clone();
        let Stage { input, kind } = plan.stages.get(stage);
        let Kind::Tank { stretch } = *kind else { unreachable!("only tanks are filled") };
        let coming = self.before(*input, index);
        let mut values = coming.values.clone();
        let spec = &plan.tube[stretch].spec;
        let now = self.engine.now();
        let flow = self.flow.rate(self.flow.in_stretch(stretch), now);
        if let Some(network) = plan.network.as_ref().filter(|_| spec.reacts && flow > 0.0) {
            let arrival = self.leg(self.train.slugs()[index].ended, 0.0, (stretch, stretch), 1.0);
            let celsius = self.tank_c(stretch, now, arrival.final_c);
            let capacity = plan.world().rig.liquid.heat_capacity_kj_per_l_k(celsius);
            let per_s = flow / spec.volume_ul;
            let stay =
                Stay { seconds: STIRRED / per_s, celsius, heat_s: spec.heat_s, contact: None };
            let inflow = Inflow { values: &coming.values, per_s };
            let mut above_k = 0.0;
            let reacted = network.stir(&mut values, &mut above_k, &stay, inflow, capacity);
            self.note(reacted);
        }
        self.remember(stage, index, Seen { values, growth: coming.growth });
    }
}

impl Lamp {
    /// A lamp that does not fluctuate; `scale` in parts of the reference exposure, and so much of each source.
    fn steady(channel: &Channel, scale: f64, sources: &[f64]) -> Self {
        Self::shining(channel, sources.iter().map(|source| scale * source).collect())
    }
}
