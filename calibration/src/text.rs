//! A calibration in words: for the terminal, and for the scenario that it writes.

use flowtwin_report::Table;
use flowtwin_report::format::{counted, significant};

use crate::calibration::{Calibration, Parameter, SPEAKS_AGAINST};
use crate::explained::LeftOut;

impl Calibration {
    /// One sentence: how many keys are known, and whether the model explains the data.
    pub fn headline(&self) -> String {
        let told = self.parameters.iter().filter(|p| p.identifiable).count();
        let all = self.parameters.len();
        let known = match (told, all) {
            (1, 1) => "The key is known".into(),
            (0, 1) => "The key is not known".into(),
            (told, all) if told == all => format!("All {all} keys are known"),
            (told, all) => format!("{told} of {all} keys are known"),
        };
        format!("{known}; {}.", self.verdict())
    }

    /// Whether the model explains the data.
    pub fn verdict(&self) -> String {
        let left = significant(self.chi2_per_dof, 3);
        match self.lack_of_fit_p {
            None => "the scenario has no noise, so nothing says how well the model must fit".into(),
            Some(p) if p < SPEAKS_AGAINST => {
                format!(
                    "the model does not explain the data (chi² per degree of freedom {left}, p = {})",
                    significant(p, 2)
                )
            }
            Some(p) => format!(
                "the model explains the data (chi² per degree of freedom {left}, p = {})",
                significant(p, 2)
            ),
        }
    }

    /// The estimates as a table.
    pub fn table(&self) -> Table {
        let table = Table::new().words("key").numbers("scenario").numbers("estimate");
        let mut table = table.words("95 % interval");
        for parameter in &self.parameters {
            let number = |value: f64| significant(value, 4);
            let interval = match parameter.identifiable {
                true => format!("{} to {}", number(parameter.low), number(parameter.high)),
                false => "not told by the data".into(),
            };
            let value = parameter.value.map_or_else(|| "–".into(), number);
            table.row(vec![parameter.key.clone(), number(parameter.start), value, interval]);
        }
        table
    }

    /// What is to be said beside the estimates, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.settled {
            all.push(
                "The search was cut short: there may be better values. Give narrower ranges."
                    .into(),
            );
        }
        let explained = self.lack_of_fit_p.is_none_or(|p| p >= SPEAKS_AGAINST);
        for parameter in self.parameters.iter().filter(|p| !p.identifiable) {
            all.push(untold(parameter, explained));
        }
        for (place, parameter) in self.parameters.iter().enumerate().filter(|(_, p)| p.identifiable)
        {
            let later = |other: &&String| {
                self.parameters.iter().position(|p| p.key == **other).is_some_and(|at| at > place)
            };
            for other in parameter.correlated_with.iter().filter(later) {
                all.push(format!(
                    "{} and {other} go together: their errors are correlated.",
                    parameter.key
                ));
            }
        }
        if explained {
            all.extend(self.advice());
        }
        all.extend(self.trends.iter().map(|trend| {
            let way = if trend.correlation > 0.0 { "rises" } else { "falls" };
            format!(
                "What is left of {} {way} with {} (correlation {}): the model lacks something there.",
                trend.feature,
                trend.input,
                significant(trend.correlation, 2)
            )
        }));
        all.extend(self.held_out.iter().map(|held| {
            format!(
                "{}: R² {} on {}{} that the fit did not know; {} % within two standard deviations of noise.",
                held.feature,
                significant(held.r2, 3),
                counted(held.n, "experiment"),
                match held.left_out {
                    LeftOut::Experiments => "",
                    LeftOut::Ramps => " of whole ramps",
                    LeftOut::Runs => " of whole runs",
                },
                significant(100.0 * held.within, 3)
            )
        }));
        all.extend(
            self.outliers.iter().map(|source| format!("{source} lies far off and counts less.")),
        );
        all
    }

    pub(crate) fn advice(&self) -> Option<String> {
        let telling = self.telling.as_ref()?;
        let set: Vec<String> = telling
            .conditions
            .iter()
            .map(|(name, value)| format!("{name} = {}", significant(value, 4)))
            .collect();
        Some(match telling.enough {
            true => format!("An experiment at {} would tell more.", set.join(", ")),
            false => format!(
                "No single experiment tells them apart; the one that tells most is at {}. Fix one of them, or measure it otherwise.",
                set.join(", ")
            ),
        })
    }
}

fn untold(parameter: &Parameter, explained: bool) -> String {
    let key = &parameter.key;
    match &parameter.correlated_with[..] {
        [] if !explained => format!("{key} is not told: the model leaves too much unexplained."),
        [] => format!("{key} has too little effect on what was measured to be told."),
        others => format!("{key} cannot be told apart from {}.", others.join(" and ")),
    }
}
