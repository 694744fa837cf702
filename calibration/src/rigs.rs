//! Rigs as they may be: drawn from what a calibration knows.

use std::collections::BTreeMap;

use flowtwin_campaign::scenario::{Posterior, Scenario, rig_name};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Streams;
use flowtwin_report::format::counted;

/// So often a rig is drawn again that cannot be.
const TRIES: u64 = 100;

/// Rigs that were drawn from the posterior of a scenario.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Their scenarios. Each has the name of the scenario and a number, from 1.
    pub rigs: Vec<Scenario>,
    /// The keys in which they differ.
    pub keys: Vec<String>,
    /// Values of these keys \[rigs\]\[keys\].
    pub values: Vec<Vec<f64>>,
    /// Why rigs were drawn again, and how often for each reason.
    pub again: BTreeMap<String, u64>,
}

impl Drawn {
    /// What is to be said of rigs that were drawn again; none where there are none.
    pub fn remark(&self) -> Option<String> {
        let often: u64 = self.again.values().sum();
        let why: Vec<String> =
            self.again.iter().map(|(why, often)| format!("{why} ({often})")).collect();
        let drawn = counted(often as usize, "rig");
        (often > 0).then(|| format!("{drawn} drawn again, which cannot be: {}", why.join("; ")))
    }
}

/// `count` rigs, drawn from the posterior of a calibrated scenario: the same ones every time, and the first of many are the few.
///
/// A rig with a value outside the range that its key is searched in, or one that the simulator refuses, is not pushed to the end of
/// the range: it is drawn again, and counted. So rigs follow the posterior within the ranges of its keys.
///
/// # Errors
/// If the scenario has not been calibrated, its posterior is not valid, or hardly any rig that it holds can be.
pub fn rigs(scenario: &Scenario, count: u64) -> Result<Drawn, Diagnostic> {
    let name = scenario.name();
    let Some(posterior) = Posterior::of(scenario)? else {
        let message = format!("{name} has no posterior to draw rigs from");
        return Err(Diagnostic::new(message).hint("`flowtwin calibrate` writes scenarios with one"));
    };
    let definition = scenario.definition();
    let keys = posterior.names().map(str::to_owned).collect();
    let (rigs, values, again) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut drawn = Drawn { rigs, keys, values, again };
    for number in 1..=count {
        let mut draws = Streams::new(scenario.file().seed).open("rig", number);
        let mut refused = None;
        let possible = (0..TRIES).find_map(|_| {
            let values = posterior.drawn(&mut draws);
            let why = match posterior.outside(&values) {
                Some(why) => why,
                None => {
                    let mut rig = posterior.with(&definition, &values);
                    rig["name"] = rig_name(name, number).into();
                    match Scenario::recorded(&rig) {
                        Ok(rig) => return Some((rig, values)),
                        Err(error) => refused = Some(error),
                    }
                    "the simulator refuses it".to_owned()
                }
            };
            *drawn.again.entry(why).or_default() += 1;
            None
        });
        let Some((rig, values)) = possible else {
            return Err(refused.unwrap_or_else(|| {
                let why = drawn.remark().unwrap_or_default();
                let message = format!("rig {number} of {name}: none of {TRIES} can be; {why}");
                Diagnostic::new(message)
                    .hint("widen the ranges of calibration.free, or calibrate with more data")
            }));
        };
        drawn.rigs.push(rig);
        drawn.values.push(values);
    }
    Ok(drawn)
}
