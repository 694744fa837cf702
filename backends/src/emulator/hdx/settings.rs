//! What an emulated HDX has been set to.

use flowtwin_lab::SpectrometerInfo;

use super::{Answer, buffer, error, number};
use crate::codec::obp::{Checksum, kind};

/// Integration time out of the box [µs].
const DEFAULT_INTEGRATION_US: u32 = 100_000;

/// Settings that are only stored and reported, and those that an acquisition needs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) checksum: Checksum,
    pub(super) lamp: u8,
    pub(super) back_to_back: u32,
    pub(super) buffer_size: u32,
    integration_us: Option<u32>,
    /// Pins that are outputs, a bit each.
    pub(super) outputs: u32,
    /// Levels that pins have been set to, a bit each.
    pub(super) levels: u32,
    pub(super) average: u16,
    pub(super) boxcar: u8,
    trigger: u8,
    delay_us: u32,
    buffering: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            checksum: Checksum::None,
            lamp: 0,
            back_to_back: 1,
            buffer_size: buffer::CAPACITY,
            integration_us: None,
            outputs: 0,
            levels: 0,
            trigger: 0,
            average: 1,
            boxcar: 0,
            delay_us: 0,
            buffering: 0,
        }
    }
}

impl Settings {
    /// The integration time in force [µs].
    pub(super) fn integration_us(&self, info: Option<&SpectrometerInfo>) -> u32 {
        let (low, high) = range(info);
        self.integration_us.unwrap_or(DEFAULT_INTEGRATION_US.clamp(low, high))
    }

    /// Pins that are driven high.
    pub(super) fn driven(&self) -> u32 {
        self.outputs & self.levels
    }

    /// Tells or takes a setting.
    pub(super) fn answer(
        &mut self,
        kind: u32,
        data: &[u8],
        info: Option<&SpectrometerInfo>,
    ) -> Answer {
        match self.tell(kind, info) {
            Some(bytes) => Answer::Data(bytes),
            None if SUPPORTED.contains(&kind) => number(data, |value| self.take(kind, value, info)),
            None => Answer::Error(error::UNKNOWN),
        }
    }

    fn tell(&self, kind: u32, info: Option<&SpectrometerInfo>) -> Option<Vec<u8>> {
        Some(match kind {
            kind::INTEGRATION => self.integration_us(info).to_le_bytes().to_vec(),
            kind::TRIGGER => vec![self.trigger],
            kind::AVERAGE => self.average.to_le_bytes().to_vec(),
            kind::BOXCAR => vec![self.boxcar],
            kind::GPIO_OUTPUTS => self.outputs.to_le_bytes().to_vec(),
            kind::GPIO => self.levels.to_le_bytes().to_vec(),
            kind::DELAY => self.delay_us.to_le_bytes().to_vec(),
            kind::BACK_TO_BACK => self.back_to_back.to_le_bytes().to_vec(),
            kind::BUFFER_SIZE => self.buffer_size.to_le_bytes().to_vec(),
            kind::BUFFERING => vec![self.buffering],
            kind::LAMP => vec![self.lamp],
            _ => return None,
        })
    }

    fn take(&mut self, kind: u32, value: u32, info: Option<&SpectrometerInfo>) -> Answer {
        let (low, high) = range(info);
        match (kind, value) {
            (kind::SET_INTEGRATION, _) if (low..=high).contains(&value) => {
                self.integration_us = Some(value);
            }
            (kind::SET_TRIGGER, 0 | 1 | 3 | 0xFF) => self.trigger = value as u8,
            (kind::SET_AVERAGE, 1..=0xFFFF) => self.average = value as u16,
            (kind::SET_BOXCAR, 0..=0xFF) => self.boxcar = value as u8,
            (kind::SET_DELAY, _) => self.delay_us = value,
            (kind::SET_BACK_TO_BACK, 1..=buffer::CAPACITY) => self.back_to_back = value,
            (kind::SET_BUFFER_SIZE, 1..=buffer::CAPACITY) => self.buffer_size = value,
            (kind::SET_BUFFERING, 0 | 1) => self.buffering = value as u8,
            (kind::SET_CHECKSUM, 0) => self.checksum = Checksum::None,
            (kind::SET_CHECKSUM, 1) => self.checksum = Checksum::Md5,
            _ => return Answer::Error(error::INVALID),
        }
        Answer::Done
    }
}

fn range(info: Option<&SpectrometerInfo>) -> (u32, u32) {
    info.map_or((6_000, 10_000_000), |info| (info.min_integration_us, info.max_integration_us))
}

/// Messages that are understood.
pub(super) const SUPPORTED: [u32; 56] = [
    kind::SET_CHECKSUM,
    kind::HARDWARE_REVISION,
    kind::SUPPORTED,
    kind::FIRMWARE_REVISION,
    kind::SERIAL_NUMBER,
    kind::SERIAL_LENGTH,
    kind::VENDOR_ID,
    kind::PRODUCT_ID,
    kind::DEVICE_NAME,
    kind::ABORT,
    kind::BUFFER_MAXIMUM,
    kind::BUFFER_SIZE,
    kind::BUFFER_CLEAR,
    kind::BUFFER_DROP,
    kind::SET_BUFFER_SIZE,
    kind::BUFFER_COUNT,
    kind::BUFFER_ACQUIRE,
    kind::BUFFER_GET,
    kind::BUFFERING,
    kind::SET_BUFFERING,
    kind::SPECTRUM,
    kind::MAXIMUM_COUNTS,
    kind::SATURATION,
    kind::RAW_SPECTRUM,
    kind::INTEGRATION,
    kind::INTEGRATION_MINIMUM,
    kind::INTEGRATION_MAXIMUM,
    kind::INTEGRATION_STEP,
    kind::SET_INTEGRATION,
    kind::TRIGGER,
    kind::BACK_TO_BACK,
    kind::SET_TRIGGER,
    kind::SET_BACK_TO_BACK,
    kind::PIXELS,
    kind::ACTIVE_PIXELS,
    kind::OPTICAL_DARK_PIXELS,
    kind::ELECTRIC_DARK_PIXELS,
    kind::LAMP,
    kind::SET_LAMP,
    kind::DELAY,
    kind::SET_DELAY,
    kind::AVERAGE,
    kind::SET_AVERAGE,
    kind::BOXCAR,
    kind::SET_BOXCAR,
    kind::WAVELENGTH_COUNT,
    kind::WAVELENGTH,
    kind::NONLINEARITY_COUNT,
    kind::NONLINEARITY,
    kind::GPIO_COUNT,
    kind::GPIO_OUTPUTS,
    kind::SET_GPIO_OUTPUTS,
    kind::GPIO,
    kind::SET_GPIO,
    kind::TEMPERATURE_COUNT,
    kind::TEMPERATURE,
];
