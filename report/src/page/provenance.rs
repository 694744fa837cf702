//! Where a report comes from.

use super::html::{self, escape};
use crate::Findings;
use crate::format::count;
use crate::run::Run;
use crate::standing::unfinished;
use crate::summary::Extras;

/// The section on provenance.
pub(super) fn section(run: &Run<'_>, findings: &Findings, extras: &Extras) -> String {
    let header = run.header();
    let mut entries: Vec<(&str, String)> = vec![
        ("results", if header.simulated { "simulated" } else { "measured" }.into()),
        ("scenario", escape(&header.scenario)),
        ("scenario SHA-256", code(&header.scenario_sha256)),
        ("seed", header.seed.to_string()),
        ("rig", escape(&header.manifest.rig)),
        ("backend", escape(&extras.backend)),
        ("flowtwin", escape(&header.flowtwin)),
        ("journal SHA-256", code(&run.journal().sha256())),
    ];
    if let Some(events) = extras.simulated_events {
        entries.push(("simulated events", count(events as usize)));
    }
    for prior in run.definition().priors(&header.inputs) {
        entries.push(("earlier experiments", escape(&prior)));
    }
    if let Some(unfinished) = unfinished(run) {
        entries.push(("state", escape(&unfinished)));
    }
    let entry = |(what, value): &(&str, String)| format!("<dt>{what}</dt><dd>{value}</dd>\n");
    let list: String = entries.iter().map(entry).collect();
    let body = format!("<dl>\n{list}</dl>\n{}{}", scenario(run), sources(findings));
    html::section("provenance", "Provenance", &body)
}

/// The files that the page is made from.
fn sources(findings: &Findings) -> String {
    let mut files = vec!["<code>journal.jsonl</code>"];
    if findings.repeat.is_some() {
        files.push("<code>replayed.jsonl</code> (the run that it repeats)");
    }
    if findings.shadow.is_some() {
        files.push("<code>shadow.json</code> and <code>shadow.csv</code> (what the shadow saw)");
    }
    format!(
        "<p class=\"note\">This page is made from these files of the run folder: {}. Only the backend and the number of simulated \
         events come from elsewhere: from the command that did the run, or later from <code>summary.json</code>. The same files \
         give the same page, to the byte.</p>\n",
        files.join(", ")
    )
}

/// The scenario as it was run, with every default, to be opened.
fn scenario(run: &Run<'_>) -> String {
    let text = serde_json::to_string_pretty(&run.header().definition).unwrap_or_default();
    format!(
        "<details>\n<summary>The scenario as it was run, every default filled in</summary>\n\
         <pre class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-label=\"The scenario as it was run\">{}</pre>\n</details>\n",
        escape(&text)
    )
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}
