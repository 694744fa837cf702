//! What has become of a slug, or of a parcel of a single liquid, after each stage on its way.

use flowtwin_lab::{Instant, path};

use super::World;
use super::mixing::Feed;
use super::slug::{Journey, midway};
use crate::model::dispersion::relative_variance;
use crate::model::kernel::{Kernel, PARTS, few};
use crate::model::liquid::diffusivity_m2_per_s;
use crate::model::network::RunsAway;
use crate::model::reaction::{self, Stay};
use crate::model::segmentation::{area_mm2, effectiveness, slug_volume_ul};
use crate::plan::Kind;
use crate::spec::Bed;
use crate::train::Seen;

/// A piece of tube.
#[derive(Clone, Copy)]
struct Piece {
    /// The first stretch, and the one behind the last.
    stretches: (usize, usize),
    /// How much of the last one.
    share: f64,
}

/// How the liquid that leaves a piece of tube together had entered it.
struct Passage {
    /// The volume that had been pumped as the parcel formed that leaves now [µL].
    label_ul: f64,
    /// The volume that had been pumped as what enters now formed [µL].
    entering_ul: f64,
    /// Transits of equal parts, in units of the mean.
    transits: [f64; PARTS],
}

impl Passage {
    /// The volume that had been pumped as liquid of such a transit formed [µL].
    fn entered_ul(&self, transit: f64) -> f64 {
        self.entering_ul - transit * (self.entering_ul - self.label_ul)
    }
}

impl World {
    /// What has become of a slug of the train after a stage.
    pub(super) fn become_of(&mut self, stage: usize, index: usize) -> &Seen {
        if self.train.seen(stage, index).is_none() {
            self.pass(stage, index);
        }
        self.train.seen(stage, index).expect("it has just been remembered")
    }

    /// Follows a slug through a stage, and through those before it.
    fn pass(&mut self, stage: usize, index: usize) {
        let plan = self.plan.clone();
        let crate::plan::Stage { input, kind } = plan.stages.get(stage);
        let seen = match *kind {
            Kind::Head => self.formed(index),
            Kind::Tube { from, to, share } => {
                let piece = Piece { stretches: (from, to), share };
                match plan.carrier.is_some() {
                    true => self.slug_in_tube(*input, index, piece),
                    false => self.parcel_in_tube(*input, index, piece),
                }
            }
            Kind::Join { stretch } => {
                let before = self.before(*input, index);
                self.join(before, index, stretch)
            }
            Kind::Tank { .. } if self.at_rest => return self.rest_in_tank(stage, index),
            Kind::Tank { .. } => return self.meet_tank(stage, index),
        };
        self.remember(stage, index, seen);
    }

    /// Notes what a slug is after a stage, with what its particles are by then.
    pub(super) fn remember(&mut self, stage: usize, index: usize, mut seen: Seen) {
        if let Some(look) = &self.plan.look {
            look.tell(&mut seen.values);
        }
        self.train.remember(stage, index, seen);
    }

    /// What a slug is before a stage.
    pub(super) fn before(&mut self, input: Option<usize>, index: usize) -> Seen {
        match input {
            Some(stage) => self.become_of(stage, index).clone(),
            None => self.formed(index),
        }
    }

    /// What a slug is as it forms at the head of the tube.
    fn formed(&self, index: usize) -> Seen {
        let slug = &self.train.slugs()[index];
        let middle = midway(slug.began, slug.ended);
        Seen { values: self.fresh(slug, self.formation_c(middle)), growth: 1.0 }
    }

    /// A slug reacts on its own.
    fn slug_in_tube(&mut self, input: Option<usize>, index: usize, piece: Piece) -> Seen {
        let feeds = self.feeds(input, index);
        let before = input.map(|stage| self.become_of(stage, index).clone());
        let (seen, reacted) = self.react_in_slug(before, feeds, index, piece);
        self.note(reacted);
        seen
    }

    pub(super) fn note(&mut self, reacted: Result<(), RunsAway>) {
        if reacted.is_err() {
            self.extrapolated.insert("the reactions run away: no solution to the end");
        }
        self.work.reactions += 1;
    }

