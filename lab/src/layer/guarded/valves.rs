//! What a guard knows of the valves: no pump presses against a closed way, and no valve is turned under flow.

use super::pumps::Pumps;
use crate::fault::{Fault, FaultKind};
use crate::id::{PumpId, ValveId};
use crate::manifest::{Manifest, RefillInfo, ValveInfo};
use crate::time::Instant;

/// The valves as they were turned.
#[derive(Clone, Debug)]
pub(super) struct Valves {
    all: Vec<Valve>,
    /// Pumps that refill themselves.
    refills: Vec<(PumpId, RefillInfo)>,
}

#[derive(Clone, Debug)]
struct Valve {
    info: ValveInfo,
    /// The number of its position; none before it was turned: where it was left, nobody knows.
    at: Option<usize>,
}

impl Valve {
    /// Its position in words.
    fn is(&self) -> String {
        match self.at {
            Some(number) => format!("is at \"{}\"", self.info.positions[number].name),
            None => "has not been turned yet".into(),
        }
    }

    /// The pumps that it has to do with: those whose way it opens, and those that draw through it.
    fn pumps(&self, refills: &[(PumpId, RefillInfo)]) -> Vec<PumpId> {
        let opened = self.info.positions.iter().flat_map(|position| position.opens.iter());
        let drawing = refills.iter().filter(|(_, refill)| refill.valve == self.info.name);
        opened.chain(drawing.map(|(pump, _)| pump)).cloned().collect()
    }
}

impl Valves {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let valve = |info: &ValveInfo| Valve { info: info.clone(), at: None };
        let refill = |info: &crate::manifest::PumpInfo| {
            info.refill.clone().map(|refill| (info.name.clone(), refill))
        };
        Self {
            all: manifest.valves.iter().map(valve).collect(),
            refills: manifest.pumps.iter().filter_map(refill).collect(),
        }
    }

    /// Refuses to start a pump whose way is closed.
    pub(super) fn opens(&self, now: Instant, pump: &PumpId, rate: f64) -> Result<(), Fault> {
        let closed = |valve: &&Valve| {
            let open = valve.at.is_some_and(|at| valve.info.positions[at].opens.contains(pump));
            valve.info.is_in_the_way_of(pump) && !open
        };
        match self.all.iter().find(closed).filter(|_| rate > 0.0) {
            None => Ok(()),
            Some(valve) => {
                let (name, is) = (&valve.info.name, valve.is());
                let detail =
                    format!("pump {pump} would press against a closed way: valve {name} {is}");
                Err(breach(now, "closed way", detail))
            }
        }
    }

    /// Refuses to draw where the syringe is not at its bottle: it would draw from the line.
    pub(super) fn is_at_the_bottle(&self, now: Instant, pump: &PumpId) -> Result<(), Fault> {
        let Some((_, refill)) = self.refills.iter().find(|(name, _)| name == pump) else {
            let detail = format!("pump {pump} has no bottle to refill itself from");
            return Err(Fault::new(now, pump, FaultKind::Unsupported { detail }));
        };
        let valve = self.all.iter().find(|valve| valve.info.name == refill.valve);
        let at = valve.and_then(|valve| valve.at.map(|at| valve.info.positions[at].name.as_str()));
        if at == Some(refill.at.as_str()) {
            return Ok(());
        }
        let (name, needed) = (&refill.valve, &refill.at);
        let is = valve.map_or_else(|| "is missing".into(), Valve::is);
        let detail =
            format!("pump {pump} would draw from the line: valve {name} {is}, not at \"{needed}\"");
        Err(breach(now, "draw from the line", detail))
    }

    /// Refuses a position that the valve does not have, and to turn it while a pump moves liquid through it.
    pub(super) fn may_turn(
        &self,
        now: Instant,
        name: &ValveId,
        position: &str,
        pumps: &Pumps,
    ) -> Result<(), Fault> {
        // A valve that there is not is refused by the lab.
        let Some(valve) = self.all.iter().find(|valve| valve.info.name == *name) else {
            return Ok(());
        };
        if valve.info.number(position).is_none() {
            let known: Vec<&str> = valve.info.positions.iter().map(|p| p.name.as_str()).collect();
            let detail = format!("it has no position \"{position}\"; it has {}", known.join(", "));
            return Err(Fault::new(now, name, FaultKind::Unsupported { detail }));
        }
        match pumps.moving(now, &valve.pumps(&self.refills)) {
            None => Ok(()),
            Some(pump) => {
                let detail = format!("valve {name} is not turned while pump {pump} runs: stop it");
                Err(breach(now, "valve under flow", detail))
            }
        }
    }

    /// Takes down that a valve was turned, and returns the number of its position.
    pub(super) fn turned(&mut self, name: &ValveId, position: &str) -> Option<usize> {
        let valve = self.all.iter_mut().find(|valve| valve.info.name == *name)?;
        valve.at = valve.info.number(position);
        valve.at
    }
}

fn breach(now: Instant, rule: &str, detail: String) -> Fault {
    Fault::new(now, "guard", FaultKind::Interlock { rule: rule.into(), detail })
}
