//! See `framehouse_tools::fuzz::hot_decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tools::fuzz::hot_decode(input));