    /// All quantities in a slug at the end of the tube, whose reactions nothing that joins interrupts.
    pub(super) fn at_the_end(&self, index: usize) -> Seen {
        let last = self.plan.tube.iter().rposition(|s| s.spec.reacts).map_or(0, |last| last + 1);
        let piece = Piece { stretches: (0, last), share: 1.0 };
        self.react_in_slug(None, Vec::new(), index, piece).0
    }

    fn react_in_slug(
        &self,
        before: Option<Seen>,
        feeds: Vec<Feed>,
        index: usize,
        piece: Piece,
    ) -> (Seen, Result<(), RunsAway>) {
        let slug = &self.train.slugs()[index];
        let middle = midway(slug.began, slug.ended);
        // In a flow cell that reacts the middle of a slug may be still to come.
        let followed = if piece.share < 1.0 { slug.began } else { middle };
        let journey = self.leg(followed, slug.time_off, piece.stretches, piece.share);
        let quantities = &self.plan.quantities;
        let Seen { mut values, growth } = before
            .unwrap_or_else(|| Seen { values: self.fresh(slug, journey.final_c), growth: 1.0 });
        let mixed = self.mixed(slug.slug_to_ul - slug.from_ul, growth, &journey);
        let mut reacted = Ok(());
        if let Some(network) = &self.plan.network {
            let capacity = self.plan.world().rig.liquid.heat_capacity_kj_per_l_k(journey.final_c);
            reacted = if feeds.len() > 1 {
                let length = self.length(slug.slug_to_ul - slug.from_ul, growth);
                let unmixed = self.unmixed(feeds, &journey, length);
                network.react_unmixed(&mut values, &unmixed, &journey.stays, capacity)
            } else {
                network.react(&mut values, &journey.stays, mixed, capacity)
            };
        }
        if let Some(reaction) = &self.plan.reaction {
            let made = reaction.make(&reaction::Slug {
                quantities: &values,
                effectiveness: mixed,
                stays: &journey.stays,
                final_c: journey.final_c,
            });
            reaction.use_up(&mut values, made.product_mm);
            values[quantities.product()] = made.product_mm;
            values[quantities.quality()] = made.quality;
        }
        (Seen { values, growth }, reacted)
    }

    /// Effectiveness of mixing in a slug that formed with this volume [µL].
    pub(super) fn mixed(&self, formed_ul: f64, growth: f64, journey: &Journey) -> f64 {
        let mixing = &self.plan.world().rig.mixing;
        // Reactions wait for the time constant instead, where there is one.
        let has_time = mixing.time_s > 0.0 && self.plan.network.is_some();
        if self.plan.carrier.is_none() || has_time {
            return 1.0;
        }
        effectiveness(mixing, journey.flow_ul_per_min, self.length(formed_ul, growth))
    }

    /// Length of a slug that formed with this volume [µL], in parts of one whose flow equals its carrier's.
    fn length(&self, formed_ul: f64, growth: f64) -> f64 {
        let Some(carrier) = &self.plan.carrier else { return 1.0 };
        formed_ul * growth / slug_volume_ul(&carrier.segmentation, 1.0, 1.0)
    }

