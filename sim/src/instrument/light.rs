//! A light with its switch or shutter.

use flowtwin_lab::Instant;

/// A light: when it was on, and how bright.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    on: bool,
    dark: bool,
    factor: f64,
    /// Brightness from each moment on.
    log: Vec<(Instant, f64)>,
}

impl Light {
    pub(crate) fn new() -> Self {
        Self { on: false, dark: false, factor: 1.0, log: vec![(Instant::START, 0.0)] }
    }

    pub(crate) fn switch(&mut self, now: Instant, on: bool) {
        self.on = on;
        self.note(now);
    }

    /// Whether it is switched on, lit or not.
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// Lets the lamp fail, or mends it.
    pub(crate) fn fail(&mut self, now: Instant, dark: bool) {
        self.dark = dark;
        self.note(now);
    }

    /// Changes the amount of light.
    pub(crate) fn brighten(&mut self, now: Instant, factor: f64) {
        self.factor = factor;
        self.note(now);
    }

    fn note(&mut self, now: Instant) {
        let level = if self.on && !self.dark { self.factor } else { 0.0 };
        if self.log.last().is_some_and(|(at, _)| *at == now) {
            self.log.pop();
        }
        self.log.push((now, level));
    }

    /// Mean brightness over a while, in parts of the normal brightness.
    pub(crate) fn mean(&self, from: Instant, to: Instant) -> f64 {
        let first = self.log.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let mut sum = 0.0;
        for (i, &(at, level)) in self.log.iter().enumerate().skip(first) {
            if at >= to {
                break;
            }
            let end = self.log.get(i + 1).map_or(to, |(next, _)| (*next).min(to));
            sum += level * end.since(at.max(from)).as_secs();
        }
        sum / to.since(from).as_secs()
    }

    /// Forgets what happened before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        let drop = self.log.partition_point(|(at, _)| *at <= before).saturating_sub(1);
        self.log.drain(..drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_sees_the_part_of_its_time_that_is_lit() {
        let at = Instant::from_secs;
        let mut light = Light::new();
        light.switch(at(1.0), true);
        light.brighten(at(2.0), 3.0);
        light.switch(at(3.0), false);
        assert!((light.mean(at(0.0), at(1.0)) - 0.0).abs() < 1e-12);
        assert!((light.mean(at(0.5), at(1.5)) - 0.5).abs() < 1e-12);
        assert!((light.mean(at(1.0), at(3.0)) - 2.0).abs() < 1e-12);
        assert!((light.mean(at(2.5), at(3.5)) - 1.5).abs() < 1e-12);
        light.fail(at(4.0), true);
        light.switch(at(5.0), true);
        assert!(light.mean(at(5.0), at(6.0)) < 1e-12);
    }
}
