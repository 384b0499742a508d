//! See `framehouse_tools::fuzz::websocket_decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framehouse_tools::fuzz::websocket_decode(input));
