//! The way of one slug: where its liquid came from, how long and how hot it was.

use flowtwin_lab::{Instant, math};

use super::World;
use crate::model::dispersion::relative_variance;
use crate::model::kernel::Kernel;
use crate::model::liquid::{STAY_STEPS, diffusivity_m2_per_s, stay_nodes};
use crate::model::reaction::{Stay, together};
use crate::model::segmentation::area_mm2;
use crate::spec::TimeBase;
use crate::train::Slug;

/// A line of no more than this is no line: what enters leaves at once [µL].
const NO_LINE_UL: f64 = 1e-6;

/// The way of a slug through the tube.
pub(super) struct Journey {
    /// Stays in the reacting stretches.
    pub(super) stays: Vec<Stay>,
    /// Temperature at their end [°C].
    pub(super) final_c: f64,
    /// Mean total flow in them [µL/min].
    pub(super) flow_ul_per_min: f64,
    /// When it leaves the last of its stretches; none where it has not yet.
    pub(super) left: Option<Instant>,
    /// Stretches on the way, seconds in each, and the mean of the temperatures at its ends [°C].
    pub(super) passed: Vec<(usize, f64, f64)>,
}

impl World {
    /// All quantities in a slug as it forms, of a liquid of this temperature [°C].
    pub(super) fn fresh(&self, slug: &Slug, celsius: f64) -> Box<[f64]> {
        let shares = self.shares(slug, midway(slug.began, slug.ended));
        let quantities = &self.plan.quantities;
        let mut values = vec![0.0; quantities.len()];
        quantities.fill(&mut values, &shares, celsius);
        let liquid = slug.slug_to_ul - slug.from_ul;
        if liquid > 0.0 {
            quantities.fill_bubbles(&mut values, (slug.to_ul - slug.slug_to_ul) / liquid);
        }
        values.into()
    }

    /// Share of each pump's liquid in a slug that formed around `middle`; they sum to less than one while lines still hold
    /// their first filling, which is blank.
    pub(super) fn shares(&self, slug: &Slug, middle: Instant) -> Vec<f64> {
        let mut shares = vec![0.0; self.pumps.len()];
        let volumes = self.volumes(slug);
        let whole: f64 = volumes.iter().sum();
        if whole <= 0.0 {
            return shares;
        }
        for (stream, volume) in volumes.into_iter().enumerate() {
            self.add_outflow(stream, middle, volume / whole, &mut shares);
        }
        shares
    }

    /// What a slug holds of each stream as it forms [streams] [µL].
    pub(super) fn volumes(&self, slug: &Slug) -> Vec<f64> {
        let given = |stream: usize| {
            if self.plan.streams[stream].section > 0 {
                return 0.0;
            }
            let column = self.flow.stream(stream);
            self.flow.volume(column, slug.ended) - self.flow.volume(column, slug.began)
        };
        match &slug.took {
            Some(took) => took.to_vec(),
            None => (0..self.plan.streams.len()).map(given).collect(),
        }
    }

    /// Adds `weight` times the composition that leaves a stream's line at a moment, by pump.
    pub(super) fn add_outflow(&self, stream: usize, at: Instant, weight: f64, shares: &mut [f64]) {
        let plan = &self.plan.streams[stream];
        let column = self.flow.stream(stream);
        let segment = self.flow.segment(at);
        let seconds = self.flow.elapsed(segment, at);
        let present = |column: usize| self.flow.course(segment, column).at(seconds);
        let leaving = present(column);
        let line_ul = plan.spec.cold_ul + plan.spec.hot_ul + plan.spec.junction_ul;
        let line_ul = line_ul.max(NO_LINE_UL);
        let kernel = self.kernel(stream, leaving, line_ul, at);
        let history = &self.flow.volumes(column)[..=segment];
        let per_volume = of_what_entered(&kernel, leaving, line_ul, weight, history);
        for &pump in &plan.pumps {
            let (mut end, mut sum) = (present(pump), 0.0);
            let volumes = self.flow.volumes(pump)[..=segment].iter().rev();
            for (per_volume, &begin) in per_volume.iter().zip(volumes) {
                sum += per_volume * (end - begin);
                end = begin;
            }
            shares[pump] += sum;
        }
    }

