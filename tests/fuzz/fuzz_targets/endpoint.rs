//! See `framehouse_tests::fuzz::endpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tests::fuzz::endpoint(input));
