//! The train of slugs, each remembered by the volumes between which it formed.

use std::collections::VecDeque;

use flowtwin_lab::{Instant, Stream, Streams};

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
    /// What has become of it, once somebody has asked [quantities].
    pub(crate) seen: Option<Box<[f64]>>,
}

/// The train of slugs.
#[derive(Clone, Debug)]
pub(crate) struct Train {
    slugs: VecDeque<Slug>,
    volumes: Stream,
    times: Stream,
    volume_deviation: f64,
    time_deviation: f64,
    /// The slug that is forming.
    began: Instant,
    from_ul: f64,
    disperse_from_ul: f64,
    volume_ul: f64,
}

impl Train {
    pub(crate) fn new(volume_deviation: f64, time_deviation: f64, streams: &Streams) -> Self {
        Self {
            slugs: VecDeque::new(),
            volumes: streams.open("slugs/volume", 0),
            times: streams.open("slugs/time", 0),
            volume_deviation,
            time_deviation,
            began: Instant::START,
            from_ul: 0.0,
            disperse_from_ul: 0.0,
            volume_ul: 0.0,
        }
    }

    /// Whether the size of the forming slug has not been decided yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.volume_ul <= 0.0
    }

    /// Decides the size of the forming slug: its volume, and how irregular the train is just now
    /// (standard deviation of the logarithm).
    pub(crate) fn decide(&mut self, volume_ul: f64, irregular: f64) {
        let draw = self.volumes.normal();
        let factor = if irregular > 0.0 {
            flowtwin_lab::math::exp(irregular * draw)
        } else {
            (1.0 + self.volume_deviation * draw).max(0.1)
        };
        self.volume_ul = volume_ul * factor;
    }

    /// Volume of all streams together at which the forming slug is complete [µL].
    pub(crate) fn complete_at_ul(&self) -> f64 {
        self.disperse_from_ul + self.volume_ul
    }

    /// The forming slug is complete; the next one begins.
    pub(crate) fn complete(&mut self, now: Instant, total_ul: f64, disperse_ul: f64) {
        let time_off = self.time_deviation * self.times.normal();
        self.slugs.push_back(Slug {
            began: self.began,
            ended: now,
            from_ul: self.from_ul,
            slug_to_ul: self.from_ul + (disperse_ul - self.disperse_from_ul),
            to_ul: total_ul,
            time_off,
            seen: None,
        });
        self.began = now;
        self.from_ul = total_ul;
        self.disperse_from_ul = disperse_ul;
        self.volume_ul = 0.0;
    }

    /// The slugs that are remembered, oldest first.
    pub(crate) fn slugs(&self) -> &VecDeque<Slug> {
        &self.slugs
    }

    /// Keeps what has become of a slug.
    pub(crate) fn remember(&mut self, index: usize, seen: Box<[f64]>) {
        self.slugs[index].seen = Some(seen);
    }

    /// The first slug that ends beyond a total volume [µL].
    pub(crate) fn first_beyond(&self, ul: f64) -> usize {
        self.slugs.partition_point(|slug| slug.to_ul <= ul)
    }

    /// Forgets slugs that ended before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        while self.slugs.front().is_some_and(|slug| slug.ended < before) {
            self.slugs.pop_front();
        }
    }
}
