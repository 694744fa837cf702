//! `flowtwin completions` and `flowtwin man`: what shells and `man` know of the command line.

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::console;
use crate::error::CommandError;

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowtwin", &mut script);
    console::print(String::from_utf8_lossy(&script))
}

pub(super) fn man(args: &ManArgs) -> Result<(), CommandError> {
    if let Some(folder) = &args.out {
        return std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .map_err(|error| CommandError::unwritable(folder, &error));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(CommandError::failed)?;
    console::print(String::from_utf8_lossy(&page))
}
