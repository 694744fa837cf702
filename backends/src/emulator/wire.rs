//! A wire in memory, with an emulated instrument at its other end, in the time of the lab behind
//! it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::{Emulator, Line, WorldBehind};
use crate::transport::{Transport, lost};

/// The lab behind emulated instruments, shared by all of them.
pub type World = Rc<RefCell<WorldBehind>>;

/// A wire to an emulator in the same process. Bytes take no time on it, and nothing is ever waited
/// for: what has not come when the host listens will not come before lab time passes.
pub struct MemoryWire {
    emulator: Rc<RefCell<Box<dyn Emulator>>>,
    world: World,
    line: Line,
}

impl std::fmt::Debug for MemoryWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryWire").field("line", &self.line).finish_non_exhaustive()
    }
}

impl MemoryWire {
    /// A wire to `emulator`, which acts on `world`.
    pub fn new(emulator: Rc<RefCell<Box<dyn Emulator>>>, world: World) -> Self {
        Self { emulator, world, line: Line::default() }
    }

    fn serve(&mut self) {
        self.world.borrow_mut().serve(&mut **self.emulator.borrow_mut(), &mut self.line);
    }
}

impl Transport for MemoryWire {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        self.line.quiet = false;
        self.line.input.extend_from_slice(bytes);
        self.serve();
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        if self.line.output.is_empty() && !(patience.is_zero() && self.line.held.is_empty()) {
            self.line.quiet |= !patience.is_zero();
            self.serve();
        }
        if std::mem::take(&mut self.line.hung_up) {
            return Err(lost(&"the instrument closed the connection"));
        }
        let bytes = self.line.output.len();
        if into.is_empty() {
            std::mem::swap(into, &mut self.line.output);
        } else {
            into.append(&mut self.line.output);
        }
        Ok(bytes)
    }
}
