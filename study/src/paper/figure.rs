//! The report: one figure for each figure of the paper, from the runs of all rigs.

mod figure3;
mod figure4;
mod figure5;
mod figure6;
mod figure7;
mod figure8;
mod panel;

use flowtwin_report::Table;
use flowtwin_report::format::counted;
use flowtwin_report::page::{Answer, Page, answers, section, tiles};

use super::claim::{ClaimKind, Verdict};
use super::seed::Seed;
use super::table;

/// The text of `report.html`. The first rig is shown where the paper shows one run.
///
/// # Panics
/// If there is no rig.
pub fn report_html(verdicts: &[Verdict], seeds: &[Seed]) -> String {
    let first = seeds.first().expect("at least one rig");
    let mut page = Page::new("The claims of the paper", true);
    page.kicker("Sadeghi et al., Nanoscale 16 (2024) 580, DOI 10.1039/d3nr05034c");
    page.lead(&format!(
        "Every study of the paper was done again on {} simulated rigs, by the procedure that a rig would run.",
        seeds.len()
    ));
    page.push(&first_screen(verdicts, seeds.len()));
    page.push(&tiles(&counts(verdicts, seeds.len())));
    page.push(&section("claims", "Claims", &claims(verdicts)));
    page.push(&section("figure-3", "Figure 3: stability", &figure3::body(seeds, first)));
    page.push(&section("figure-4", "Figure 4: flow and reaction time", &figure4::body(seeds)));
    page.push(&section("figure-5", "Figure 5: partial grid", &figure5::body(seeds)));
    page.push(&section("figure-6", "Figure 6: digital twin", &figure6::body(seeds, first)));
    page.push(&section(
        "figure-7",
        "Figure 7: what the twin has learnt",
        &figure7::body(seeds, first),
    ));
    page.push(&section("figure-8", "Figure 8: optimisation", &figure8::body(seeds, first)));
    page.finish()
}

/// What a reader asks first.
fn first_screen(verdicts: &[Verdict], rigs: usize) -> String {
    let failed = verdicts.iter().filter(|v| !v.pass && !v.open);
    let failed = failed.map(|v| {
        let [_, text, _, simulated, interval, holds, _] = table::row(v);
        let interval = if interval.is_empty() { interval } else { format!(" ({interval})") };
        format!(
            "{}: {}: {simulated}{interval}, holds if {holds}.",
            v.id,
            text.trim_end_matches('.')
        )
    });
    let failed: Vec<String> = failed.collect();
    let open = verdicts.iter().filter(|v| v.open).count();
    let holds = verdicts.iter().filter(|v| v.pass).count();
    let found = match failed.is_empty() {
        true => format!("{holds} of {} hold, and none fails.", counted(verdicts.len(), "claim")),
        false => format!("{holds} of {} hold.", counted(verdicts.len(), "claim")),
    };
    let next = match open {
        0 => Vec::new(),
        open => vec![format!(
            "{} open: more rigs would decide (`--seeds`).",
            if open == 1 { "1 claim is".into() } else { format!("{open} claims are") }
        )],
    };
    answers(&[
        (
            "Is it complete?",
            format!("Yes, all studies on {}.", counted(rigs, "simulated rig")).into(),
        ),
        ("What was asked?", "Which claims of the paper does the simulator meet?".to_owned().into()),
        ("What was found?", found.into()),
        (
            "How sure is it?",
            format!(
                "A claim holds if its whole 95 % interval over {} lies where the paper says. It is open if the interval is \
                 too wide to tell: {}.",
                counted(rigs, "rig"),
                counted(open, "claim")
            )
            .into(),
        ),
        ("What fails?", Answer::List(failed)),
        ("What next?", Answer::List(next)),
    ])
}

fn counts(verdicts: &[Verdict], rigs: usize) -> Vec<(String, String)> {
    let of = |kind: ClaimKind| {
        let all = verdicts.iter().filter(|v| v.kind == kind);
        format!("{} of {}", all.clone().filter(|v| v.pass).count(), all.count())
    };
    vec![
        (of(ClaimKind::Definition), "definitions hold".into()),
        (of(ClaimKind::Calibrated), "calibrated claims fit".into()),
        (of(ClaimKind::Predicted), "predicted claims hold".into()),
        (rigs.to_string(), "simulated rigs".into()),
    ]
}

fn claims(verdicts: &[Verdict]) -> String {
    let titles = [
        "id",
        "claim",
        "paper",
        "simulated",
        "95 % interval",
        "holds if",
        "kind",
        "verdict",
        "fails if",
    ];
    let mut table = titles.iter().fold(Table::new(), |table, title| table.words(title));
    for verdict in verdicts {
        let [id, text, paper, simulated, interval, holds, word] = super::table::row(verdict);
        let (kind, fails) = (verdict.kind.word().into(), verdict.fails_if.into());
        table.row(vec![id, text, paper, simulated, interval, holds, kind, word, fails]);
    }
    table.html()
}
