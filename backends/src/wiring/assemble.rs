//! From a wiring file to drivers.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::{HeaterId, LightId, Manifest, PumpId, SpectrometerId};

use super::{Link, Wiring, WiringError};
use crate::bench::Instruments;
use crate::codec::hdx::MOST_AT_ONCE;
use crate::codec::modbus::Framing;
use crate::driver::chemyx::{Chemyx, ChemyxPort};
use crate::driver::dc2200::Dc2200;
use crate::driver::dc4100::{Dc4100, Dc4100Led};
use crate::driver::f4t::{F4t, F4tInput, F4tLoop};
use crate::driver::f4t_scpi::F4tScpi;
use crate::driver::hdx::{Hdx, HdxLamp, SharedHdx};
use crate::driver::modbus::ModbusHost;
use crate::transport::{Dialog, Transport};

/// Bytes of the longest spectrometer message on a serial line: one buffered spectrum.
const LONG_MESSAGE: f64 = 4300.0;
/// Bits of a byte on a serial line.
const BITS: f64 = 10.0;

/// Opens a wire to the instrument of this name.
pub(crate) type Open<'a> =
    dyn FnMut(&str, Option<&Link>) -> Result<Box<dyn Transport>, WiringError> + 'a;

/// Makes drivers for what is wired.
struct Assembly<'a, 'o> {
    wiring: &'a Wiring,
    manifest: &'a Manifest,
    open: &'a mut Open<'o>,
    made: Instruments,
}

impl Assembly<'_, '_> {
    fn dialog(&mut self, name: &str, link: Option<&Link>) -> Result<Dialog, WiringError> {
        let transport = (self.open)(name, link)?;
        Ok(Dialog::new(transport, self.wiring.patience()))
    }

    fn chemyx(&mut self) -> Result<(), WiringError> {
        for (name, pump) in &self.wiring.chemyx {
            let dialog = self.dialog(name, pump.link.as_ref())?;
            let port = Rc::new(RefCell::new(ChemyxPort::new(dialog)));
            let channels: Vec<(PumpId, Option<u8>)> = match &pump.channels {
                Some(pumps) => pumps.iter().cloned().zip((1..).map(Some)).collect(),
                None => vec![(PumpId::new(name), None)],
            };
            for (pump, channel) in channels {
                let bore_mm = self.manifest.pump(&pump).map_or(0.0, |info| info.bore_mm);
                let driver = Chemyx::channel(port.clone(), channel, bore_mm);
                self.made.pumps.insert(pump, Box::new(driver));
            }
        }
        Ok(())
    }

    fn f4t(&mut self) -> Result<(), WiringError> {
        for (name, f4t) in &self.wiring.f4t {
            let dialog = self.dialog(name, f4t.link.as_ref())?;
            let host = ModbusHost::new(dialog, f4t.framing(), f4t.unit);
            let controller = Rc::new(RefCell::new(F4t::new(host, f4t.word_order)));
            for (heater, number) in &f4t.loops {
                let driver = F4tLoop::new(controller.clone(), *number);
                self.made.heaters.insert(heater.clone(), Box::new(driver));
            }
            for (sensor, input) in &f4t.inputs {
                let driver = F4tInput::new(controller.clone(), input.module, input.io);
                self.made.permits.insert(sensor.clone(), Box::new(driver));
            }
        }
        Ok(())
    }

    fn f4t_scpi(&mut self) -> Result<(), WiringError> {
        for (name, f4t) in &self.wiring.f4t_scpi {
            let driver = F4tScpi::new(self.dialog(name, f4t.link.as_ref())?, 1, 1);
            let heater = HeaterId::new(name);
            self.made.heaters.insert(heater, Box::new(driver));
        }
        Ok(())
    }

