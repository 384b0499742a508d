//! See `framehouse_tools::fuzz::datagram_decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tools::fuzz::datagram_decode(input));
