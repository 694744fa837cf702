//! What instruments that speak our own lines have in common.

use flowtwin_lab::FaultKind;

use crate::codec::line;
use crate::driver::dc2200::identity;
use crate::instrument::Identity;
use crate::transport::{Dialog, read_again};

/// Asks who it is.
pub(super) fn identify(mut dialog: Dialog) -> Result<Identity, FaultKind> {
    let ask = || dialog.ask(b"*IDN?\n", line::scan, |line| Ok((!line.is_empty()).then_some(line)));
    identity(&read_again(ask)?)
}
