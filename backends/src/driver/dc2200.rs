//! The Thorlabs DC2200 LED driver, by SCPI.

use flowtwin_lab::FaultKind;

use crate::codec::line;
use crate::instrument::{Identity, Light};
use crate::transport::{Dialog, garbled, read_again};

/// An LED at constant current, switched by its driver.
#[derive(Debug)]
pub struct Dc2200 {
    dialog: Dialog,
    current_a: f64,
}

impl Dc2200 {
    /// An LED that is driven with `current_a` \[A\].
    pub fn new(dialog: Dialog, current_a: f64) -> Self {
        Self { dialog, current_a }
    }

    /// Identifies the driver; switches nothing.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let mut identity = identity(&query(&mut self.dialog, "*IDN?")?)?;
        let state = query(&mut self.dialog, "OUTPUT1:STATE?")?;
        identity.notes.push(format!("output 1 is {}", if is_on(&state) { "ON" } else { "off" }));
        Ok(identity)
    }

    /// Sets the current, each time anew: a driver that has lost power has forgotten it.
    fn prepare(&mut self) -> Result<(), FaultKind> {
        self.dialog.tell(b"SOURCE1:MODE CC\n")?;
        let command = format!("SOURCE1:CCURENT:CURRENT {}\n", self.current_a);
        self.dialog.tell(command.as_bytes())?;
        self.check_current()
    }

    /// Looks whether the driver keeps the current.
    fn check_current(&mut self) -> Result<(), FaultKind> {
        let text = query(&mut self.dialog, "SOURCE1:CCURENT:CURRENT?")?;
        let kept: f64 = text.parse().map_err(|_| garbled(format!("a current of {text:?}")))?;
        // What is not a number is another current.
        let same = (kept - self.current_a).abs() <= 0.01 * self.current_a;
        if !same {
            return Err(FaultKind::KeptOther {
                quantity: "LED current".into(),
                asked: self.current_a,
                kept,
                unit: "A".into(),
            });
        }
        Ok(())
    }
}

impl Light for Dc2200 {
    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        if on {
            self.prepare()?;
        }
        let state = if on { "ON" } else { "OFF" };
        self.dialog.tell(format!("OUTPUT1:STATE {state}\n").as_bytes())?;
        if is_on(&query(&mut self.dialog, "OUTPUT1:STATE?")?) == on {
            return Ok(());
        }
        let why = query(&mut self.dialog, "SYSTEM:ERROR?")?;
        Err(FaultKind::Refused { detail: format!("the output is not {state}: {why}") })
    }

    fn is_on(&mut self) -> Result<bool, FaultKind> {
        let on = is_on(&query(&mut self.dialog, "OUTPUT1:STATE?")?);
        if on {
            self.check_current()?;
        }
        Ok(on)
    }
}

fn is_on(state: &str) -> bool {
    matches!(state, "1" | "ON")
}

/// Asks a question, again if the wire fails.
pub(super) fn query(dialog: &mut Dialog, question: &str) -> Result<String, FaultKind> {
    let bytes = format!("{question}\n").into_bytes();
    read_again(|| {
        if !dialog.is_clean() {
            resynchronise(dialog, b"*IDN?\n", |line| line.split(',').count() == 4)?;
        }
        dialog.ask(&bytes, line::scan, |line| Ok((!line.is_empty()).then_some(line)))
    })
}

/// Waits until nothing comes any more, then asks `question`, whose answer `is_mine` recognises.
///
/// A line does not say what it answers: a late one would be believed.
pub(super) fn resynchronise(
    dialog: &mut Dialog,
    question: &[u8],
    is_mine: impl Fn(&str) -> bool,
) -> Result<(), FaultKind> {
    dialog.drain(dialog.patience())?;
    dialog.ask(question, line::scan, |line| Ok(is_mine(&line).then_some(())))
}

/// Reads `maker,model,serial,firmware`.
pub(crate) fn identity(idn: &str) -> Result<Identity, FaultKind> {
    match idn.split(',').map(str::trim).collect::<Vec<_>>()[..] {
        [maker, model, serial, firmware] => Ok(Identity {
            model: format!("{maker} {model}"),
            serial_number: Some(serial.to_owned()),
            firmware: Some(firmware.to_owned()),
            notes: Vec::new(),
        }),
        _ => Err(garbled(format!("{idn:?} is not an answer to *IDN?"))),
    }
}
