//! Fuzzes `targets::bench_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowtwin_fuzz::targets::bench_file(data));
