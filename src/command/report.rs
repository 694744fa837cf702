//! `flowtwin report`.

use crate::cli::Report as Args;
use crate::error::CommandError;

pub(super) fn run(_args: &Args) -> Result<(), CommandError> {
    Err(CommandError::failed("not there yet"))
}
