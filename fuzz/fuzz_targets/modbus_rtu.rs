//! Fuzzes `targets::modbus_rtu`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::modbus_rtu(data));
