//! Fuzzes `targets::ooi`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::ooi(data));