    /// A parcel of a single liquid disperses: what leaves together entered at different times, and each part has reacted
    /// for the time that it took.
    ///
    /// Parts of different ages meet only as they leave (Danckwerts' segregated flow): exact for reactions of first order,
    /// and the limit of slow exchange between streamlines for others.
    fn parcel_in_tube(&mut self, input: Option<usize>, index: usize, piece: Piece) -> Seen {
        let slug = &self.train.slugs()[index];
        // The beginning of a parcel is followed: where it shows, all else may be still to come.
        let (label, half) = (slug.from_ul, 0.5 * (slug.to_ul - slug.from_ul));
        let journey = self.leg(slug.began, 0.0, piece.stretches, piece.share);
        let left = journey.left.unwrap_or(self.engine.now());
        let complete = self.flow.volume(self.flow.head(), left);
        let last = self.train.first_beyond(complete).checked_sub(1).unwrap_or(index);
        let passage = self.passage(label, piece, &journey);
        let last = last.min(self.train.first_beyond(passage.entering_ul));
        let transits = passage.transits;
        let weights = self.weights(index, piece, &passage);
        let mut sum = Seen { values: vec![0.0; self.plan.quantities.len()].into(), growth: 0.0 };
        let mut parts: Vec<(usize, f64, f64)> = Vec::with_capacity(transits.len());
        for (transit, weight) in transits.into_iter().zip(weights) {
            let entered = passage.entered_ul(transit) + half;
            // What was in the tube at the start is blank.
            match entered < 0.0 {
                true => sum.growth += weight,
                false => parts.push((self.train.first_beyond(entered).min(last), transit, weight)),
            }
        }
        let mut reacted = Ok(());
        for (from, transit, weight) in self.representative(&parts) {
            let mut part = self.before(input, from);
            let feeds = self.feeds(input, from);
            let parcel = (&mut part.values[..], feeds);
            reacted = reacted.and(self.react_in_parcel(parcel, transit, &journey));
            for (sum, value) in sum.values.iter_mut().zip(&part.values) {
                *sum += weight * value;
            }
            sum.growth += weight * part.growth;
        }
        self.note(reacted);
        sum
    }

    /// How the liquid that leaves a piece with a parcel had entered it. `label_ul` had been pumped as the parcel formed.
    fn passage(&self, label_ul: f64, piece: Piece, journey: &Journey) -> Passage {
        let left = journey.left.unwrap_or(self.engine.now());
        let transits = Kernel::new(self.spread(piece, journey)).transits();
        Passage { label_ul, entering_ul: self.entering_ul(piece.stretches.0, left), transits }
    }

    /// What share of a parcel each of its parts is; they sum to one.
    ///
    /// While the flow stays, parts are alike. A flow that changes also changes the dispersion: parts that are taken ever further
    /// from what entered are larger, as they stand for more of it. So all that enters leaves, but where a part would have to be
    /// less than nothing.
    fn weights(&self, index: usize, piece: Piece, passage: &Passage) -> [f64; PARTS] {
        let even = [1.0 / PARTS as f64; PARTS];
        let Some(before) = index.checked_sub(1).filter(|_| !self.at_rest) else { return even };
        let slug = &self.train.slugs()[before];
        let journey = self.leg(slug.began, 0.0, piece.stretches, piece.share);
        if journey.left.is_none() || passage.label_ul <= slug.from_ul {
            return even;
        }
        let earlier = self.passage(slug.from_ul, piece, &journey);
        let step = |part: usize| {
            let entered = passage.entered_ul(passage.transits[part]);
            (entered - earlier.entered_ul(earlier.transits[part])).max(0.0)
        };
        let steps: [f64; PARTS] = std::array::from_fn(step);
        let whole: f64 = steps.iter().sum();
        if whole > 0.0 { steps.map(|step| step / whole) } else { even }
    }

    /// Parts of a parcel, by what they entered with, their transit, and their share of it. At rest few stand for all: what
    /// becomes of a part is a smooth function of its transit.
    fn representative(&self, parts: &[(usize, f64, f64)]) -> Vec<(usize, f64, f64)> {
        if !self.at_rest || self.plan.network.is_none() {
            return parts.to_vec();
        }
        let alike = parts.chunk_by(|(a, ..), (b, ..)| a == b);
        let of_one = |parts: &[(usize, f64, f64)]| {
            let transits: Vec<f64> = parts.iter().map(|(_, transit, _)| *transit).collect();
            let (from, _, weight) = parts[0];
            few(&transits).into_iter().map(move |(transit, count)| (from, transit, count * weight))
        };
        alike.flat_map(of_one).collect()
    }