    fn hdx(&mut self) -> Result<(), WiringError> {
        for (name, hdx) in &self.wiring.hdx {
            let transport = (self.open)(name, hdx.link.as_ref())?;
            let (patience, at_once) = self.wiring.spectrum_pace(hdx.link.as_ref());
            let driver = Hdx::new(Dialog::new(transport, patience), at_once).averaging(hdx.average);
            // A wire in memory flips no bits.
            let driver = if hdx.link.is_some() { driver.with_md5() } else { driver };
            let shared = Rc::new(RefCell::new(driver));
            if let Some(light) = &hdx.lamp {
                let lamp = HdxLamp::new(shared.clone(), hdx.lamp_line);
                self.made.lights.insert(light.clone(), Box::new(lamp));
            }
            let spectrometer = SpectrometerId::new(name);
            let driver = SharedHdx::new(shared);
            self.made.spectrometers.insert(spectrometer, Box::new(driver));
        }
        Ok(())
    }

    fn dc2200(&mut self) -> Result<(), WiringError> {
        for (name, led) in &self.wiring.dc2200 {
            let driver = Dc2200::new(self.dialog(name, led.link.as_ref())?, led.current_a);
            self.made.lights.insert(LightId::new(name), Box::new(driver));
        }
        Ok(())
    }

    fn dc4100(&mut self) -> Result<(), WiringError> {
        for (name, wired) in &self.wiring.dc4100 {
            let dialog = self.dialog(name, wired.link.as_ref())?;
            let driver = Rc::new(RefCell::new(Dc4100::new(dialog)));
            for (light, led) in &wired.lights {
                let led = Dc4100Led::new(driver.clone(), led.channel, led.current_ma);
                self.made.lights.insert(light.clone(), Box::new(led));
            }
        }
        Ok(())
    }
}

impl Wiring {
    /// Drivers for all instruments of `manifest`, over wires from `open`.
    ///
    /// # Errors
    /// If the wiring does not fit the manifest, or a wire cannot be opened.
    pub(crate) fn instruments(
        &self,
        manifest: &Manifest,
        open: &mut Open<'_>,
    ) -> Result<Instruments, WiringError> {
        self.check(manifest)?;
        self.drivers(manifest, open)
    }

    /// Drivers for what is wired, whatever else `manifest` has.
    ///
    /// # Errors
    /// If a wire cannot be opened.
    pub(crate) fn drivers(
        &self,
        manifest: &Manifest,
        open: &mut Open<'_>,
    ) -> Result<Instruments, WiringError> {
        let mut assembly = Assembly { wiring: self, manifest, open, made: Instruments::default() };
        assembly.chemyx()?;
        assembly.f4t()?;
        assembly.f4t_scpi()?;
        assembly.hdx()?;
        assembly.dc2200()?;
        assembly.dc4100()?;
        Ok(assembly.made)
    }

    /// Longest time an instrument may take to answer.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.patience_s)
    }

    /// How long frames of a spectrometer are under way on its cable \[s\]; none where that is a network or USB, which need
    /// no time to speak of.
    pub fn transmission_s(&self, spectrometer: &SpectrometerId, frames: u32) -> Option<f64> {
        match self.hdx.get(spectrometer.as_str())?.link.as_ref()? {
            Link::Serial(serial) => {
                Some(f64::from(frames) * LONG_MESSAGE * BITS / f64::from(serial.baud))
            }
            Link::Tcp(_) | Link::Usb(_) => None,
        }
    }

    /// How long a spectrometer may take, and how many spectra it is asked for at once.
    pub(crate) fn spectrum_pace(&self, link: Option<&Link>) -> (Duration, u32) {
        match link {
            Some(Link::Serial(serial)) => {
                let transmission = LONG_MESSAGE * BITS / f64::from(serial.baud);
                (Duration::from_secs_f64(self.patience_s + transmission), 1)
            }
            _ => (self.patience(), MOST_AT_ONCE),
        }
    }
}

impl super::F4tWiring {
    /// Modbus RTU on a serial line, Modbus TCP otherwise.
    pub(crate) fn framing(&self) -> Framing {
        match self.link {
            Some(Link::Serial(_)) => Framing::Rtu,
            _ => Framing::Tcp,
        }
    }
}
