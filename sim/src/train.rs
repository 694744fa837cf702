//! The train of slugs, each remembered by the volumes between which it formed.

use std::collections::VecDeque;

use flowtwin_lab::{Instant, Stream, Streams, math};

use crate::model::segmentation::lead_ul;

/// A slug with the carrier behind it.
#[derive(Clone, Debug)]
pub(crate) struct Slug {
    /// When it began to form.
    pub(crate) began: Instant,
    /// When its carrier was complete.
    pub(crate) ended: Instant,
    /// Total volume pumped by all pumps when it began [µL].
    pub(crate) from_ul: f64,
    /// … where the slug ends and its carrier begins [µL].
    pub(crate) slug_to_ul: f64,
    /// … when it ended [µL].
    pub(crate) to_ul: f64,
    /// Relative deviation of its residence time.
    pub(crate) time_off: f64,
    /// Volume it took of each stream, where that is not what the pumps gave meanwhile [streams] [µL].
    pub(crate) took: Option<Box<[f64]>>,
    /// Its contents after each stage, once they were computed [stages].
    pub(crate) seen: Vec<Option<Seen>>,
}

/// A slug after a stage.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// What is in it [quantities].
    pub(crate) values: Box<[f64]>,
    /// Its volume in parts of that with which it formed: more where streams have joined.
    pub(crate) growth: f64,
}

/// The train of slugs.
#[derive(Clone, Debug)]
pub(crate) struct Train {
    slugs: VecDeque<Slug>,
    forgotten: u64,
    volumes: Stream,
    times: Stream,
    compositions: Stream,
    volume_deviation: f64,
    time_deviation: f64,
    /// The slug that is forming.
    began: Instant,
    from_ul: f64,
    disperse_from_ul: f64,
    volume_ul: f64,
    /// How far the fastest stream may be ahead in it, standard deviation [µL].
    lead_ul: f64,
    /// What more of each stream has gone into slugs than its pumps have given so far [streams] [µL].
    ahead: Vec<f64>,
}

/// How irregular a train is just now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Irregular {
    /// Spread of the volumes of slugs, standard deviation of the logarithm.
    pub(crate) spread: f64,
    /// How far uneven streams alternate, 0 to 1.
    pub(crate) alternation: f64,
    /// Share of the fastest stream.
    pub(crate) share: f64,
    /// Volume of a slug whose flow equals its carrier's [µL].
    pub(crate) portion_ul: f64,
}

impl Train {
    pub(crate) fn new(volume_deviation: f64, time_deviation: f64, streams: &Streams) -> Self {
        Self {
            slugs: VecDeque::new(),
            forgotten: 0,
            volumes: streams.open("slugs/volume", 0),
            times: streams.open("slugs/time", 0),
            compositions: streams.open("slugs/composition", 0),
            volume_deviation,
            time_deviation,
            began: Instant::START,
            from_ul: 0.0,
            disperse_from_ul: 0.0,
            volume_ul: 0.0,
            lead_ul: 0.0,
            ahead: Vec::new(),
        }
    }

