//! How a campaign goes, on stderr: a few lines that renew themselves on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::time::Instant;

use flowtwin_campaign::campaign::Observer;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::study::Task;
use flowtwin_lab::{Conditions, Fault, Observation};
use flowtwin_report::format::{counted, duration, said, significant};
use flowtwin_report::policy_in_words;
use flowtwin_statistics::front::pareto_front;
use flowtwin_twin::Stop;

use crate::syringes::Syringes;
use crate::{console, sketch};

/// Shows phase, experiment, best so far, lab time and wall time left.
#[derive(Debug)]
pub struct Progress<'a> {
    scenario: &'a Scenario,
    unit: String,
    renews: bool,
    began: Instant,
    total: usize,
    computed: usize,
    phase: PhaseShown,
    syringes: Syringes,
    quiet: bool,
}

#[derive(Debug, Default)]
struct PhaseShown {
    name: String,
    planned: usize,
    done: usize,
    failed: usize,
    /// The best so far, and what it is worth.
    best: Option<(f64, f64)>,
    /// What is worth how much by each of several objectives.
    scores: Vec<Vec<f64>>,
}

impl<'a> Progress<'a> {
    /// Shows the campaign of `scenario`.
    pub fn new(scenario: &'a Scenario) -> Self {
        let feature = &scenario.objective().feature;
        let unit = scenario.features().into_iter().find(|(name, _)| name == feature);
        Self {
            scenario,
            unit: unit.map(|(_, unit)| unit).unwrap_or_default(),
            renews: stderr().is_terminal(),
            began: Instant::now(),
            total: scenario.experiments(),
            computed: 0,
            phase: PhaseShown::default(),
            syringes: Syringes::new(scenario.manifest()),
            quiet: false,
        }
    }

    /// The same, which says nothing of what goes as planned.
    #[must_use]
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// The lines that renew themselves: bar and numbers, the spectrum, the syringes.
    fn view(&self, number: u64, observation: &Observation, columns: Option<usize>) -> Vec<String> {
        let wide = columns.unwrap_or(WIDE).saturating_sub(1);
        let mut lines = vec![self.line(number, observation, columns)];
        if let Some(spectrum) = observation.outcome.spectra.first().filter(|_| wide > NARROW) {
            let name = format!("{} ", spectrum.name.replace('_', " "));
            let room = (wide - NARROW).min(60);
            lines.push(clipped(name + &sketch::line(spectrum, room), wide));
        }
        lines.extend(self.syringes.line().map(|line| clipped(line, wide)));
        lines
    }

    fn line(&self, number: u64, observation: &Observation, columns: Option<usize>) -> String {
        const WIDTH: usize = 20;
        let PhaseShown { name, planned, done, .. } = &self.phase;
        let filled = WIDTH * number as usize / self.total.max(1);
        let hours = observation.ended.as_secs() / 3600.0;
        let rest = WIDTH - filled.min(WIDTH);
        let bar = format!("[{:━<filled$}{:─<rest$}] ", "", "");
        let words = format!(
            "{number}/{} {name} {done}/{planned} · {} · {hours:.1} h in the lab{}",
            self.total,
            self.found().unwrap_or_else(|| "no result yet".into()),
            self.left(number),
        );
        fit(&bar, words, columns)
    }

    /// What the phase has found so far.
    fn found(&self) -> Option<String> {
        let PhaseShown { best, scores, .. } = &self.phase;
        match (best, pareto_front(scores).len()) {
            (Some((best, _)), _) => {
                // As many digits as the closing table has: 0.122 and 0.058 are not the same.
                let (feature, best) = (&self.scenario.objective().feature, significant(*best, 4));
                Some(format!("best {feature} {best} {}", self.unit).trim_end().to_owned())
            }
            (None, 0) => None,
            (None, 1) => Some("1 best compromise".into()),
            (None, n) => Some(format!("{n} best compromises")),
        }
    }

    /// Wall time left, from the mean of the experiments that were not read from a journal.
    fn left(&self, number: u64) -> String {
        let left = self.total.saturating_sub(number as usize);
        if self.computed == 0 || left == 0 {
            return String::new();
        }
        let seconds = self.began.elapsed().as_secs_f64() / self.computed as f64 * left as f64;
        match seconds {
            s if s < 90.0 => format!(" · {s:.0} s left"),
            s if s < 5400.0 => format!(" · {:.0} min left", s / 60.0),
            s => format!(" · {:.1} h left", s / 3600.0),
        }
    }

    /// Says a line that stays.
    fn say(&self, text: &str) {
        if !self.quiet {
            console::say_line(format_args!("{}{text}", self.erased()));
        }
    }

