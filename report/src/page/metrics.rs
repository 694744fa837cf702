//! The metrics of a self-driving lab.

use super::html;
use crate::run::Run;
use crate::{efficiency, metrics};

/// The section on metrics.
pub(super) fn section(run: &Run<'_>) -> String {
    if run.experiments().is_empty() {
        return String::new();
    }
    let how = format!("<div class=\"how\">\n{}</div>\n", metrics::table(run).html());
    html::section("metrics", "Metrics of a self-driving lab", &(how + &efficiency(run)))
}

const SOURCES: &str = "Metrics after Volk & Abolhasani, Nat. Commun. 2024, 15, 1378. EF: the best over the best of random choice; AF: how many times fewer experiments than random choice until its best is passed (Liang et al., npj Comput. Mater. 2021, 7, 188). One run says little about a policy: compare policies on many seeds with flowtwin benchmark.";

fn efficiency(run: &Run<'_>) -> String {
    let table = efficiency::table(run);
    let sources = format!("<p class=\"note\">{}</p>\n", html::escape(SOURCES));
    if table.is_empty() {
        return sources;
    }
    format!("<h3>Optimisation efficiency</h3>\n{}{sources}", table.html())
}
