//! See `framehouse_tests::fuzz::guard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tests::fuzz::guard(input));
