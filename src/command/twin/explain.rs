//! stub
use crate::cli::TwinExplain as Args;
use crate::error::CommandError;
pub(super) fn run(_args: &Args) -> Result<(), CommandError> {
    todo!()
}
