//! The SCPI port of the Watlow F4T: a second way to loop 1, where Modbus is not to be had.

use flowtwin_lab::{FaultKind, Setting, Temperature};

use crate::instrument::{Heater, Identity};
use crate::transport::{Dialog, garbled, read_again};

/// Loops of an F4T by SCPI, which acknowledges nothing: everything is read back.
#[derive(Debug)]
pub struct F4tScpi {
    dialog: Dialog,
    number: u16,
    output: u16,
}

impl F4tScpi {
    /// Loop `number` and the output that switches it, both from 1.
    pub fn new(dialog: Dialog, number: u16, output: u16) -> Self {
        Self { dialog, number, output }
    }

    /// Identifies the controller; writes nothing.
    ///
    /// # Errors
    /// If it does not answer, or is set to another unit than °C.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let unit = self.query(":UNIT:TEMPERATURE?")?;
        if unit != "C" {
            return Err(FaultKind::Refused {
                detail: format!("the controller speaks °{unit}, not °C: change it in its setup"),
            });
        }
        super::dc2200::identity(&self.query("*IDN?")?)
    }

    fn query(&mut self, question: &str) -> Result<String, FaultKind> {
        super::dc2200::query(&mut self.dialog, question)
    }

    fn number(&mut self, question: &str) -> Result<f64, FaultKind> {
        let text = self.query(question)?;
        let value: Result<f64, _> = text.parse();
        let value = value.ok().filter(|value| value.is_finite());
        value.ok_or_else(|| garbled(format!("{text:?} answers {question}")))
    }

    fn set(&mut self, set_point: Temperature) -> Result<(), FaultKind> {
        let (number, asked) = (self.number, set_point.c() as f32);
        let command = format!(":SOURCE:CLOOP{number}:SPOINT");
        self.dialog.tell(format!("{command} {asked}\n").as_bytes())?;
        let kept = self.number(&format!("{command}?"))?;
        if (kept - f64::from(asked)).abs() <= 0.05 {
            return Ok(());
        }
        Err(FaultKind::KeptOther {
            quantity: "set point".into(),
            asked: f64::from(asked),
            kept,
            unit: "°C".into(),
        })
    }

    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        let state = if on { "ON" } else { "OFF" };
        let output = self.output;
        self.dialog.tell(format!(":OUTPUT{output}:STATE {state}\n").as_bytes())?;
        let kept = self.query(&format!(":OUTPUT{output}:STATE?"))?;
        if kept == state {
            return Ok(());
        }
        Err(FaultKind::Refused { detail: format!("output {output} is {kept} after {state}") })
    }
}

impl Heater for F4tScpi {
    fn heat(&mut self, set_point: Temperature) -> Result<(), FaultKind> {
        self.set(set_point)?;
        self.switch(true)
    }

    fn off(&mut self) -> Result<(), FaultKind> {
        self.switch(false)
    }

    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        let number = self.number;
        let error = read_again(|| self.query(&format!(":SOURCE:CLOOP{number}:ERROR?")))?;
        if error != "NONE" {
            return Err(FaultKind::SensorOpen);
        }
        self.number(&format!(":SOURCE:CLOOP{number}:PVALUE?"))
    }

    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        let number = self.number;
        self.number(&format!(":SOURCE:CLOOP{number}:SPOINT?"))
    }

    fn mode(&mut self) -> Result<f64, FaultKind> {
        let output = self.output;
        let on = self.query(&format!(":OUTPUT{output}:STATE?"))? == "ON";
        Ok(if on { Setting::AUTOMATIC } else { Setting::OFF })
    }

    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        Err(FaultKind::Unsupported {
            detail: "the F4T does not tell its output power by SCPI: use Modbus".into(),
        })
    }
}