    /// The distribution of transit through a line, for what leaves it now, and how it changes.
    fn kernel(&self, stream: usize, leaving: f64, line_ul: f64, at: Instant) -> Kernel {
        /// Time over which the change is taken: the grid of flows [s].
        const OVER_S: f64 = 1.0;
        let sigma = self.line_sigma(stream, leaving, at);
        let earlier = Instant::from_secs((at.as_secs() - OVER_S).max(0.0));
        let left = self.flow.volume(self.flow.stream(stream), earlier);
        let before = self.line_sigma(stream, left, earlier);
        Kernel::changing(sigma, before, (leaving - left) / line_ul)
    }

    /// Relative standard deviation of the volume in which liquid passes a line, for what leaves it
    /// now. Liquid that stands still does not spread along the line.
    fn line_sigma(&self, stream: usize, leaving: f64, at: Instant) -> f64 {
        let plan = &self.plan.streams[stream];
        let spec = &plan.spec;
        let line_ul = spec.cold_ul + spec.hot_ul + spec.junction_ul;
        if line_ul <= NO_LINE_UL {
            return 0.0;
        }
        let column = self.flow.stream(stream);
        let since = self.flow.when_volume(column, leaving - line_ul, at);
        let seconds = self.flow.moving_s(column, since, at);
        let ambient = self.plan.world().rig.ambient_c;
        let zone = plan.heater.map_or(ambient, |h| self.heaters[h].zone_at_c(at));
        let part = |volume_ul: f64, celsius: f64| {
            let liquid = &self.plan.world().rig.liquid;
            let spread = spec.radial_enhancement
                * diffusivity_m2_per_s(liquid, celsius, spec.hydrodynamic_radius_nm);
            let length_m = 1e-3 * volume_ul / area_mm2(spec.bore_mm);
            let stay_s = seconds * volume_ul / line_ul / liquid.volume_factor(celsius);
            let radius_m = 0.5e-3 * spec.bore_mm;
            volume_ul * volume_ul * relative_variance(radius_m, length_m, spread, stay_s)
        };
        let junction = spec.junction_ul * spec.junction_ul;
        let variance = part(spec.cold_ul, ambient) + part(spec.hot_ul, zone) + junction;
        variance.sqrt() / line_ul
    }

    /// The way of a slug through the tube, as far as the last stretch that reacts.
    pub(super) fn journey(&self, formed: Instant, time_off: f64) -> Journey {
        let last = self.plan.tube.iter().rposition(|s| s.spec.reacts);
        self.leg(formed, time_off, (0, last.map_or(0, |l| l + 1)), 1.0)
    }

    /// Volume that has been pumped through a stretch between two moments [µL].
    fn pumped_ul(&self, stretch: usize, from: Instant, to: Instant) -> f64 {
        let column = self.flow.in_stretch(stretch);
        self.flow.volume(column, to) - self.flow.volume(column, from)
    }

    /// At rest, what reacts at nearly one temperature is followed in one go.
    fn as_few(&self, stays: Vec<Stay>) -> Vec<Stay> {
        if self.at_rest && self.plan.network.is_some() { together(&stays) } else { stays }
    }

