//! Fuzzes `lines::lab_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::lines::lab_lines(data));
