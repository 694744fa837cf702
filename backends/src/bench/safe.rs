//! Making a rig safe: everything is tried, whatever else fails.

use flowtwin_lab::{Fault, FaultKind, Temperature};

use super::Bench;

impl Bench {
    /// Lights off, heaters to their safe set point (or off, where they do not take it), pumps
    /// stopped, in this order; every step is read back by its driver, and tried whether or not
    /// those before succeeded.
    ///
    /// # Errors
    /// What did not acknowledge, and what a person must do.
    pub(super) fn make_safe(&mut self) -> Result<(), Fault> {
        let mut failed = Vec::new();
        let mut note = |name: &dyn std::fmt::Display, done: Result<(), FaultKind>| {
            if let Err(kind) = done {
                failed.push(format!("{name} ({kind})"));
            }
        };
        let Self { manifest, instruments, .. } = self;
        for info in &manifest.lights {
            let light = instruments.lights.get_mut(&info.name);
            note(&info.name, light.map_or(Ok(()), |light| light.switch(false)));
        }
        for info in &manifest.heaters {
            let safe = Temperature::from_c(info.safe_c);
            let heater = instruments.heaters.get_mut(&info.name);
            note(&info.name, heater.map_or(Ok(()), |h| h.heat(safe).or_else(|_| h.off())));
        }
        for info in &manifest.pumps {
            let pump = instruments.pumps.get_mut(&info.name);
            note(&info.name, pump.map_or(Ok(()), |pump| pump.stop()));
        }
        if failed.is_empty() {
            return Ok(());
        }
        let left = failed.join(", ");
        Err(self.fault("bench", FaultKind::NotSafe { because: None, left }))
    }
}
