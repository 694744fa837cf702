//! A simulated lab that can be inspected while a campaign runs on it.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{Command, Fault, Instant, Lab, Manifest, Reply};
use flowtwin_sim::{SimLab, Work};

/// A simulated lab whose work can be read while others drive it.
#[derive(Clone, Debug)]
pub struct Shared {
    lab: Rc<RefCell<SimLab>>,
    manifest: Manifest,
}

impl Shared {
    /// Shares `lab`.
    pub fn new(lab: SimLab) -> Self {
        let manifest = lab.manifest().clone();
        Self { lab: Rc::new(RefCell::new(lab)), manifest }
    }

    /// What the simulation has done so far.
    pub fn work(&self) -> Work {
        self.lab.borrow().work()
    }
}

impl Lab for Shared {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.lab.borrow().now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.lab.borrow_mut().send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.borrow_mut().wait_until(deadline)
    }
}
