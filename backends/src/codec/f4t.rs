//! Registers of the F4T, data map 1, 0-based as on the wire, and their enumerations.
//!
//! Numbers: Watlow F4T Setup and Operations guide; EspecNorthAmerica/ChamberConnectLibrary
//! `watlowf4t.py`.

/// Software revision.
pub const SOFTWARE: u16 = 4;
/// Serial number, 32 bits.
pub const SERIAL_NUMBER: u16 = 12;
/// Part number, one character in a register.
pub const PART_NUMBER: u16 = 16;
/// Registers of the part number.
pub const PART_NUMBER_LENGTH: u16 = 15;
/// Device status: 138 is well, 32 is not.
pub const DEVICE_STATUS: u16 = 90;
/// Unit of temperatures on the wire.
pub const UNITS: u16 = 1328;
/// State of alarm 1.
pub const ALARM_STATE: u16 = 1356;
/// Registers from the type of an alarm to its state.
pub const TYPE_BEFORE_STATE: u16 = 26;
/// Alarms at most.
pub const ALARMS: u16 = 14;
/// Control mode of loop 1.
pub const MODE: u16 = 2730;
/// Lowest set point of loop 1, float.
pub const LOWEST_SET_POINT: u16 = 2774;
/// Highest set point of loop 1, float.
pub const HIGHEST_SET_POINT: u16 = 2776;
/// Set point of loop 1, float.
pub const SET_POINT: u16 = 2782;
/// Output power of loop 1 in manual mode [%], float.
pub const MANUAL_POWER: u16 = 2784;
/// Output power of loop 1 [%], float.
pub const POWER: u16 = 2808;
/// Set point in force of loop 1, float.
pub const SET_POINT_IN_FORCE: u16 = 2810;
/// Control mode in force of loop 1.
pub const MODE_IN_FORCE: u16 = 2814;
/// Process value of loop 1, float.
pub const VALUE: u16 = 2820;
/// State of limit module 1.
pub const LIMIT_STATE: u16 = 11_250;
/// Status of limit module 1.
pub const LIMIT_STATUS: u16 = 11_264;
/// Error of limit module 1.
pub const LIMIT_ERROR: u16 = 11_288;
/// Analogue input 1, float.
pub const INPUT_1: u16 = 27_586;

/// Mode: automatic control.
pub const AUTO: u16 = 10;
/// Mode: fixed power.
pub const MANUAL: u16 = 54;
/// Mode, or an output: off.
pub const OFF: u16 = 62;
/// An input or output: on.
pub const ON: u16 = 63;
/// No error, no alarm.
pub const NONE: u16 = 61;
/// States of an alarm that does not stand: none, starting up, and one that Espec's own software counts to them.
pub const NO_ALARM: [u16; 3] = [NONE, 88, 12];
/// Type of an alarm: on the process value.
pub const PROCESS_ALARM: u16 = 76;
/// Unit: degrees Celsius.
pub const CELSIUS: u16 = 15;
/// Device status: well.
pub const WELL: u16 = 138;

/// A register of loop `number` (from 1), given that of loop 1.
pub(crate) fn of_loop(register: u16, number: u16) -> u16 {
    register + 160 * (number - 1)
}

/// The state register of alarm `k`, from 1.
pub(crate) fn of_alarm(k: u16) -> u16 {
    ALARM_STATE + 100 * (k - 1)
}

/// The state register of input `io` of `module`, both from 1.
pub fn of_input(module: u16, io: u16) -> u16 {
    33_718 + 240 * (module - 1) + 40 * (io - 1)
}
