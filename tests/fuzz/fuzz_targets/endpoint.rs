//! See `framehouse_tools::fuzz::endpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tools::fuzz::endpoint(input));
