//! `flowtwin report --salvage`: what is good of a damaged journal is kept, and the rest set aside.

use std::path::Path;

use flowtwin_campaign::folder::{JOURNAL, Salvaged, salvage};

use crate::console;
use crate::error::CommandError;

/// Salvages the journal of a run folder and says what was done.
///
/// # Errors
/// If not even its header is good, or a file cannot be written.
pub(super) fn run(folder: &Path) -> Result<(), CommandError> {
    let journal = folder.join(JOURNAL);
    match salvage(folder)? {
        None => console::say_line(format_args!("{}: not damaged", journal.display())),
        Some(salvaged) => console::say(in_words(&journal, &salvaged)),
    }
    Ok(())
}

fn in_words(journal: &Path, salvaged: &Salvaged) -> String {
    let Salvaged { why, lines, experiments, aside, legible, pumped_ul } = salvaged;
    let mut text = format!("{}: {why}\n", journal.display());
    text += &format!("kept: {lines} lines with {experiments} experiments\n");
    if let Some(aside) = aside {
        let (read, not) = (legible.records.len(), legible.illegible);
        let aside = aside.display();
        text +=
            &format!("set aside, unchanged: {aside}, {read} lines and {not} that cannot be read\n");
    }
    let Some(pumped_ul) = pumped_ul else {
        return text
            + "a simulation does again what was set aside: go on with `flowtwin run --resume`\n";
    };
    for (pump, ul) in pumped_ul {
        text += &format!("counts as pumped: {pump} {:.3} mL\n", ul / 1000.0);
    }
    if legible.illegible > 0 || aside.is_none() {
        text += "what else was pumped there cannot be read: look at the syringes\n";
    }
    text + "go on with `flowtwin run --resume`, with --filled where you have filled syringes\n"
}
