//! What is read while flows change: every reading is of liquid that entered earlier, under other flows.

use flowtwin_lab::analysis::Readings;
use flowtwin_lab::{Command, Conditions, FlowRate, HeaterId, Outcome, Settings, Temperature};

use super::Expected;

/// Flows that change while liquid is on its way, as on a ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Followed<'a> {
    /// The conditions of the experiment before; none where nothing was before in this run.
    pub before: Option<&'a Conditions>,
    /// What was set, each from so many seconds after the beginning on. Heaters keep the set points of the first.
    pub settings: &'a [(f64, Settings)],
    /// Time from when the reference spectra were taken to the beginning \[h\].
    pub hours: f64,
}

impl Expected<'_> {
    /// The outcome expected at these moments after the beginning \[s\]: spectra alone, as on a ramp nothing else is read.
    ///
    /// Moments are in order. A rig with stirred tanks is not followed: none.
    pub fn along(&mut self, followed: &Followed<'_>, moments_s: &[f64]) -> Option<Vec<Outcome>> {
        if self.scenario.file().rig.tube.iter().any(|stretch| stretch.tank) {
            return None;
        }
        let recipe = self.scenario.procedure().recipe();
        let before = followed.before.map_or_else(|| self.filling.clone(), |b| recipe.settings(b));
        let before = self.delivered(before);
        let settings = followed.settings.iter();
        let course: Vec<(f64, Settings)> =
            settings.map(|(at, set)| (*at, self.delivered(set.clone()))).collect();
        self.rig.follow(&before, &course);
        let readings = self.unread();
        let mut outcome = |seconds: &f64| {
            self.rig.age(followed.hours + seconds / 3600.0);
            self.rig.look(*seconds);
            let (sample, dark): (Vec<_>, Vec<_>) =
                self.counts().map(|counts| (counts.slug, counts.dark)).unzip();
            self.scenario.analysis().expected(&sample, &dark, &self.reference, &readings)
        };
        Some(moments_s.iter().map(&mut outcome).collect())
    }

    /// When liquid entered that was in a flow cell at the last of the moments, since the beginning \[s\]: first and last of all
    /// spectrometers.
    pub fn entered_s(&self) -> (f64, f64) {
        let channels = self.scenario.analysis().channels().iter();
        let entered = channels.filter_map(|channel| self.rig.entered_s(&channel.spectrometer));
        entered.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), at| (a.min(at), b.max(at)))
    }

    /// Analysers and sensors of which nothing is read.
    fn unread(&self) -> Readings {
        let analysis = self.scenario.analysis();
        let results = analysis.analysers().iter().map(|info| vec![f64::NAN; info.species.len()]);
        Readings { results: results.collect(), sensors: vec![f64::NAN; analysis.sensors().len()] }
    }
}

/// What pumps were set to by commands, each sent so many seconds after the beginning, with these set points of the heaters. In
/// the beginning pumps stand. Commands of one moment count together.
pub fn commanded<'c>(
    heaters: &[(HeaterId, Temperature)],
    commands: impl IntoIterator<Item = (f64, &'c Command)>,
) -> Vec<(f64, Settings)> {
    let mut settings = Settings { heaters: heaters.to_vec(), pumps: Vec::new() };
    let mut all = vec![(0.0_f64, settings.clone())];
    for (at_s, command) in commands {
        let (pump, rate) = match command {
            Command::Dispense { pump, rate_ul_per_min, .. } => (pump, *rate_ul_per_min),
            Command::Stop { pump } => (pump, FlowRate::ZERO),
            _ => continue,
        };
        match settings.pumps.iter_mut().find(|(known, _)| known == pump) {
            Some((_, known)) => *known = rate,
            None => settings.pumps.push((pump.clone(), rate)),
        }
        match all.last_mut().filter(|(last, _)| last.total_cmp(&at_s).is_eq()) {
            Some((_, known)) => known.clone_from(&settings),
            None => all.push((at_s, settings.clone())),
        }
    }
    all
}
