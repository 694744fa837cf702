//! `flowtwin serve`: the live page of runs, recorded or under way.

use flowtwin_serve::Runs;

use super::campaign::{STOP, heed_ctrl_c};
use super::page::{open, reach, start, until};
use crate::cli::ServeArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if let Some(missing) = args.runs.iter().find(|folder| !folder.is_dir()) {
        return Err(CommandError::bad_input(format_args!(
            "there is no folder {}",
            missing.display()
        )));
    }
    let runs = Runs::new(args.runs.iter().cloned());
    if runs.list().is_empty() {
        let folders: Vec<_> = args.runs.iter().map(|folder| folder.display().to_string()).collect();
        let message = format!("there is no run in {} yet", folders.join(", "));
        console::say_line(format_args!("note: {message}; one that begins there will be shown"));
    }
    let reach = reach(args.address, args.allow_network, &args.host)?;
    let server = start(args.address, reach, runs, None)?;
    heed_ctrl_c()?;
    let url = server.url();
    console::print_line(url)?;
    console::say_line("Ctrl-C ends it");
    if args.open {
        open(url);
    }
    until(&STOP);
    Ok(())
}