    /// Whether the size of the forming slug has not been decided yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.volume_ul <= 0.0
    }

    /// Decides the size of the forming slug: its volume, and how irregular the train is just now.
    pub(crate) fn decide(&mut self, volume_ul: f64, irregular: Irregular) {
        let draw = self.volumes.normal();
        let (a, b) = (irregular.spread, self.volume_deviation);
        let deviation = (a * a + b * b).sqrt();
        let factor = if irregular.spread > 0.0 {
            math::exp(deviation * draw)
        } else {
            (1.0 + self.volume_deviation * draw).max(0.1)
        };
        self.volume_ul = volume_ul * factor;
        let Irregular { alternation, share, portion_ul, .. } = irregular;
        self.lead_ul = lead_ul(alternation, share, self.volume_ul, portion_ul);
    }

    /// Whether the forming slug takes of each stream what the pumps give meanwhile.
    pub(crate) fn is_even(&self) -> bool {
        self.lead_ul <= 0.0 && self.ahead.iter().all(|ul| ul.abs() <= 0.0)
    }

    /// When the forming slug began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Decides what the forming slug takes of each stream, of which the pumps have `given` [streams] [µL] meanwhile: one
    /// stream more and the others less, alternately. Over the train the totals balance.
    pub(crate) fn share_out(&mut self, given: &[f64]) -> Box<[f64]> {
        self.ahead.resize(given.len(), 0.0);
        let whole: f64 = given.iter().sum();
        let most = (0..given.len()).max_by(|&a, &b| given[a].total_cmp(&given[b])).unwrap_or(0);
        let others = whole - given[most];
        let lead = self.lead_ul * self.compositions.normal();
        let wanted = |i: usize| {
            let target = match i {
                i if i == most => lead,
                i if others > 0.0 => -lead * given[i] / others,
                _ => 0.0,
            };
            (given[i] + target - self.ahead[i]).max(0.0)
        };
        let wanted: Vec<f64> = (0..given.len()).map(wanted).collect();
        let sum: f64 = wanted.iter().sum();
        let scale = if sum > 0.0 { whole / sum } else { 0.0 };
        let took: Box<[f64]> = wanted.iter().map(|ul| ul * scale).collect();
        for ((ahead, took), given) in self.ahead.iter_mut().zip(&took).zip(given) {
            *ahead += took - given;
        }
        if self.lead_ul <= 0.0 && self.ahead.iter().all(|ul| ul.abs() < 1e-9) {
            self.ahead.fill(0.0);
        }
        took
    }

    /// Volume of all streams together at which the forming slug is complete [µL].
    pub(crate) fn complete_at_ul(&self) -> f64 {
        self.disperse_from_ul + self.volume_ul
    }

    /// The forming slug is complete; the next one begins.
    pub(crate) fn complete(
        &mut self,
        now: Instant,
        total_ul: f64,
        disperse_ul: f64,
        took: Option<Box<[f64]>>,
    ) {
        let time_off = self.time_deviation * self.times.normal();
        self.slugs.push_back(Slug {
            began: self.began,
            ended: now,
            from_ul: self.from_ul,
            slug_to_ul: self.from_ul + (disperse_ul - self.disperse_from_ul),
            to_ul: total_ul,
            time_off,
            took,
            seen: Vec::new(),
        });
        self.began = now;
        self.from_ul = total_ul;
        self.disperse_from_ul = disperse_ul;
        self.volume_ul = 0.0;
    }

    /// Leaves these slugs in the train, oldest first.
    pub(crate) fn only(&mut self, slugs: impl Iterator<Item = Slug>) {
        self.slugs = slugs.collect();
        self.forgotten = 0;
    }

    /// The slugs that are remembered, oldest first.
    pub(crate) fn slugs(&self) -> &VecDeque<Slug> {
        &self.slugs
    }

    /// What has become of a slug after a stage, if somebody has asked before.
    pub(crate) fn seen(&self, stage: usize, index: usize) -> Option<&Seen> {
        self.slugs[index].seen.get(stage)?.as_ref()
    }

    /// Keeps what has become of a slug after a stage.
    pub(crate) fn remember(&mut self, stage: usize, index: usize, seen: Seen) {
        let all = &mut self.slugs[index].seen;
        if all.len() <= stage {
            all.resize(stage + 1, None);
        }
        all[stage] = Some(seen);
    }

    /// Number of slugs that have been forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The first slug that ends beyond a total volume [µL].
    pub(crate) fn first_beyond(&self, ul: f64) -> usize {
        self.slugs.partition_point(|slug| slug.to_ul <= ul)
    }

    /// Forgets slugs that ended before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        while self.slugs.front().is_some_and(|slug| slug.ended < before) {
            self.slugs.pop_front();
            self.forgotten += 1;
        }
    }
}
