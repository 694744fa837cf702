//! Reports as one self-contained HTML file: no request leaves it, and it prints.

mod answers;
mod data;
mod decisions;
mod dependence;
mod experiment;
mod experiments;
mod goals;
pub(crate) mod html;
mod inputs;
mod lab_time;
mod metrics;
mod outcome;
mod parity;
mod progress;
mod provenance;
mod repeat;
mod rig;
mod spectra;

pub use answers::{Answer, answers};
pub use goals::front_html;
pub use html::{Legend, Page, escape, figure, pair, section, tiles};

use super::Findings;
use super::closing;
use super::format::{NONE, count, duration, fixed, significant, with_unit};
use super::front::Front;
use super::plot::Style;
use super::run::Run;
use super::summary::Extras;
use super::twin_fit::TwinFit;

/// The text of `report.html` of a run.
pub fn report_html(run: &Run<'_>, findings: &Findings, extras: &Extras) -> String {
    let twin = findings.twin.as_ref();
    let header = run.header();
    let mut page = Page::new(run.title(), header.simulated);
    page.kicker(&format!("{} · seed {}", header.scenario, header.seed));
    page.push(&answers::section(run));
    page.push(&tiles(&figures(run, twin)));
    page.data(&data::json(run));
    if let Some(repeat) = &findings.repeat {
        page.push(&repeat::section(repeat, header.simulated));
    }
    page.push(&section("phases", "Phases", &closing::phases(run).html()));
    page.push(&progress::sections(run));
    page.push(&goals::sections(run));
    page.push(&dependence::section_of(run, &findings.dependence));
    page.push(&inputs::sections(run));
    page.push(&outcome::section(run));
    if let Some(twin) = twin {
        page.push(&parity::section(run, twin));
    }
    page.push(&experiments::section(run));
    page.push(&decisions::sections(run));
    page.push(&lab_time::sections(run));
    page.push(&rig::sections(run, findings.shadow.as_ref()));
    page.push(&metrics::section(run));
    page.push(&provenance::section(run, findings, extras));
    page.finish()
}

/// The key figures: value, unit and what they are.
fn figures(run: &Run<'_>, twin: Option<&TwinFit>) -> Vec<(String, String)> {
    let objective = run.objective();
    let best = run.best().and_then(|e| e.value);
    let n = run.experiments().len();
    let failed = match run.failed() {
        0 => "experiments, none failed".to_owned(),
        f => format!("experiments, {} failed", count(f)),
    };
    let per_hour = n as f64 / (run.lab_time_s() / 3600.0);
    let mut out = match Front::of(run) {
        Some(front) => vec![
            (count(front.members.len()), "best compromises".to_owned()),
            (significant(front.hypervolume, 4), "hypervolume".to_owned()),
        ],
        None => vec![(
            best.map_or(NONE.into(), |v| with_unit(&significant(v, 4), &objective.unit)),
            format!("best {}", objective.name),
        )],
    };
    out.push((count(n), failed));
    // A table has neither times nor volumes.
    if run.lab_time_s() > 0.0 {
        let ml = significant(run.total_ml(), 3);
        out.extend([
            (duration(run.lab_time_s()), "lab time".into()),
            (with_unit(&ml, "mL"), "liquids".into()),
            (
                with_unit(&significant(per_hour, 3), "per h"),
                "experiments, heating and waiting included".into(),
            ),
        ]);
    }
    if let Some(twin) = twin {
        let words = format!("R² of the twin {}", twin.test_r2_in_words());
        out.push((fixed(twin.test_r2, 2), words));
    }
    out
}

/// The look of a phase in every figure.
pub(crate) fn style(phase: usize) -> Style {
    Style::series(phase)
}

/// The legend of the phases that have experiments.
pub(crate) fn legend(run: &Run<'_>) -> Legend {
    let mut legend = Legend::default();
    for (i, phase) in run.phases().iter().enumerate().filter(|(_, p)| !p.experiments.is_empty()) {
        legend.push(style(i), &phase.record.name);
    }
    legend
}
