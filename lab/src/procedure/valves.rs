//! Turning valves: before pumps flow, and to refill a syringe.

use crate::command::{Command, Reply, Setting};
use crate::fault::{Fault, FaultKind, PROCEDURE};
use crate::id::{PumpId, ValveId};
use crate::lab::Lab;
use crate::manifest::{RefillInfo, SensorKind, ValveInfo};
use crate::settings::Settings;
use crate::time::{Instant, Span};
use crate::units::{FlowRate, Volume};

/// Time between two looks at a pump that still draws, and how long it may be late, beyond a tenth of its time [s].
const LOOK_S: f64 = 1.0;
const LATE_S: f64 = 10.0;
/// Least share of a volume that a pump says it has drawn: less is a blocked bottle, or a stalled drive.
const LEAST_DRAWN: f64 = 0.98;

/// Turns the valves so that the ways of the pumps that flow are open.
pub(super) fn open_ways_of(lab: &mut dyn Lab, settings: &Settings) -> Result<(), Fault> {
    let flowing = settings.pumps.iter().filter(|(_, rate)| rate.ul_per_min() > 0.0);
    open_ways(lab, &flowing.map(|(pump, _)| pump.clone()).collect::<Vec<_>>())
}

/// Turns the valves in the ways of pumps that are about to flow: all of them, whatever their positions are said to be. Those
/// that are in no way stay as they are.
pub(super) fn open_ways(lab: &mut dyn Lab, pumps: &[PumpId]) -> Result<(), Fault> {
    if let Some(detail) = lab.manifest().shuts(pumps) {
        return Err(Fault::new(lab.now(), PROCEDURE, FaultKind::Refused { detail }));
    }
    let turned = |valve: &ValveInfo| {
        let through = valve.those_through(pumps);
        let position = valve.opening(&through).filter(|_| !through.is_empty())?;
        Some((valve.clone(), position.name.clone()))
    };
    let turns: Vec<(ValveInfo, String)> = lab.manifest().valves.iter().filter_map(turned).collect();
    turn(lab, &turns)
}

/// Turns valves together, and looks whether they are where they should be.
pub(super) fn turn(lab: &mut dyn Lab, turns: &[(ValveInfo, String)]) -> Result<(), Fault> {
    for (valve, position) in turns {
        let (valve, position) = (valve.name.clone(), position.clone());
        lab.send(&Command::Turn { valve, position })?;
    }
    let longest_s = turns.iter().map(|(valve, _)| valve.turns_s).fold(0.0, f64::max);
    if longest_s > 0.0 {
        lab.wait(Span::from_secs(longest_s))?;
    }
    turns.iter().try_for_each(|(valve, position)| is_at(lab, valve, position))
}

/// Makes sure that a valve is in a position. One that cannot tell is believed.
fn is_at(lab: &mut dyn Lab, valve: &ValveInfo, position: &str) -> Result<(), Fault> {
    let setting = Setting::Position(valve.name.clone());
    let kept = match lab.send(&Command::ReadBack { setting }) {
        Ok(Reply::Reading(kept)) => kept,
        Err(fault) if !matches!(fault.kind, FaultKind::Unsupported { .. }) => return Err(fault),
        _ => return Ok(()),
    };
    let is = |number: usize| (kept - number as f64).abs() < 0.5;
    if valve.number(position).is_some_and(is) {
        return Ok(());
    }
    let found = (0..valve.positions.len()).find(|number| is(*number));
    let kept = found.map_or("none of its positions", |n| valve.positions[n].name.as_str());
    let detail = format!("it was turned to {position} and is in {kept}: look whether it is stuck");
    Err(Fault::new(lab.now(), &valve.name, FaultKind::Refused { detail }))
}

/// Refills the syringe of a pump that stands still with `ul` µL from its bottle: turns its valve there, draws, lets the liquid
/// come to rest, and turns the valve back.
///
/// # Errors
/// [`FaultKind::Unsupported`] where the pump has no bottle; [`FaultKind::Stalled`] where it says that it has not drawn what it
/// was told; and any fault of the lab.
pub fn refill(lab: &mut dyn Lab, pump: &PumpId, ul: f64) -> Result<(), Fault> {
    let Some(refill) = lab.manifest().pump(pump).and_then(|info| info.refill.clone()) else {
        let detail = format!("pump {pump} has no bottle to refill itself from");
        return Err(Fault::new(lab.now(), pump, FaultKind::Unsupported { detail }));
    };
    let valve = valve(lab, &refill.valve)?;
    lab.send(&Command::Stop { pump: pump.clone() })?;
    turn(lab, &[(valve.clone(), refill.at.clone())])?;
    draw(lab, pump, &refill, ul)?;
    lab.wait(Span::from_secs(refill.settle_s))?;
    let back = valve.opening(std::slice::from_ref(pump)).map(|position| position.name.clone());
    back.map_or(Ok(()), |back| turn(lab, &[(valve, back)]))
}

fn valve(lab: &dyn Lab, name: &ValveId) -> Result<ValveInfo, Fault> {
    lab.manifest().valve(name).cloned().ok_or_else(|| {
        let detail = format!("there is no valve {name}");
        Fault::new(lab.now(), name, FaultKind::Unsupported { detail })
    })
}

/// Draws, and waits until the pump stands still again.
fn draw(lab: &mut dyn Lab, pump: &PumpId, refill: &RefillInfo, ul: f64) -> Result<(), Fault> {
    let rate = FlowRate::from_ul_per_min(refill.ul_per_min);
    let volume_ul = Volume::from_ul(ul);
    lab.send(&Command::Withdraw { pump: pump.clone(), rate_ul_per_min: rate, volume_ul })?;
    let takes_s = 60.0 * ul / refill.ul_per_min;
    let latest = lab.now() + Span::from_secs(1.1 * takes_s + LATE_S);
    lab.wait(Span::from_secs(takes_s))?;
    while runs(lab, pump)? {
        if lab.now() >= latest {
            return Err(Fault::new(lab.now(), pump, FaultKind::Stalled));
        }
        lab.wait(Span::from_secs(LOOK_S))?;
    }
    match read(lab, &SensorKind::Dispensed(pump.clone()))? {
        Some(drawn) if drawn < LEAST_DRAWN * ul => Err(stalled(lab.now(), pump)),
        _ => Ok(()),
    }
}

fn stalled(now: Instant, pump: &PumpId) -> Fault {
    Fault::new(now, pump, FaultKind::Stalled)
}

fn runs(lab: &mut dyn Lab, pump: &PumpId) -> Result<bool, Fault> {
    match read(lab, &SensorKind::Status(pump.clone()))? {
        Some(status) if status > 3.5 => Err(stalled(lab.now(), pump)),
        Some(status) => Ok(status > 0.5),
        None => Ok(false),
    }
}

/// Reads a sensor, where there is one.
fn read(lab: &mut dyn Lab, kind: &SensorKind) -> Result<Option<f64>, Fault> {
    let Some(sensor) = lab.manifest().sensor(kind).cloned() else { return Ok(None) };
    match lab.send(&Command::Read { sensor })? {
        Reply::Reading(value) => Ok(Some(value)),
        _ => Ok(None),
    }
}
