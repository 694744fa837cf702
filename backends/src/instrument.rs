//! What a driver offers: one small trait for each sort of instrument.
//!
//! A method returns when the instrument has acknowledged the command and shown its effect, and never
//! waits for physics. Its error says what went wrong; when and where is added by the
//! [`crate::Bench`].

use flowtwin_lab::{
    Exposure, FaultKind, FlowRate, Frames, Instant, Span, SpectrometerInfo, Temperature, Volume,
};

/// A syringe pump.
///
/// ```
/// use flowtwin_backends::instrument::Pump;
/// use flowtwin_lab::{FaultKind, FlowRate, Volume};
///
/// /// A pump that delivers everything at once.
/// #[derive(Default)]
/// struct Quick {
///     delivered_ul: f64,
/// }
///
/// impl Pump for Quick {
///     fn dispense(&mut self, _rate: FlowRate, at_most: Volume) -> Result<(), FaultKind> {
///         self.delivered_ul = at_most.ul();
///         Ok(())
///     }
///     fn stop(&mut self) -> Result<(), FaultKind> {
///         Ok(())
///     }
///     fn status(&mut self) -> Result<u8, FaultKind> {
///         Ok(0)
///     }
///     fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
///         Ok(self.delivered_ul)
///     }
/// }
/// ```
pub trait Pump {
    /// Does what need be done once before the first `dispense`, so that it does not take time later:
    /// pumps that are started one after the other should start close together. Nothing moves.
    ///
    /// # Errors
    /// If the pump does not take its settings.
    fn get_ready(&mut self) -> Result<(), FaultKind> {
        Ok(())
    }

    /// Infuses at `rate` until `at_most` has been delivered, counted from now, replacing what it
    /// was doing.
    ///
    /// # Errors
    /// If the pump does not take a value or does not run afterwards.
    fn dispense(&mut self, rate: FlowRate, at_most: Volume) -> Result<(), FaultKind>;

    /// Draws `volume` into the syringe at `rate` and stops, replacing what it was doing.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the driver cannot do it; or if the pump does not take a value or does not run afterwards.
    fn withdraw(&mut self, rate: FlowRate, volume: Volume) -> Result<(), FaultKind> {
        let _ = (rate, volume);
        Err(FaultKind::Unsupported { detail: "this driver cannot draw into a syringe".into() })
    }

    /// Stops.
    ///
    /// # Errors
    /// If the pump does not show that it has stopped.
    fn stop(&mut self) -> Result<(), FaultKind>;

    /// Its status: 0 stopped, 1 running, 2 paused, 3 delayed, 4 stalled.
    ///
    /// # Errors
    /// If it cannot be read.
    fn status(&mut self) -> Result<u8, FaultKind>;

    /// Volume delivered since the last `dispense`, or drawn since the last `withdraw` \[µL\].
    ///
    /// # Errors
    /// If it cannot be read.
    fn dispensed_ul(&mut self) -> Result<f64, FaultKind>;

    /// The rate it keeps [µL/min].
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn rate_ul_per_min(&mut self) -> Result<f64, FaultKind> {
        Err(silent())
    }

    /// Delivers a few microlitres with the syringe that the pump is set to, and waits until it stands still; how much that
    /// was \[µL\]. A person sees by it which pump this is.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the driver does not do it; or if the pump runs already, or does not follow the command.
    fn nudge(&mut self) -> Result<f64, FaultKind> {
        Err(FaultKind::Unsupported { detail: "this driver cannot move a pump a little".into() })
    }
}

/// A valve that is turned.
///
/// ```
/// use flowtwin_backends::instrument::Valve;
/// use flowtwin_lab::FaultKind;
///
/// /// A valve that is there at once.
/// struct Quick(usize);
///
/// impl Valve for Quick {
///     fn turn(&mut self, position: usize) -> Result<(), FaultKind> {
///         self.0 = position;
///         Ok(())
///     }
///     fn position(&mut self) -> Result<Option<usize>, FaultKind> {
///         Ok(Some(self.0))
///     }
/// }
/// ```
pub trait Valve {
    /// Begins to turn to a position: its number in the scenario, from 0. It need not be there yet.
    ///
    /// # Errors
    /// If the valve does not take it.
    fn turn(&mut self, position: usize) -> Result<(), FaultKind>;

    /// The number of the position in which it is; none while it turns.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn position(&mut self) -> Result<Option<usize>, FaultKind> {
        Err(silent())
    }
}

/// A heater with its controller.
///
/// ```
/// use flowtwin_backends::instrument::Heater;
/// use flowtwin_lab::{FaultKind, Temperature};
///
/// /// Heats and shows the temperature at once.
/// fn start(heater: &mut dyn Heater) -> Result<f64, FaultKind> {
///     heater.heat(Temperature::from_c(120.0))?;
///     heater.temperature_c()
/// }
/// ```
pub trait Heater {
    /// Controls to a set point.
    ///
    /// # Errors
    /// If the controller does not show the set point, or does not control.
    fn heat(&mut self, set_point: Temperature) -> Result<(), FaultKind>;

    /// Turns control off.
    ///
    /// # Errors
    /// If the controller does not show that it is off.
    fn off(&mut self) -> Result<(), FaultKind>;

    /// Temperature [°C].
    ///
    /// # Errors
    /// If it cannot be read, or the sensor is open.
    fn temperature_c(&mut self) -> Result<f64, FaultKind>;

    /// Output power [%].
    ///
    /// # Errors
    /// If it cannot be read.
    fn power_percent(&mut self) -> Result<f64, FaultKind>;

    /// The set point in force [°C].
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        Err(silent())
    }

    /// The control mode in force: [`flowtwin_lab::Setting::OFF`], `AUTOMATIC` or `FIXED_POWER`.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn mode(&mut self) -> Result<f64, FaultKind> {
        Err(silent())
    }
}

