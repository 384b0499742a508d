//! A short run of every fuzz target, without libFuzzer. The endpoint's target has fewer inputs, because each gets a new
//! endpoint.

use framehouse_tools::fuzz::smoke::smoke;

#[test]
fn datagrams_decode_or_are_refused() {
    smoke("datagram_decode", 1_000_000, 1);
}

#[test]
fn control_messages_decode_or_are_refused() {
    smoke("control_decode", 500_000, 1);
}

#[test]
fn websocket_messages_decode_or_are_refused() {
    smoke("websocket_decode", 200_000, 1);
}

#[test]
fn what_passes_the_guards_does_not_make_renet_panic() {
    smoke("guard", 100_000, 1);
}

#[test]
fn states_decode_or_are_refused() {
    smoke("state_decode", 50_000, 1);
}

#[test]
fn replays_are_read_or_refused() {
    smoke("replay_decode", 20_000, 1);
}

#[test]
fn an_endpoint_and_a_client_survive_whatever_comes() {
    smoke("endpoint", 10_000, 1);
}
