//! Fuzzes `targets::wiring_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::wiring_file(data));
