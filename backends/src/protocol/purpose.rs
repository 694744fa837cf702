//! Whether the steps of a protocol file do what they are for, as far as that can be seen without the instrument: above all,
//! whether `stop` stops and `off` turns off.

use super::{Does, Field, Means, Protocol, Step, Steps, Verb};
use crate::codec::program::{Kind, STATUS};

/// What a pump does while steps are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    Stopped,
    Running,
    Paused,
    /// It will start by itself.
    Delayed,
}

impl Motion {
    /// As protocol files call it.
    fn status(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Delayed => "delayed",
        }
    }

    fn after(self, does: Does) -> Self {
        match (does, self) {
            (does, _) if does.moves() => Self::Running,
            (Does::Stop, _) | (Does::PauseThenStop, Self::Paused | Self::Stopped) => Self::Stopped,
            (Does::PauseThenStop, Self::Running | Self::Delayed) => Self::Paused,
            (_, motion) => motion,
        }
    }
}

impl Protocol {
    /// What is wrong with its steps, in words.
    pub(super) fn wrong_steps(&self) -> Option<String> {
        let Steps { ready, dispense, withdraw, turn, stop, heat, off } = &self.steps;
        let asked: [(&str, &[Step], &[Means]); 7] = [
            ("ready", ready, &[Means::BoreMm]),
            ("dispense", dispense, &[Means::RateUlPerMin, Means::VolumeUl]),
            ("withdraw", withdraw, &[Means::RateUlPerMin, Means::VolumeUl]),
            ("turn", turn, &[]),
            ("stop", stop, &[]),
            ("heat", heat, &[Means::SetPointC]),
            ("off", off, &[]),
        ];
        let needed: &[&str] = match self.kind {
            Kind::Pump => &["dispense", "stop"],
            Kind::Heater => &["heat", "off"],
            _ => &[],
        };
        let is_missing = |(name, steps, _): &&(&str, &[Step], &[Means])| {
            steps.is_empty() && needed.contains(name)
        };
        if let Some((name, ..)) = asked.iter().find(is_missing) {
            return Some(format!("steps.{name} is missing"));
        }
        let wrong = asked.into_iter().find_map(|(name, steps, wanted)| {
            let wrong = steps.iter().find_map(|step| self.wrong_step(step, wanted));
            wrong.map(|problem| format!("steps.{name}: {problem}"))
        });
        wrong.or_else(|| match self.kind {
            Kind::Pump => self.wrong_motion(),
            Kind::Heater => self.wrong_control(),
            Kind::Valve => self.wrong_turn(),
            _ => None,
        })
    }

    /// What is wrong with one step, for which these are asked for.
    fn wrong_step(&self, step: &Step, wanted: &[Means]) -> Option<String> {
        let Step { verb, name, to, only_if } = step;
        if let Some(status) = only_if
            && !self.has_status(status)
        {
            return Some(format!("`if {status}`: the status has no such meaning"));
        }
        if *verb == Verb::Do {
            let Some(action) = self.actions.get(name) else {
                return Some(format!("`do {name}` names nothing that there is"));
            };
            let is_wanted =
                |field: &str| self.fields[field].means.is_some_and(|means| wanted.contains(&means));
            let unknown = action.sends.fields().find(|field| !is_wanted(field));
            return unknown.map(|field| format!("`do {name}`: no {field} is asked for here"));
        }
        let Some(field) = self.fields.get(name) else {
            return Some(format!("`set {name}` names nothing that there is"));
        };
        if !field.is_set() {
            return Some(format!("`set {name}`: the field has no `set`"));
        }
        match to {
            Some(to) => wrong_value(name, field, to),
            None if field.means.is_some_and(|means| wanted.contains(&means)) => None,
            None => Some(format!("`set {name}` does not say to what: nothing is asked for here")),
        }
    }

    fn has_status(&self, status: &str) -> bool {
        STATUS.contains(&status)
            && self.meaning(Means::Status).is_some_and(|(_, field)| field.word(status).is_some())
    }

    /// Follows what the steps do to a pump.
    fn follow(&self, steps: &[Step], from: Motion) -> Motion {
        steps.iter().fold(from, |motion, step| match self.actions.get(&step.name) {
            Some(action)
                if step.verb == Verb::Do
                    && step.only_if.as_ref().is_none_or(|status| status == motion.status()) =>
            {
                motion.after(action.does)
            }
            None if self.fields.get(&step.name).is_some_and(|field| field.starts)
                && step.only_if.as_ref().is_none_or(|status| status == motion.status()) =>
            {
                let to = step.to.as_ref().and_then(|to| to.parse::<f64>().ok());
                if to.is_some_and(|to| to <= 0.0) { Motion::Stopped } else { Motion::Running }
            }
            _ => motion,
        })
    }

