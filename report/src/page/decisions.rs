//! The section on what people have decided.

use super::html::{escape, section};
use crate::decisions::{Decisions, table};
use crate::run::Run;

/// The section; empty where nobody has decided on a proposal.
pub(super) fn sections(run: &Run<'_>) -> String {
    let Some(decisions) = Decisions::of(run) else { return String::new() };
    let mut body = format!("<p>{}</p>\n", escape(&decisions.in_words()));
    let table = table(run);
    if !table.is_empty() {
        body += &table.html();
    }
    section("decisions", "What people decided", &body)
}
