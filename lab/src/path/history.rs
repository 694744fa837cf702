//! When the liquid that leaves the rig now entered it, while the flows change.

use super::FlowPath;
use crate::settings::Settings;
use crate::time::Instant;

/// The settings of a rig over time, each in force until the next.
#[derive(Clone, Debug, Default)]
pub struct FlowHistory {
    steps: Vec<(Instant, Settings)>,
}

/// The way of one element of liquid through the rig.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// When it entered the first stretch.
    pub entered: Instant,
    /// Time it spent in stretches that react \[s\].
    pub reaction_time_s: f64,
}

impl FlowHistory {
    /// Notes that `settings` are in force from `at` on.
    ///
    /// # Panics
    /// If `at` lies before the last note.
    pub fn push(&mut self, at: Instant, settings: Settings) {
        if let Some((last, _)) = self.steps.last() {
            assert!(*last <= at, "settings are noted in order of time");
        }
        self.steps.push((at, settings));
    }

    /// Follows the liquid that leaves `path` at `left` back to where it entered.
    ///
    /// Liquids are incompressible, so an element leaves a stretch of volume V when ∫Q dt since it entered is
    /// V, whatever the flow did meanwhile. None where it entered before the history begins.
    pub fn passage(&self, path: &FlowPath, left: Instant) -> Option<Passage> {
        let mut at = left.as_secs();
        let mut reaction_time_s = 0.0;
        for stretch in path.stretches.iter().rev() {
            let flow = |settings: &Settings| -> f64 {
                stretch.pumps.iter().map(|p| settings.flow(p).ul_per_min()).sum()
            };
            let entered = self.back(at, stretch.volume_ul, flow)?;
            if stretch.reacts {
                reaction_time_s += at - entered;
            }
            at = entered;
        }
        Some(Passage { entered: Instant::from_secs(at), reaction_time_s })
    }

    /// The time [s] before `at` since which `volume_ul` has flowed.
    fn back(&self, at: f64, volume_ul: f64, flow: impl Fn(&Settings) -> f64) -> Option<f64> {
        if volume_ul <= 0.0 {
            return Some(at);
        }
        let (mut at, mut left_ul) = (at, volume_ul);
        for (since, settings) in self.steps.iter().rev() {
            let since = since.as_secs();
            if since >= at {
                continue;
            }
            let per_s = flow(settings) / 60.0;
            if per_s * (at - since) >= left_ul {
                return Some(at - left_ul / per_s);
            }
            left_ul -= per_s * (at - since);
            at = since;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Stretch;
    use crate::units::FlowRate;

    fn settings(rate: f64) -> Settings {
        Settings { heaters: vec![], pumps: vec![("a".into(), FlowRate::from_ul_per_min(rate))] }
    }

    fn tube(volume_ul: f64, reacts: bool) -> Stretch {
        Stretch { name: "tube".into(), volume_ul, pumps: vec!["a".into()], reacts }
    }

    #[test]
    fn at_constant_flow_the_passage_takes_the_residence_time() {
        let path = FlowPath {
            stretches: vec![tube(50.0, false), tube(100.0, true)],
            ..FlowPath::default()
        };
        let mut history = FlowHistory::default();
        history.push(Instant::START, settings(60.0));
        let passage = history.passage(&path, Instant::from_secs(400.0)).unwrap();
        assert_eq!(passage.entered, Instant::from_secs(250.0));
        assert!((passage.reaction_time_s - 100.0).abs() < 1e-9);
        assert_eq!(history.passage(&path, Instant::from_secs(149.0)), None);
    }

    #[test]
    fn under_a_linear_ramp_the_entry_time_is_the_analytic_one() {
        // Q(t) = q0 + k t; ∫ from t0 to t1 = V gives a quadratic for t0.
        let (q0, k, volume, t1) = (30.0, 0.25, 100.0, 300.0_f64);
        let mut history = FlowHistory::default();
        for i in 0..3_000 {
            let t = f64::from(i) * 0.1;
            history.push(Instant::from_secs(t), settings(q0 + k * (t + 0.05)));
        }
        let path = FlowPath { stretches: vec![tube(volume, true)], ..FlowPath::default() };
        let passage = history.passage(&path, Instant::from_secs(t1)).unwrap();
        let delivered = (q0 * t1 + 0.5 * k * t1 * t1) / 60.0 - volume;
        let t0 = ((q0 * q0 + 2.0 * k * 60.0 * delivered).sqrt() - q0) / k;
        assert!((passage.entered.as_secs() - t0).abs() < 1e-5, "{} {t0}", passage.entered);
    }

    #[test]
    fn liquid_that_stood_still_entered_before_the_pause() {
        let path = FlowPath { stretches: vec![tube(100.0, true)], ..FlowPath::default() };
        let mut history = FlowHistory::default();
        history.push(Instant::START, settings(60.0));
        history.push(Instant::from_secs(120.0), settings(0.0));
        history.push(Instant::from_secs(500.0), settings(60.0));
        let passage = history.passage(&path, Instant::from_secs(550.0)).unwrap();
        assert_eq!(passage.entered, Instant::from_secs(70.0));
    }

    /// A line may have no volume; liquid that stands still is in no time through it.
    #[test]
    fn a_stretch_without_volume_takes_no_time_even_without_flow() {
        let path =
            FlowPath { stretches: vec![tube(0.0, true), tube(100.0, true)], ..FlowPath::default() };
        let mut history = FlowHistory::default();
        history.push(Instant::START, settings(60.0));
        history.push(Instant::from_secs(120.0), settings(0.0));
        let passage = history.passage(&path, Instant::from_secs(120.0)).unwrap();
        assert_eq!(passage.entered, Instant::from_secs(20.0));
        let path = FlowPath { stretches: vec![tube(0.0, true)], ..FlowPath::default() };
        let passage = history.passage(&path, Instant::from_secs(200.0)).unwrap();
        assert_eq!(passage.entered, Instant::from_secs(200.0));
        assert!(passage.reaction_time_s.abs() < 1e-12);
    }
}