    /// What takes the lines away that renew themselves.
    fn erased(&self) -> &'static str {
        if self.renews { "\r\x1b[J" } else { "" }
    }

    /// Shows lines that renew themselves, below an empty one on which the cursor waits: whatever else is said meanwhile is
    /// written there, and stays.
    fn show(&self, lines: &[String]) {
        let back = lines.len();
        let lines: String = lines.iter().map(|line| format!("\n{line}")).collect();
        console::say(format_args!("{}{lines}\r\x1b[{back}A", self.erased()));
    }
}

impl Observer for Progress<'_> {
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        self.phase = PhaseShown { name: name.into(), planned: experiments, ..Default::default() };
        if !self.renews {
            let policy = policy_in_words(policy);
            self.say(&format!("phase {name}: {experiments} experiments, {policy}"));
        }
    }

    fn task(&mut self, number: usize, of: usize, task: &Task) {
        let name = task.name();
        match task {
            Task::Ramp(ramp) => self.say(&format!("task {number} of {of}: {name}: {ramp}")),
            _ => self.say(&format!("task {number} of {of}: {name}")),
        }
    }

    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        let wanted = self.scenario.wanted();
        self.phase.done += 1;
        self.phase.failed += usize::from(observation.failed());
        self.computed += usize::from(!known);
        let values = wanted.values(|name| observation.feature(name));
        let value = values[wanted.goals.objectives[0].outcome];
        self.phase.best = match (self.phase.best, value.zip(wanted.goals.merit(&values))) {
            (Some(best), Some(new)) if best.1 >= new.1 => Some(best),
            (best, new) => new.or(best),
        };
        if wanted.goals.objectives.len() > 1 && wanted.goals.allow(&values) {
            self.phase.scores.extend(wanted.goals.scores(&values));
        }
        if self.renews && !self.quiet {
            self.show(&self.view(number, observation, console::columns(&stderr())));
        }
    }

    fn left(&mut self, left_ml: &[(String, f64)], _known: bool) {
        self.syringes.note(left_ml);
    }

    fn set_otherwise(&mut self, number: u64, asked: &Conditions, set: &Conditions) {
        let differ = asked.words().zip(set.words()).filter(|((_, asked), (_, set))| asked != set);
        let words = differ
            .map(|((name, asked), (_, set))| format!("{name} {}, not {}", said(set), said(asked)));
        let words = words.collect::<Vec<_>>().join(", ");
        console::say_line(format_args!(
            "experiment {number}: the lab has set {words}; that is kept"
        ));
    }

    fn doubted(&mut self, experiments: &[u64], since: flowtwin_lab::Instant, fault: &Fault) {
        let numbers: Vec<String> = experiments.iter().map(u64::to_string).collect();
        console::say_line(format_args!(
            "{} withdrawn ({}): they ended after {}, since when {} may have read wrong; nothing is learnt of them",
            counted(experiments.len(), "experiment"),
            numbers.join(", "),
            duration(since.as_secs()),
            fault.origin,
        ));
    }

    fn left_out(&mut self, request: u64) {
        console::say_line(format_args!(
            "the lab has answered request {request}, which nobody waits for: that answer is left out"
        ));
    }

    fn ended(&mut self, name: &str, stop: Option<&Stop>) {
        let PhaseShown { done, failed, .. } = &self.phase;
        let best = self.found().unwrap_or_else(|| "no result".into());
        let failed = if *failed > 0 { format!(", {failed} failed") } else { String::new() };
        let why = stop.map_or(String::new(), |stop| format!("; stopped early: {stop}"));
        self.say(&format!("phase {name}: {done} experiments{failed}, {best}{why}"));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        console::say(self.erased());
    }
}

/// Columns that are reckoned with where a terminal does not tell them.
const WIDE: usize = 80;

/// Columns that a name takes beside a spectrum.
const NARROW: usize = 16;

/// A line of no more than so many characters.
fn clipped(line: String, columns: usize) -> String {
    line.chars().take(columns).collect()
}

/// A line that can renew itself: it must not be wider than its terminal. The bar goes first.
fn fit(bar: &str, words: String, columns: Option<usize>) -> String {
    let width = |text: &str| text.chars().count();
    match columns {
        Some(columns) if width(&words) >= columns => words.chars().take(columns - 1).collect(),
        Some(columns) if width(bar) + width(&words) >= columns => words,
        _ => format!("{bar}{words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_line_that_renews_itself_fits_its_terminal() {
        let fitted = |columns| fit("[──] ", "3/8 · best 2.5 h".into(), columns);
        assert_eq!(fitted(None), "[──] 3/8 · best 2.5 h");
        assert_eq!(fitted(Some(22)), fitted(None));
        assert_eq!(fitted(Some(21)), "3/8 · best 2.5 h");
        assert_eq!(fitted(Some(6)), "3/8 ·");
    }
}