    /// The part of a slug's way that leads through the stretches from `from` to before `to`, of the last one this share.
    pub(super) fn leg(
        &self,
        formed: Instant,
        time_off: f64,
        (from, to): (usize, usize),
        last_share: f64,
    ) -> Journey {
        let plan = &self.plan;
        let nominal = plan.world().chemistry.time_base() == TimeBase::Nominal;
        let mut celsius = self.formation_c(formed);
        let mut journey = Journey {
            stays: Vec::new(),
            final_c: celsius,
            flow_ul_per_min: 0.0,
            left: Some(formed),
            passed: Vec::new(),
        };
        let (mut enters, mut pumped, mut reacting_s) = (formed, 0.0, 0.0);
        for (i, stretch) in plan.tube.iter().enumerate().take(to) {
            celsius = self.joined_c(i, enters, celsius);
            if stretch.spec.tank {
                celsius = self.tank_c(i, enters, celsius);
                continue;
            }
            let share = if i + 1 == to { self.part(i, last_share, enters) } else { 1.0 };
            let passed = self.flow.passed(i, enters) + share * stretch.spec.volume_ul;
            let Some(leaves) = self.flow.when_passed(i, passed) else {
                journey.left = None;
                break;
            };
            let seconds = leaves.since(enters).as_secs();
            let middle = midway(enters, leaves);
            let counted =
                if nominal { self.flow.factor(i, middle) } else { 1.0 } * (1.0 + time_off);
            let counts = stretch.spec.reacts && i >= from;
            let entered_c = celsius;
            let nodes = stay_nodes(seconds);
            for n in 0..STAY_STEPS {
                let step = nodes[n + 1] - nodes[n];
                let at = Instant::from_secs(enters.as_secs() + nodes[n] + 0.5 * step);
                let around = stretch
                    .heater
                    .map_or(plan.world().rig.ambient_c, |h| self.heaters[h].zone_at_c(at));
                let half = math::exp(-0.5 * step / stretch.spec.heat_s);
                let mid_c = around + (celsius - around) * half;
                celsius = around + (celsius - around) * half * half;
                if counts {
                    let time = share * (nodes[n] + 0.5 * step) / seconds;
                    let contact = self.contact(i, enters, time, mid_c);
                    let (seconds, heat_s) = (step * counted, stretch.spec.heat_s);
                    journey.stays.push(Stay { seconds, celsius: mid_c, heat_s, contact });
                }
            }
            if counts {
                pumped += self.pumped_ul(i, enters, leaves);
                reacting_s += seconds;
                journey.final_c = celsius;
            }
            if i >= from {
                journey.passed.push((i, seconds, 0.5 * (entered_c + celsius)));
            }
            enters = leaves;
            journey.left = Some(leaves);
        }
        if reacting_s > 0.0 {
            journey.flow_ul_per_min = 60.0 * pumped / reacting_s;
        }
        journey.stays = self.as_few(journey.stays);
        journey
    }
}

/// Share of what leaves a line now for each volume that entered it, segment by segment back from the present, times
/// `weight` [1/µL].
///
/// `volumes` that had entered at the beginning of each segment, oldest first; `leaving`, the volume that has by now [µL].
fn of_what_entered(
    kernel: &Kernel,
    leaving: f64,
    line_ul: f64,
    weight: f64,
    volumes: &[f64],
) -> Vec<f64> {
    let mut shares = Vec::with_capacity(volumes.len().min(1024));
    let mut last = 0.0;
    for begin in volumes.iter().rev() {
        // Where flows change by a large factor the tails of the distribution would fall: a share never does.
        let share = kernel.share((leaving - begin) / line_ul).clamp(last, 1.0);
        last = share;
        shares.push(share);
        if share >= 1.0 - 1e-9 {
            break;
        }
    }
    let part = |entered: f64, share: f64| {
        if entered > 0.0 { weight * share / entered } else { 0.0 }
    };
    let mut parts = Vec::with_capacity(shares.len());
    parts.push(part(leaving - volumes[volumes.len() - 1], shares[0]));
    let segments = volumes.windows(2).rev().zip(shares.windows(2));
    parts.extend(
        segments.map(|(volumes, shares)| part(volumes[1] - volumes[0], shares[1] - shares[0])),
    );
    parts
}

pub(super) fn midway(a: Instant, b: Instant) -> Instant {
    Instant::from_nanos(a.as_nanos() + (b.as_nanos() - a.as_nanos()) / 2)
}
