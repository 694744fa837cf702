//! The way of the liquid as stages: each makes of what enters it what leaves it.
//!
//! Streams that join and stirred tanks part the tube. What a spectrometer sees has passed all stages before its cell.

use crate::spec::Rig;

/// A stage on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    /// The stage before it; none where liquid comes straight from the streams at the head of the tube.
    pub(crate) input: Option<usize>,
    /// What happens in it.
    pub(crate) kind: Kind,
}

/// What happens in a stage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Streams meet at the head of the tube.
    Head,
    /// Stretches of tube, of the last one this share.
    Tube { from: usize, to: usize, share: f64 },
    /// Streams join what comes, before a stretch.
    Join { stretch: usize },
    /// A stirred tank.
    Tank { stretch: usize },
}

/// All stages of a rig.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stages {
    all: Vec<Stage>,
    /// The stage after which each stretch is seen [stretches].
    seen_after: Vec<usize>,
}

impl Stages {
    /// Cuts the tube where a stream joins (`joins` by stretch), at tanks and at the flow cells.
    pub(super) fn new(rig: &Rig, joins: &[bool]) -> Self {
        let mut stages = Self { all: Vec::new(), seen_after: vec![0; rig.tube.len()] };
        let (mut state, mut from) = (None, 0);
        if rig.carrier.is_none() {
            state = Some(stages.put(None, Kind::Head));
        }
        for (i, stretch) in rig.tube.iter().enumerate() {
            if joins[i] {
                state = stages.tube(rig, state, (from, i), 1.0);
                state = Some(stages.put(state, Kind::Join { stretch: i }));
                from = i;
            }
            if stretch.tank {
                state = stages.tube(rig, state, (from, i), 1.0);
                state = Some(stages.put(state, Kind::Tank { stretch: i }));
                from = i + 1;
            }
            let seen = match stretch.tank {
                true => state,
                false => stages.tube(rig, state, (from, i + 1), 0.5),
            };
            stages.seen_after[i] = seen.unwrap_or(0);
        }
        stages
    }

    /// The stage of a piece of tube. Slugs keep to themselves: for them only stretches that react count.
    fn tube(
        &mut self,
        rig: &Rig,
        input: Option<usize>,
        (from, to): (usize, usize),
        share: f64,
    ) -> Option<usize> {
        if rig.carrier.is_none() {
            return match from < to {
                true => Some(self.put(input, Kind::Tube { from, to, share })),
                false => input,
            };
        }
        let reacts = |i: &usize| rig.tube[*i].reacts;
        let last = (from..to).rev().find(reacts);
        let share = if last == Some(to.wrapping_sub(1)) { share } else { 1.0 };
        match (last, input) {
            (None, Some(_)) => input,
            (last, _) => {
                let to = last.map_or(from, |last| last + 1);
                Some(self.put(input, Kind::Tube { from, to, share }))
            }
        }
    }

    fn put(&mut self, input: Option<usize>, kind: Kind) -> usize {
        let stage = Stage { input, kind };
        self.all.iter().position(|known| *known == stage).unwrap_or_else(|| {
            self.all.push(stage);
            self.all.len() - 1
        })
    }

    /// A stage.
    pub(crate) fn get(&self, stage: usize) -> &Stage {
        &self.all[stage]
    }

    /// All stages, in an order in which each comes after its input.
    pub(crate) fn all(&self) -> &[Stage] {
        &self.all
    }

    /// The stage after which a stretch is seen.
    pub(crate) fn seen_after(&self, stretch: usize) -> usize {
        self.seen_after[stretch]
    }
}
