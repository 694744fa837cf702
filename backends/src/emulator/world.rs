//! The lab behind emulated instruments.

use flowtwin_lab::{Command, Fault, FaultKind, Instant, Lab, Manifest, PumpId, Reply, SensorKind};

use super::{Emulator, Line};

/// The lab behind emulated instruments, as they see it.
///
/// A driver changes rate and volume of a running pump by stopping and starting it again. On a wire
/// in memory both come at one instant of lab time, and the liquid would not notice: the lab behind
/// is told only of the new run. A stop is passed on as soon as time passes or anybody asks for
/// anything.
pub struct WorldBehind {
    lab: Box<dyn Lab>,
    stopping: Vec<PumpId>,
    silent: bool,
}

impl std::fmt::Debug for WorldBehind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WorldBehind({} at {})", self.manifest().rig, self.now())
    }
}

impl WorldBehind {
    /// Puts `lab` behind instruments.
    pub fn new(lab: Box<dyn Lab>) -> Self {
        Self { lab, stopping: Vec::new(), silent: false }
    }

    /// Serves a line. An instrument that does not answer in the lab behind does not answer on its
    /// line.
    pub fn serve(&mut self, emulator: &mut dyn Emulator, line: &mut Line) {
        let said = line.output.len();
        emulator.serve(line, self);
        if std::mem::take(&mut self.silent) {
            line.output.truncate(said);
        }
    }

    fn pass_on(&mut self) {
        for pump in std::mem::take(&mut self.stopping) {
            // Whether it answers was checked when it was stopped.
            let _ = self.lab.send(&Command::Stop { pump });
        }
    }

    fn forward(&mut self, command: &Command) -> Result<Reply, Fault> {
        let result = self.lab.send(command);
        let silent = matches!(&result, Err(Fault { kind: FaultKind::NoReply { .. }, .. }));
        self.silent |= silent;
        result
    }

    /// Notes that a pump stops; it must answer.
    fn stop(&mut self, pump: &PumpId) -> Result<Reply, Fault> {
        let status = self.lab.manifest().sensor(&SensorKind::Status(pump.clone())).cloned();
        match status {
            None => self.forward(&Command::Stop { pump: pump.clone() }),
            Some(sensor) => {
                self.forward(&Command::Read { sensor })?;
                self.stopping.push(pump.clone());
                Ok(Reply::Done)
            }
        }
    }
}

impl Lab for WorldBehind {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Stop { pump } => {
                self.pass_on();
                self.stop(pump)
            }
            Command::Dispense { pump, .. } => {
                self.stopping.retain(|stopping| stopping != pump);
                self.pass_on();
                self.forward(command)
            }
            _ => {
                self.pass_on();
                self.forward(command)
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.pass_on();
        self.lab.wait_until(deadline)
    }
}
