//! Fuzzes `targets::dc4100`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::dc4100(data));
