//! A lab that can be interrupted.

use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_lab::{Command, Fault, FaultKind, Instant, Lab, Manifest, Reply};

/// A lab whose waits end with [`FaultKind::Interrupted`] once a stop was requested.
#[derive(Debug)]
pub struct Interruptible<'a, L> {
    lab: L,
    stop: &'a AtomicBool,
}

impl<'a, L: Lab> Interruptible<'a, L> {
    /// Makes `lab` obey `stop`.
    pub fn new(lab: L, stop: &'a AtomicBool) -> Self {
        Self { lab, stop }
    }

    /// The lab inside.
    pub fn lab(&self) -> &L {
        &self.lab
    }

    /// Takes the layer off.
    pub fn into_inner(self) -> L {
        self.lab
    }
}

impl<L: Lab> Lab for Interruptible<'_, L> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.lab.send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Fault::new(self.lab.now(), "operator", FaultKind::Interrupted));
        }
        self.lab.wait_until(deadline)
    }
}
