//! The Thorlabs DC4100 LED driver, by its ASCII protocol.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::FaultKind;

use super::dc2200::resynchronise;
use crate::codec::line;
use crate::instrument::{Identity, Light};
use crate::transport::{Dialog, garbled, read_again};

/// A driver with up to four LEDs.
#[derive(Debug)]
pub struct Dc4100 {
    dialog: Dialog,
}

impl Dc4100 {
    /// The driver at the other end of `dialog`.
    pub fn new(dialog: Dialog) -> Self {
        Self { dialog }
    }

    /// Identifies the driver; switches nothing.
    ///
    /// # Errors
    /// If it does not answer, or another instrument does: such as one that is late with the answer to somebody else.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let model = self.query("n?")?;
        if !is_mine(&model) {
            return Err(garbled(format!("{model:?} answers n?")));
        }
        Ok(Identity {
            model: format!("Thorlabs {model}"),
            serial_number: Some(self.query("s?")?),
            firmware: Some(self.query("v?")?),
            notes: vec![format!("error status {}", self.query("e?")?)],
        })
    }

    fn query(&mut self, question: &str) -> Result<String, FaultKind> {
        let bytes = format!("{question}\r\n").into_bytes();
        read_again(|| {
            if !self.dialog.is_clean() {
                resynchronise(&mut self.dialog, b"n?\r\n", is_mine)?;
            }
            self.dialog.ask(&bytes, line::scan, |line| Ok((!line.is_empty()).then_some(line)))
        })
    }

    fn number(&mut self, question: &str) -> Result<f64, FaultKind> {
        let text = self.query(question)?;
        let value: Result<f64, _> = text.parse();
        let value = value.ok().filter(|value| value.is_finite());
        value.ok_or_else(|| garbled(format!("{text:?} answers {question}")))
    }

    fn tell(&mut self, command: &str) -> Result<(), FaultKind> {
        self.dialog.tell(format!("{command}\r\n").as_bytes())
    }
}

/// Whether a line is the name of such a driver: DC4100 or DC4104.
fn is_mine(line: &str) -> bool {
    line.starts_with("DC4")
}

/// One LED of a DC4100, at constant current.
#[derive(Debug)]
pub struct Dc4100Led {
    driver: Rc<RefCell<Dc4100>>,
    channel: u8,
    current_ma: f64,
}

impl Dc4100Led {
    /// The LED on `channel` (0 to 3), driven with `current_ma` \[mA\].
    pub fn new(driver: Rc<RefCell<Dc4100>>, channel: u8, current_ma: f64) -> Self {
        Self { driver, channel, current_ma }
    }

    /// Sets the current, each time anew: a driver that has lost power has forgotten it.
    fn prepare(&mut self) -> Result<(), FaultKind> {
        let (mut driver, channel) = (self.driver.borrow_mut(), self.channel);
        driver.tell("sm 1")?;
        driver.tell("m 0")?;
        driver.tell(&format!("cc {channel} {:.0}", self.current_ma))?;
        drop(driver);
        self.check_current()
    }

    /// Looks whether the driver keeps the current.
    fn check_current(&mut self) -> Result<(), FaultKind> {
        let (mut driver, channel) = (self.driver.borrow_mut(), self.channel);
        let kept = driver.number(&format!("cc? {channel}"))?;
        if (kept - self.current_ma).abs() > 1.0 {
            return Err(FaultKind::KeptOther {
                quantity: "LED current".into(),
                asked: self.current_ma,
                kept,
                unit: "mA".into(),
            });
        }
        Ok(())
    }
}

impl Light for Dc4100Led {
    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        if on {
            self.prepare()?;
        }
        let (mut driver, channel) = (self.driver.borrow_mut(), self.channel);
        driver.tell(&format!("o {channel} {}", u8::from(on)))?;
        let kept = driver.number(&format!("o? {channel}"))?;
        if (kept > 0.5) == on {
            return Ok(());
        }
        let why = driver.query("e?")?;
        Err(FaultKind::Refused {
            detail: format!("LED {channel} is not {}: {why}", if on { "on" } else { "off" }),
        })
    }

    fn is_on(&mut self) -> Result<bool, FaultKind> {
        let on = self.driver.borrow_mut().number(&format!("o? {}", self.channel))? > 0.5;
        if on {
            self.check_current()?;
        }
        Ok(on)
    }
}
