//! A lab of which something else is believed than it is.

use crate::command::{Command, Reply};
use crate::fault::Fault;
use crate::lab::Lab;
use crate::manifest::Manifest;
use crate::time::Instant;

/// A lab with the manifest that others believe it to have: a rig whose volumes are not what its scenario says.
#[derive(Debug)]
pub struct Told<L> {
    lab: L,
    manifest: Manifest,
}

impl<L: Lab> Told<L> {
    /// Tells of `lab` what `manifest` says. Its instruments must have the names of those of the lab.
    pub fn new(lab: L, manifest: Manifest) -> Self {
        Self { lab, manifest }
    }
}

impl<L: Lab> Lab for Told<L> {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.lab.send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}
