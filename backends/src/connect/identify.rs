//! Who is at the end of each cable. Nothing is moved, heated or lit.

use flowtwin_lab::FaultKind;
use serde::Serialize;

use super::open_hurried;
use crate::emulator::chemyx::EMULATED;
use crate::instrument::Identity;
use crate::transport::{Dialog, Hurry};
use crate::wiring::{Link, Wired, Wiring};

/// What was found at the end of a cable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the instrument in the wiring file.
    pub name: String,
    /// Its section.
    pub kind: &'static str,
    /// Its cable.
    pub link: Option<Link>,
    /// Who answered.
    pub identity: Option<Identity>,
    /// Why it cannot be used: no answer, or that of another instrument.
    pub problem: Option<FaultKind>,
}

impl Finding {
    /// Whether flowtwin emulates it: its readings are simulated, whatever the wiring file says.
    pub fn is_emulated(&self) -> bool {
        let is_pseudo_terminal = |link: &Link| match link {
            Link::Serial(settings) => is_pseudo_terminal(&settings.port),
            Link::Tcp(_) | Link::Usb(_) => false,
        };
        self.says_that_it_is_emulated() || self.link.as_ref().is_some_and(is_pseudo_terminal)
    }

    /// Whether it says itself that flowtwin emulates it. Behind the end of another program there may be a real instrument.
    pub fn says_that_it_is_emulated(&self) -> bool {
        self.identity.as_ref().is_some_and(|who| who.model.contains(EMULATED))
    }

    /// Whether the right instrument answered.
    pub fn is_right(&self) -> bool {
        self.problem.is_none()
    }
}

/// Whether a serial port is none, but the end of a program, also where a link leads to it.
fn is_pseudo_terminal(port: &str) -> bool {
    let path = std::fs::canonicalize(port).unwrap_or_else(|_| port.into());
    path.starts_with("/dev/pts")
}

/// Asks every instrument who it is, and compares serial numbers with the wiring file.
pub fn identify(wiring: &Wiring) -> Vec<Finding> {
    identify_heeding(wiring, &Hurry::default())
}

/// The same, waiting no longer than `hurry` grants: somebody who asks the program to end is not held up by an instrument
/// that does not answer.
pub fn identify_heeding(wiring: &Wiring, hurry: &Hurry) -> Vec<Finding> {
    let ask = |wired: Wired<'_>| {
        let Wired { section, name, instrument } = wired;
        let asked = wiring.dialog_heeding(name, instrument.link(), hurry);
        let asked = asked.and_then(|dialog| instrument.identify(dialog));
        let link = instrument.link().cloned();
        finding(name, section, link, instrument.serial_number(), asked)
    };
    let mut findings: Vec<Finding> = wiring.wired().map(ask).collect();
    let cables = wiring.cables();
    for finding in &mut findings {
        if let Some(other) = at_the_same_cable(&cables, &finding.name) {
            let detail = format!("{other} is at the end of the same cable, by the wiring file");
            finding.problem = Some(FaultKind::Refused { detail });
        }
    }
    findings
}

/// Another instrument that the wiring file puts at the end of the cable of this one.
fn at_the_same_cable<'a>(cables: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, mine) = cables.iter().find(|(other, _)| other == name)?;
    cables.iter().find(|(other, cable)| other != name && cable == mine).map(|(other, _)| &**other)
}

impl Wiring {
    pub(super) fn dialog(&self, name: &str, link: Option<&Link>) -> Result<Dialog, FaultKind> {
        self.dialog_heeding(name, link, &Hurry::default())
    }

    fn dialog_heeding(
        &self,
        name: &str,
        link: Option<&Link>,
        hurry: &Hurry,
    ) -> Result<Dialog, FaultKind> {
        let wire = open_hurried(self, name, link, hurry)
            .map_err(|error| FaultKind::Unsupported { detail: error.to_string() })?;
        Ok(Dialog::new(wire, self.patience()))
    }
}

fn finding(
    name: &str,
    kind: &'static str,
    link: Option<Link>,
    expected: Option<&str>,
    asked: Result<Identity, FaultKind>,
) -> Finding {
    let (identity, problem) = match asked {
        Ok(identity) => {
            let problem = other_serial_number(&identity, expected);
            (Some(identity), problem)
        }
        Err(kind) => (None, Some(kind)),
    };
    Finding { name: name.to_owned(), kind, link, identity, problem }
}

fn other_serial_number(identity: &Identity, expected: Option<&str>) -> Option<FaultKind> {
    let (expected, shown) = (expected?, identity.serial_number.as_deref().unwrap_or("none"));
    let detail = format!(
        "serial number {shown} is at the end of this cable, the wiring file expects {expected}: \
         look for swapped cables"
    );
    (shown != expected).then_some(FaultKind::Refused { detail })
}
