//! How steady lights are.

use super::Noting;
use crate::fault::Fault;
use crate::lab::Lab;
use crate::procedure::{Procedure, acquire};
use crate::study::{LightTask, Reading};
use crate::time::Span;

/// Reads the light of every channel above its dark, again and again, switched on for each reading as in experiments.
pub(super) fn watch<L: Lab>(
    procedure: &Procedure,
    lab: &mut L,
    task: &LightTask,
    note: Noting<'_, L>,
) -> Result<(), Fault> {
    let (spec, analysis) = (&procedure.spec, &procedure.analysis);
    let began = lab.now();
    let until = began + Span::from_secs(task.duration_s);
    let mut next = began;
    while next <= until {
        lab.wait_until(next)?;
        let dark = acquire::dark(lab, spec, analysis)?;
        acquire::lights(lab, analysis, true)?;
        lab.wait(Span::from_secs(spec.light_settle_s))?;
        let at = lab.now();
        let frames = acquire::frames(lab, analysis, &dark)?;
        acquire::lights(lab, analysis, false)?;
        let mut reading = Reading::of(at, &[]);
        for (i, channel) in analysis.channels().iter().enumerate() {
            let counts = analysis.light_counts(i, &acquire::mean(&frames[i]), &dark[i]);
            let counts = Some(counts).filter(|counts| counts.is_finite());
            reading.values.push((format!("{}_counts", channel.name), counts));
        }
        note(lab, reading)?;
        next = (next + Span::from_secs(task.every_s)).max(lab.now());
    }
    Ok(())
}
