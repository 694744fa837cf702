//! Fuzzes `sheets::sheet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::sheets::sheet(data));
