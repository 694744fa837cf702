//! Fuzzes `targets::folder_csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::folder_csv(data));