    fn wrong_motion(&self) -> Option<String> {
        let Steps { ready, dispense, stop, turn, .. } = &self.steps;
        if let Some(status) = ["stopped", "running"].into_iter().find(|it| !self.has_status(it)) {
            return Some(format!("fields: no word of the status means {status}"));
        }
        let all = [Motion::Running, Motion::Paused, Motion::Delayed, Motion::Stopped];
        for from in all.into_iter().filter(|motion| self.has_status(motion.status())) {
            let to = self.follow(stop, from);
            if to != Motion::Stopped {
                let (from, to) = (from.status(), to.status());
                return Some(format!("steps.stop: a pump that is {from} is {to} after it"));
            }
            if ![from, Motion::Stopped].contains(&self.follow(turn, from)) {
                let from = from.status();
                return Some(format!("steps.turn: a pump that is {from} moves after it"));
            }
            if self.follow(dispense, from) != Motion::Running {
                let from = from.status();
                return Some(format!(
                    "steps.dispense: a pump that is {from} does not run after it"
                ));
            }
        }
        if self.has(dispense, Does::Withdraw) {
            return Some("steps.dispense: it draws".into());
        }
        if self.follow(ready, Motion::Stopped) != Motion::Stopped {
            return Some("steps.ready: a pump that is stopped moves after it".into());
        }
        self.wrong_draw()
    }

    /// What is wrong with how it draws.
    fn wrong_draw(&self) -> Option<String> {
        let withdraw = &self.steps.withdraw;
        if withdraw.is_empty() {
            return None;
        }
        let draws = |step: &Step| {
            let field = self.fields.get(&step.name);
            let to = step.to.as_deref();
            step.verb == Verb::Set
                && to.is_some_and(|to| {
                    field.is_some_and(|field| {
                        field.means == Some(Means::Direction)
                            && (to == "withdraw" || field.meaning(to) == Some("withdraw"))
                    })
                })
        };
        if self.has(withdraw, Does::Infuse) {
            return Some("steps.withdraw: it delivers".into());
        }
        if !withdraw.iter().any(draws) && !self.has(withdraw, Does::Withdraw) {
            return Some("steps.withdraw: it does not set the direction to withdraw".into());
        }
        let runs = self.follow(withdraw, Motion::Stopped) == Motion::Running;
        (!runs).then(|| "steps.withdraw: a pump that is stopped does not run after it".into())
    }

    /// Whether one of these steps does this.
    fn has(&self, steps: &[Step], does: Does) -> bool {
        let is_it = |step: &&Step| {
            let action = self.actions.get(&step.name);
            step.verb == Verb::Do && action.is_some_and(|action| action.does == does)
        };
        steps.iter().any(|step| is_it(&step))
    }

    fn wrong_turn(&self) -> Option<String> {
        let (name, field) = self.meaning(Means::Position)?;
        (!field.is_set())
            .then(|| format!("fields.{name}: the field has no `set`: nothing turns the valve"))
    }

    fn wrong_control(&self) -> Option<String> {
        let Steps { heat, off, .. } = &self.steps;
        let sets = |steps: &[Step], means: Means| {
            // A step that is taken only sometimes brings no safe state.
            let step = steps.iter().rfind(|step| {
                let always = step.verb == Verb::Set && step.only_if.is_none();
                always && self.fields[&step.name].means == Some(means)
            })?;
            let field = &self.fields[&step.name];
            let to = step.to.clone().unwrap_or_default();
            Some(field.meaning(&to).map_or(to, str::to_owned))
        };
        if sets(heat, Means::SetPointC).is_none() {
            return Some("steps.heat: it sets no set point".into());
        }
        let tells = |steps: &[Step], does: Does| {
            steps.iter().any(|step| {
                let action = self.actions.get(&step.name);
                let always = step.verb == Verb::Do && step.only_if.is_none();
                always && action.is_some_and(|action| action.does == does)
            })
        };
        let is_set = sets(heat, Means::Mode).as_deref() == Some("automatic");
        if !is_set && !tells(heat, Does::ControlOn) {
            return Some("steps.heat: it does not set the mode to automatic".into());
        }
        match sets(off, Means::Mode).as_deref() {
            None if tells(off, Does::ControlOff) && !tells(off, Does::ControlOn) => None,
            Some("off") => None,
            Some("manual") => match sets(off, Means::PowerPercent).map(|to| to.parse()) {
                Some(Ok(0.0)) => None,
                _ => Some("steps.off: in manual mode a controller goes on heating with its last power: set the power to 0 as well".into()),
            },
            _ => Some("steps.off: it does not set the mode to off".into()),
        }
    }
}

/// What is wrong with the value that a step sets a field to, in words.
fn wrong_value(name: &str, field: &Field, to: &str) -> Option<String> {
    let is_word = |to: &str| field.words.iter().any(|(word, _)| word == to);
    let fits = match field.words.is_empty() {
        true => field.text.is_some() || to.parse::<f64>().is_ok_and(f64::is_finite),
        false => field.word(to).is_some() || is_word(to),
    };
    (!fits).then(|| format!("`set {name} {to}`: the field has no such value"))
}
