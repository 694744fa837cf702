//! Rigs as they may be: drawn from what a calibration knows.

use flowtwin_campaign::scenario::{Posterior, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Streams;

/// So often a rig is drawn again that the simulator refuses.
const TRIES: u64 = 100;

/// Scenarios of `count` rigs, drawn from the posterior of a calibrated scenario: the same ones every time. Each has the name of
/// the scenario and a number, from 1.
///
/// # Errors
/// If the scenario has not been calibrated, its posterior is not valid, or the simulator refuses what is drawn.
pub fn rigs(scenario: &Scenario, count: u64) -> Result<Vec<Scenario>, Diagnostic> {
    let name = scenario.name();
    let Some(posterior) = Posterior::of(scenario)? else {
        let message = format!("{name} has no posterior to draw rigs from");
        return Err(Diagnostic::new(message).hint("`flowtwin calibrate` writes scenarios with one"));
    };
    let definition = scenario.definition();
    let one = |number: u64| {
        let mut draws = Streams::new(scenario.file().seed).open("rig", number);
        let mut refused = None;
        for _ in 0..TRIES {
            let mut drawn = posterior.drawn(&definition, &mut draws);
            drawn["name"] = format!("{name}-rig-{number}").into();
            match Scenario::recorded(&drawn) {
                Ok(rig) => return Ok(rig),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.expect("it was tried"))
    };
    (1..=count).map(one).collect()
}
