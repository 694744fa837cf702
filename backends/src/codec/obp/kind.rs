//! Message types.

/// Choose the checksum type (u8).
pub const SET_CHECKSUM: u32 = 0x0000_0010;
/// Hardware revision (u8).
pub const HARDWARE_REVISION: u32 = 0x0000_0080;
/// List of supported messages (u32 each).
pub const SUPPORTED: u32 = 0x0000_0082;
/// Firmware revision (u16).
pub const FIRMWARE_REVISION: u32 = 0x0000_0090;
/// Serial number (ASCII).
pub const SERIAL_NUMBER: u32 = 0x0000_0100;
/// Length of the serial number (u8).
pub const SERIAL_LENGTH: u32 = 0x0000_0101;
/// Vendor id (u16).
pub const VENDOR_ID: u32 = 0x0000_0E00;
/// Product id (u16); also the question of network discovery.
pub const PRODUCT_ID: u32 = 0x0000_0E01;
/// Name of the instrument (ASCII).
pub const DEVICE_NAME: u32 = 0x0000_0E11;
/// Abort the acquisition.
pub const ABORT: u32 = 0x0010_0000;
/// Largest number of spectra the buffer can hold (u32).
pub const BUFFER_MAXIMUM: u32 = 0x0010_0820;
/// Number of spectra the buffer is set to hold (u32).
pub const BUFFER_SIZE: u32 = 0x0010_0822;
/// Empty the buffer.
pub const BUFFER_CLEAR: u32 = 0x0010_0830;
/// Drop the oldest spectra of the buffer (u32).
pub const BUFFER_DROP: u32 = 0x0010_0831;
/// Set the number of spectra the buffer holds (u32).
pub const SET_BUFFER_SIZE: u32 = 0x0010_0832;
/// Number of spectra in the buffer (u32).
pub const BUFFER_COUNT: u32 = 0x0010_0900;
/// Take spectra into the buffer.
pub const BUFFER_ACQUIRE: u32 = 0x0010_0902;
/// Hand over the oldest spectrum of the buffer with metadata, or the next one where it is empty (32 bits for each pixel).
pub const BUFFERED: u32 = 0x0010_0928;
/// Hand over the oldest spectra of the buffer with metadata (u32, how many).
pub const BUFFER_GET: u32 = 0x0010_0980;
/// Whether buffering is on (u8).
pub const BUFFERING: u32 = 0x0010_0800;
/// Switch buffering (u8).
pub const SET_BUFFERING: u32 = 0x0010_0810;
/// A corrected spectrum, taken now.
pub const SPECTRUM: u32 = 0x0010_1000;
/// Largest count (u16).
pub const MAXIMUM_COUNTS: u32 = 0x0010_1010;
/// Saturation level (u32).
pub const SATURATION: u32 = 0x0010_10A0;
/// A raw spectrum, taken now.
pub const RAW_SPECTRUM: u32 = 0x0010_1100;
/// Integration time \[µs\] (u32).
pub const INTEGRATION: u32 = 0x0011_0000;
/// Shortest integration time \[µs\] (u32).
pub const INTEGRATION_MINIMUM: u32 = 0x0011_0001;
/// Longest integration time \[µs\] (u32).
pub const INTEGRATION_MAXIMUM: u32 = 0x0011_0002;
/// Step of the integration time \[µs\] (u32).
pub const INTEGRATION_STEP: u32 = 0x0011_0003;
/// Set the integration time \[µs\] (u32).
pub const SET_INTEGRATION: u32 = 0x0011_0010;
/// Trigger mode (u8).
pub const TRIGGER: u32 = 0x0011_0100;
/// Spectra taken back to back by one acquisition (u32).
pub const BACK_TO_BACK: u32 = 0x0011_0102;
/// Set the trigger mode (u8).
pub const SET_TRIGGER: u32 = 0x0011_0110;
/// Set the number of spectra taken back to back (u32).
pub const SET_BACK_TO_BACK: u32 = 0x0011_0112;
/// Number of pixels (u16).
pub const PIXELS: u32 = 0x0011_0220;
/// Active pixels, ranges (u16 pairs).
pub const ACTIVE_PIXELS: u32 = 0x0011_0221;
/// Optically dark pixels, ranges (u16 pairs).
pub const OPTICAL_DARK_PIXELS: u32 = 0x0011_0222;
/// Electrically dark pixels, ranges (u16 pairs).
pub const ELECTRIC_DARK_PIXELS: u32 = 0x0011_0223;
/// Pixels averaged to one: 2 to the power of this (u8).
pub const BINNING: u32 = 0x0011_0280;
/// Set how many pixels are averaged to one (u8).
pub const SET_BINNING: u32 = 0x0011_0290;
/// Lamp-enable line (u8).
pub const LAMP: u32 = 0x0011_0400;
/// Set the lamp-enable line (u8).
pub const SET_LAMP: u32 = 0x0011_0410;
/// Acquisition delay \[µs\] (u32).
pub const DELAY: u32 = 0x0011_0500;
/// Set the acquisition delay \[µs\] (u32).
pub const SET_DELAY: u32 = 0x0011_0510;
/// Scans averaged to one spectrum (u16).
pub const AVERAGE: u32 = 0x0012_0000;
/// Set the number of scans averaged (u16).
pub const SET_AVERAGE: u32 = 0x0012_0010;
/// Half width of the smoothing (u8).
pub const BOXCAR: u32 = 0x0012_1000;
/// Set the half width of the smoothing (u8).
pub const SET_BOXCAR: u32 = 0x0012_1010;
/// Number of wavelength coefficients (u8).
pub const WAVELENGTH_COUNT: u32 = 0x0018_0100;
/// A wavelength coefficient (u8 index; f32).
pub const WAVELENGTH: u32 = 0x0018_0101;
/// Number of nonlinearity coefficients (u8).
pub const NONLINEARITY_COUNT: u32 = 0x0018_1100;
/// A nonlinearity coefficient (u8 index; f32).
pub const NONLINEARITY: u32 = 0x0018_1101;
/// Number of general-purpose pins (u8).
pub const GPIO_COUNT: u32 = 0x0020_0000;
/// Which pins are outputs, a bit each (u32).
pub const GPIO_OUTPUTS: u32 = 0x0020_0100;
/// Make pins outputs or inputs (u32 values, u32 mask).
pub const SET_GPIO_OUTPUTS: u32 = 0x0020_0110;
/// State of the pins, a bit each (u32).
pub const GPIO: u32 = 0x0020_0300;
/// Set output pins (u32 values, u32 mask).
pub const SET_GPIO: u32 = 0x0020_0310;
/// Number of temperature sensors (u8).
pub const TEMPERATURE_COUNT: u32 = 0x0040_0000;
/// A temperature [°C] (u8 index; f32).
pub const TEMPERATURE: u32 = 0x0040_0001;
