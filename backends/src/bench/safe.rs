//! Making a rig safe: everything is tried, whatever else fails.

use flowtwin_lab::{Fault, FaultKind, Temperature};

use super::Bench;

impl Bench {
    /// Light off, heaters to their safe set point and off, pumps stopped, in this order; every step is read
    /// back by its driver, and tried whether or not those before it succeeded.
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
        for (name, light) in &mut self.instruments.lights {
            note(name, light.switch(false));
        }
        for (name, heater) in &mut self.instruments.heaters {
            let safe = self.manifest.heater(name).map(|info| info.safe_c);
            note(
                name,
                match safe {
                    Some(c) => heater.make_safe(Temperature::from_c(c)),
                    None => heater.off(),
                },
            );
        }
        for (name, pump) in &mut self.instruments.pumps {
            note(name, pump.stop());
        }
        if failed.is_empty() {
            return Ok(());
        }
        let detail = format!("NOT SAFE: {}; switch these off by hand", failed.join(", "));
        let rule = "make_safe".into();
        Err(self.fault("bench", FaultKind::Interlock { rule, detail }))
    }
}
