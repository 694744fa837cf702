//! The one trait that the simulator and the rig share.

use crate::command::{Command, Reply};
use crate::fault::Fault;
use crate::manifest::Manifest;
use crate::time::{Instant, Span};

/// A laboratory: something that takes commands and lets time pass.
///
/// `send` returns promptly: it may talk to an instrument, but never waits for physics. Time passes only in
/// `wait_until`. Everything that watches or restrains a lab (journal, guard, replay, shadow) is a `Lab` around
/// a `Lab`.
///
/// A layer that counts commands:
///
/// ```
/// use flowtwin_lab::{Command, Fault, Instant, Lab, Manifest, Reply};
///
/// struct Counted<L> {
///     lab: L,
///     commands: u64,
/// }
///
/// impl<L: Lab> Lab for Counted<L> {
///     fn manifest(&self) -> &Manifest {
///         self.lab.manifest()
///     }
///     fn now(&self) -> Instant {
///         self.lab.now()
///     }
///     fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
///         self.commands += 1;
///         self.lab.send(command)
///     }
///     fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
///         self.lab.wait_until(deadline)
///     }
/// }
/// ```
pub trait Lab {
    /// What is installed.
    fn manifest(&self) -> &Manifest;

    /// Lab time.
    fn now(&self) -> Instant;

    /// Carries out one command.
    ///
    /// # Errors
    /// The fault, if the command could not be carried out. [`Command::MakeSafe`] tries everything before it
    /// reports what failed.
    fn send(&mut self, command: &Command) -> Result<Reply, Fault>;

    /// Lets time pass until `deadline`; returns at once where it is not in the future.
    ///
    /// # Errors
    /// If the wait was cut short: by an interlock, a lost link or a request to stop. `now` then says how
    /// far it came.
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault>;

    /// Lets `span` pass.
    ///
    /// # Errors
    /// As [`Lab::wait_until`].
    fn wait(&mut self, span: Span) -> Result<(), Fault> {
        self.wait_until(self.now() + span)
    }
}

impl<L: Lab + ?Sized> Lab for &mut L {
    fn manifest(&self) -> &Manifest {
        (**self).manifest()
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        (**self).send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        (**self).wait_until(deadline)
    }
}

impl<L: Lab + ?Sized> Lab for Box<L> {
    fn manifest(&self) -> &Manifest {
        (**self).manifest()
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        (**self).send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        (**self).wait_until(deadline)
    }
}
