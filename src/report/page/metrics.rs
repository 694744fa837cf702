//! The metrics of a self-driving lab.

use super::html;
use crate::report::metrics;
use crate::report::run::Run;

/// The section on metrics.
pub(super) fn section(run: &Run<'_>) -> String {
    if run.experiments().is_empty() {
        return String::new();
    }
    let note = "<p class=\"note\">Metrics after Volk &amp; Abolhasani, Nat. Commun. 2024, 15, 1378. AF: how many times fewer experiments than random choice needs until its best is reached; EF: how many times higher the best (Liang et al., npj Comput. Mater. 2021, 7, 188).</p>\n";
    html::section("metrics", "Metrics of a self-driving lab", &(metrics::table(run).html() + note))
}