    /// Lets a parcel, with the liquids that meet in it, react for `transit` times as long as on a way.
    fn react_in_parcel(
        &self,
        (values, feeds): (&mut [f64], Vec<Feed>),
        transit: f64,
        journey: &Journey,
    ) -> Result<(), RunsAway> {
        let Some(network) = &self.plan.network else { return Ok(()) };
        let capacity = self.plan.world().rig.liquid.heat_capacity_kj_per_l_k(journey.final_c);
        let for_longer = |stay: &Stay| Stay { seconds: transit * stay.seconds, ..*stay };
        let stays: Vec<Stay> = journey.stays.iter().map(for_longer).collect();
        if feeds.len() > 1 {
            let mut unmixed = self.unmixed(feeds, journey, 1.0);
            unmixed.before_s *= transit;
            return network.react_unmixed(values, &unmixed, &stays, capacity);
        }
        network.react(values, &stays, 1.0, capacity)
    }

    /// The volume that had been pumped when what enters a stretch at a moment formed [µL].
    fn entering_ul(&self, stretch: usize, at: Instant) -> f64 {
        match stretch.checked_sub(1) {
            Some(before) => self.traced_ul(before, 1.0, at),
            None => self.flow.volume(self.flow.head(), at),
        }
    }

    /// Relative standard deviation of the time in which a single liquid passes a piece of tube.
    ///
    /// By the Péclet number where it is given, σ² = 2/Pe (Levenspiel and Smith 1957 for little dispersion), else by Taylor
    /// and Aris: see [`relative_variance`].
    fn spread(&self, piece: Piece, journey: &Journey) -> f64 {
        let liquid = &self.plan.world().rig.liquid;
        let (mut variance, mut whole) = (0.0, 0.0);
        for &(i, seconds, celsius) in &journey.passed {
            let spec = &self.plan.tube[i].spec;
            let share = if i + 1 == piece.stretches.1 { piece.share } else { 1.0 };
            let relative = match (spec.peclet, &spec.bed) {
                // A part of the stretch has a part of its Péclet number.
                (Some(peclet), _) => 2.0 / (share * peclet),
                (None, Some(bed)) => 2.0 / self.peclet_of_bed(i, bed, (share, seconds, celsius)),
                (None, None) => {
                    let across = spec.radial_enhancement
                        * diffusivity_m2_per_s(liquid, celsius, spec.hydrodynamic_radius_nm);
                    let length_m = 1e-3 * share * spec.volume_ul / area_mm2(spec.bore_mm);
                    relative_variance(0.5e-3 * spec.bore_mm, length_m, across, seconds)
                }
            };
            variance += seconds * seconds * relative;
            whole += seconds;
        }
        if whole > 0.0 { variance.sqrt() / whole } else { 0.0 }
    }

    /// Péclet number of a share of a bed that liquid of this temperature [°C] passes in so many seconds.
    fn peclet_of_bed(
        &self,
        stretch: usize,
        bed: &Bed,
        (share, seconds, celsius): (f64, f64, f64),
    ) -> f64 {
        let liquid = &self.plan.world().rig.liquid;
        let length_m = share * self.plan.tube[stretch].length_m;
        let through = path::Through {
            density_kg_per_m3: liquid.density_kg_per_m3 / liquid.volume_factor(celsius),
            viscosity_pa_s: liquid.viscosity_pa_s(celsius),
            superficial_m_per_s: bed.void * length_m / seconds,
        };
        bed.packed().peclet(through, length_m)
    }

    /// Streams join a slug as it comes to a stretch: each brings as much as its flow is of what flows there.
    fn join(&self, before: Seen, index: usize, stretch: usize) -> Seen {
        let slug = &self.train.slugs()[index];
        let journey = self.leg(slug.began, slug.time_off, (stretch, stretch), 1.0);
        let at = journey.left.unwrap_or(self.engine.now());
        let section = self.plan.tube[stretch].section;
        let there = self.disperse_rate(section - 1, at);
        if there <= 0.0 {
            return before;
        }
        let (mut shares, mut more) = (vec![0.0; self.pumps.len()], 0.0);
        for (stream, _) in self.plan.joining(section) {
            let part = self.flow.rate(self.flow.stream(stream), at) / there;
            if part > 0.0 {
                self.add_outflow(stream, at, part, &mut shares);
                more += part;
            }
        }
        let Seen { mut values, growth } = before;
        self.plan.quantities.dilute(&mut values, more, &shares);
        Seen { values, growth: growth * (1.0 + more) }
    }
}
