//! Liquids that have met: what each of them holds, and how fast they mix.

use flowtwin_lab::math;

use super::World;
use super::slug::{Journey, midway};
use crate::model::network::Unmixed;
use crate::plan::Kind;

/// Share of the volume of a liquid that meets others, and all quantities in it.
pub(super) type Feed = (f64, Vec<f64>);

impl World {
    /// The liquids that meet in a slug, or in a parcel, before a stage; none where they mix at once, or nothing meets.
    ///
    /// What is not mixed where the next stream joins, or in a flow cell, counts as mixed from there on.
    pub(super) fn feeds(&mut self, input: Option<usize>, index: usize) -> Vec<Feed> {
        if self.plan.network.is_none() || self.plan.world().rig.mixing.time_s <= 0.0 {
            return Vec::new();
        }
        let plan = self.plan.clone();
        match input.map(|stage| plan.stages.get(stage)) {
            None => self.head_feeds(index),
            Some(stage) => match stage.kind {
                Kind::Head => self.head_feeds(index),
                Kind::Join { stretch } => self.joined_feeds(stage.input, index, stretch),
                Kind::Tube { .. } | Kind::Tank { .. } => Vec::new(),
            },
        }
    }

    /// Streams that meet at the head of the tube.
    fn head_feeds(&self, index: usize) -> Vec<Feed> {
        let slug = &self.train.slugs()[index];
        let middle = midway(slug.began, slug.ended);
        let volumes = self.volumes(slug);
        let whole: f64 = volumes.iter().sum();
        let flowing = volumes.iter().enumerate().filter(|(_, volume)| **volume > 0.0);
        flowing
            .map(|(stream, volume)| {
                let mut shares = vec![0.0; self.pumps.len()];
                self.add_outflow(stream, middle, 1.0, &mut shares);
                (volume / whole, self.contents(&shares))
            })
            .collect()
    }

    /// What comes to a stretch, and the streams that join it there.
    fn joined_feeds(&mut self, input: Option<usize>, index: usize, stretch: usize) -> Vec<Feed> {
        let before = self.before(input, index);
        let slug = &self.train.slugs()[index];
        let at = self.leg(slug.began, slug.time_off, (stretch, stretch), 1.0).left;
        let at = at.unwrap_or(self.engine.now());
        let section = self.plan.tube[stretch].section;
        let there = self.disperse_rate(section - 1, at);
        let mut feeds = vec![(1.0, before.values.to_vec())];
        for (stream, _) in self.plan.joining(section) {
            let part = self.flow.rate(self.flow.stream(stream), at) / there;
            if part > 0.0 {
                let mut shares = vec![0.0; self.pumps.len()];
                self.add_outflow(stream, at, 1.0, &mut shares);
                feeds.push((part, self.contents(&shares)));
            }
        }
        let whole: f64 = feeds.iter().map(|(part, _)| part).sum();
        feeds.into_iter().map(|(part, values)| (part / whole, values)).collect()
    }

    fn contents(&self, shares: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.plan.quantities.len()];
        self.plan.quantities.fill(&mut values, shares, self.plan.world().rig.ambient_c);
        values
    }

    /// How liquids that have met mix on a way, in a slug of this length in parts of the usual one.
    ///
    /// τ = τ₀ (Q₀/Q)ᵐ L/L₀: with m = 1 slugs mix over a number of circulations 2L/U (Thulasidas et al. 1997, DOI
    /// 10.1016/S0009-2509(97)00114-0).
    pub(super) fn unmixed(&self, feeds: Vec<Feed>, journey: &Journey, length: f64) -> Unmixed {
        let mixing = &self.plan.world().rig.mixing;
        let flow = journey.flow_ul_per_min.max(1e-3);
        let slower = math::pow(mixing.at_ul_per_min / flow, mixing.time_power);
        let cold = journey.passed.iter().take_while(|(i, ..)| !self.plan.tube[*i].spec.reacts);
        let before_s = cold.map(|(_, seconds, _)| seconds).sum();
        Unmixed { feeds, tau_s: mixing.time_s * slower * length, before_s }
    }
}