/// A lamp's shutter or a switched light.
///
/// ```
/// use flowtwin_backends::instrument::Light;
/// use flowtwin_lab::FaultKind;
///
/// struct Bulb(bool);
///
/// impl Light for Bulb {
///     fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
///         self.0 = on;
///         Ok(())
///     }
///     fn is_on(&mut self) -> Result<bool, FaultKind> {
///         Ok(self.0)
///     }
/// }
/// ```
pub trait Light {
    /// Lets light through (`true`) or not.
    ///
    /// # Errors
    /// If the instrument does not show it.
    fn switch(&mut self, on: bool) -> Result<(), FaultKind>;

    /// Whether it lets light through.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn is_on(&mut self) -> Result<bool, FaultKind> {
        Err(silent())
    }
}

/// A spectrometer.
///
/// ```
/// use flowtwin_backends::instrument::Spectrometer;
/// use flowtwin_lab::{Exposure, FaultKind, Frames};
///
/// /// Starts an exposure, lets time pass, and takes the frames.
/// fn take(
///     spectrometer: &mut dyn Spectrometer,
///     exposure: Exposure,
///     wait_s: impl Fn(f64),
/// ) -> Result<Frames, FaultKind> {
///     wait_s(spectrometer.arm(exposure)?.as_secs());
///     spectrometer.fetch()
/// }
/// ```
pub trait Spectrometer {
    /// Its description: pixels, wavelengths, range of integration times.
    ///
    /// # Errors
    /// If it cannot be read.
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind>;

    /// Starts taking frames; returns how long they take.
    ///
    /// # Errors
    /// If it does not take the settings or does not start.
    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind>;

    /// Does what must be done between [`arm`](Self::arm) and [`fetch`](Self::fetch): a spectrometer without a buffer is asked
    /// for the next frame as soon as one has come. Called at the moment `now`, again and again; when it should be called
    /// next, none where nothing is left to be done. What goes wrong is told by `fetch`.
    fn attend(&mut self, now: Instant) -> Option<Instant> {
        let _ = now;
        None
    }

    /// Hands over the frames taken since `arm`.
    ///
    /// # Errors
    /// [`FaultKind::NotReady`] before they are complete, or if they cannot be read.
    fn fetch(&mut self) -> Result<Frames, FaultKind>;

    /// The integration time of one frame that it keeps \[µs\].
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        Err(silent())
    }
}

/// An instrument that takes samples and analyses them, one at a time.
///
/// ```
/// use flowtwin_backends::instrument::Analyser;
/// use flowtwin_lab::{FaultKind, Span};
///
/// /// Always finds 1.5 mM of one species, half a minute after a sample was taken.
/// struct Constant {
///     sampled: bool,
/// }
///
/// impl Analyser for Constant {
///     fn inject(&mut self) -> Result<Span, FaultKind> {
///         self.sampled = true;
///         Ok(Span::from_secs(30.0))
///     }
///     fn results(&mut self) -> Result<Vec<f64>, FaultKind> {
///         let sampled = std::mem::take(&mut self.sampled);
///         sampled.then(|| vec![1.5]).ok_or(FaultKind::NotReady)
///     }
/// }
/// ```
pub trait Analyser {
    /// Takes a sample and starts to analyse it; returns how long that takes.
    ///
    /// # Errors
    /// [`FaultKind::NotReady`] while it works on another sample, or if it does not start.
    fn inject(&mut self) -> Result<Span, FaultKind>;

    /// Hands over what it found of each species, in the order of the scenario \[mM\].
    ///
    /// # Errors
    /// [`FaultKind::NotReady`] before the results are there, and once they have been handed over; or if they cannot be read.
    fn results(&mut self) -> Result<Vec<f64>, FaultKind>;
}

/// A sensor in the line.
///
/// ```
/// use flowtwin_backends::instrument::Probe;
/// use flowtwin_lab::FaultKind;
///
/// /// A gauge that shows no pressure.
/// struct Open;
///
/// impl Probe for Open {
///     fn value(&mut self) -> Result<f64, FaultKind> {
///         Ok(0.0)
///     }
/// }
/// ```
pub trait Probe {
    /// What it reads, in the unit of its kind.
    ///
    /// # Errors
    /// If it cannot be read.
    fn value(&mut self) -> Result<f64, FaultKind>;
}

/// A switch that says whether it is safe to run.
///
/// ```
/// use flowtwin_backends::instrument::Permit;
/// use flowtwin_lab::FaultKind;
///
/// /// A door: it is safe to run while it is closed.
/// struct Door {
///     closed: bool,
/// }
///
/// impl Permit for Door {
///     fn granted(&mut self) -> Result<bool, FaultKind> {
///         Ok(self.closed)
///     }
/// }
/// ```
pub trait Permit {
    /// Whether it is safe to run.
    ///
    /// # Errors
    /// If it cannot be read.
    fn granted(&mut self) -> Result<bool, FaultKind>;
}

/// The fault of an instrument that cannot report its settings.
fn silent() -> FaultKind {
    FaultKind::Unsupported { detail: "this instrument does not tell its settings".into() }
}

/// The identity of an instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// Maker and model.
    pub model: String,
    /// Serial number, if it reports one.
    pub serial_number: Option<String>,
    /// Firmware, if it reports it.
    pub firmware: Option<String>,
    /// What else a person should know, in words.
    pub notes: Vec<String>,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.model)?;
        if let Some(number) = &self.serial_number {
            write!(f, ", serial number {number}")?;
        }
        if let Some(firmware) = &self.firmware {
            write!(f, ", firmware {firmware}")?;
        }
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}
