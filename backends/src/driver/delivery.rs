//! What the drivers of pumps that are told finite volumes have in common: how they know that one runs, or stands still.

use std::thread::sleep;
use std::time::Duration;

use flowtwin_lab::{FaultKind, FlowRate, Volume};

use crate::codec::program::STATUS;
use crate::instrument::Pump;

/// Status of a pump that stands still, runs, and has stalled: places in [`STATUS`].
pub(super) const STOPPED: u8 = 0;
const RUNNING: u8 = 1;
const STALLED: u8 = 4;

/// Share of a volume that has been delivered by a pump that has ended already.
const ALL_OF_IT: f64 = 0.999;

/// Looks at whether a pump stands still again, and the time between two.
const LOOKS: (u32, Duration) = (600, Duration::from_millis(100));

/// The fault of a pump that is at something else than it should.
fn other(status: u8, after: &str) -> FaultKind {
    let detail = format!("it is {} after {after}", STATUS[usize::from(status)]);
    FaultKind::Refused { detail }
}

/// Whether a pump runs after it was started; a short run may be over already.
///
/// # Errors
/// If it does not.
pub(super) fn runs(pump: &mut impl Pump, at_most: Volume) -> Result<(), FaultKind> {
    match pump.status()? {
        RUNNING => Ok(()),
        STALLED => Err(FaultKind::Stalled),
        STOPPED if pump.dispensed_ul()? >= ALL_OF_IT * at_most.ul() => Ok(()),
        status => Err(other(status, "it was started")),
    }
}

/// Whether a pump stands still after it was told to stop; `told` is what became of that, and matters only where nothing
/// else is known.
///
/// # Errors
/// If it does not stand still, or does not tell.
pub(super) fn stands_still(
    pump: &mut impl Pump,
    told: Result<(), FaultKind>,
) -> Result<(), FaultKind> {
    match pump.status() {
        Ok(STOPPED | STALLED) => Ok(()),
        Ok(status) => Err(other(status, "it was stopped")),
        Err(kind) => told.and(Err(kind)),
    }
}

/// Moves a pump that stands still by a volume, so that a person sees which it is; returns the volume \[µL\].
///
/// # Errors
/// If it runs already, or does not move.
pub(super) fn nudge(pump: &mut impl Pump, rate_ul_per_min: f64, ul: f64) -> Result<f64, FaultKind> {
    let status = pump.status()?;
    if status != STOPPED {
        let is = STATUS[usize::from(status)];
        let detail = format!("it is {is}: stop it at the pump, then ask again");
        return Err(FaultKind::Refused { detail });
    }
    let begun = pump.dispense(FlowRate::from_ul_per_min(rate_ul_per_min), Volume::from_ul(ul));
    let moved = begun.and_then(|()| until_still(pump));
    // Whatever became of it: it may have begun to run.
    let stopped = pump.stop();
    moved.and(stopped).map(|()| ul)
}

fn until_still(pump: &mut impl Pump) -> Result<(), FaultKind> {
    for _ in 0..LOOKS.0 {
        if pump.status()? != RUNNING {
            break;
        }
        sleep(LOOKS.1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pump that runs, and of which nothing more is heard from some call on.
    #[derive(Default)]
    struct Lost {
        heard: u32,
        calls: u32,
        is_running: bool,
    }

    impl Lost {
        fn call(&mut self) -> Result<(), FaultKind> {
            self.calls += 1;
            if self.calls <= self.heard {
                Ok(())
            } else {
                Err(FaultKind::NoReply { waited_s: 1.0 })
            }
        }
    }

    impl Pump for Lost {
        fn dispense(&mut self, _: FlowRate, _: Volume) -> Result<(), FaultKind> {
            self.is_running = true;
            self.call()
        }
        fn stop(&mut self) -> Result<(), FaultKind> {
            self.is_running = false;
            Ok(())
        }
        fn status(&mut self) -> Result<u8, FaultKind> {
            self.call().map(|()| if self.is_running { RUNNING } else { STOPPED })
        }
        fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
            Ok(0.0)
        }
    }

    #[test]
    fn a_pump_that_was_moved_a_little_is_stopped_whatever_failed() {
        for heard in 1..=3 {
            let mut pump = Lost { heard, ..Lost::default() };
            let moved = nudge(&mut pump, 200.0, 10.0);
            assert!(matches!(moved, Err(FaultKind::NoReply { .. })), "{heard}: {moved:?}");
            assert!(!pump.is_running, "it runs on where {heard} calls were heard");
        }
    }
}
