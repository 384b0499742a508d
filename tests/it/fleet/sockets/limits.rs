//! Limits of a gateway's WebSockets, and the addresses that its nodes count.

use framehouse_harness::{live::wait_until, thin::ThinClient};
use framehouse_shared::api::ws::{Encoding, PATH, Up};

use super::{connect, join, new_room};
use crate::{
    fleet::machines::{Fleet, SECRET, until_ready},
    programs::Running,
};

fn status(server: &Running, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    ThinClient::status(server.url(), path, headers).expect("an answer")
}

#[test]
fn a_gateway_has_the_limits_of_a_node() {
    let Some(mut fleet) = Fleet::new("sockets-limits") else { return };
    let _node = fleet.node("a", &[]);
    let gateway = fleet.gateway_with("g", &[("FRAMEHOUSE_WS_UNAUTHENTICATED_MAX", "3")]);
    until_ready(&gateway, 1);
    let open = || ThinClient::connect(gateway.url(), Encoding::Json).expect("a socket");
    let mut silent = [open(), open(), open()];
    assert_eq!(status(&gateway, PATH, &[]), 503);
    silent[0].authenticate("Ada");
    wait_until("its place is free", || status(&gateway, PATH, &[]) == 101);
    assert_eq!(silent[1].wait_for_end().0, 4002);
    let mut wrong = open();
    wrong.send(&Up::LeaveRoom).expect("it is open");
    let (code, reason) = wrong.wait_for_end();
    assert!(code == 4001 && reason.contains("`auth`"), "{code} {reason}");
    assert_eq!(status(&gateway, PATH, &[("origin", "http://evil.example")]), 403);
    assert!(gateway.status().http.sockets_refused >= 1);
}

#[test]
fn members_count_by_their_own_addresses_and_no_stranger_has_another_one() {
    let Some(mut fleet) = Fleet::new("sockets-addresses") else { return };
    // A gateway that counted as the caller would have two sessions, and four requests.
    let strict = [
        ("FRAMEHOUSE_NET_LIMIT_LOOPBACK", "true"),
        ("FRAMEHOUSE_NET_SESSIONS_PER_ADDRESS", "2"),
        ("FRAMEHOUSE_HTTP_REQUESTS_PER_S", "1"),
    ];
    let node = fleet.node_with("a", &strict);
    let gateway = fleet.gateway_with("g", &[("FRAMEHOUSE_HTTP_TRUSTED_PROXIES", "127.0.0.1")]);
    until_ready(&gateway, 1);
    let enter = |server: &Running, address: &str| {
        let headers = [("x-forwarded-for", address)];
        let mut member = ThinClient::connect_with(server.url(), PATH, Encoding::Json, &headers).expect("a socket");
        member.authenticate("Ada");
        let refusal = join(&mut member, &new_room(2)).err().flatten();
        (member, refusal)
    };
    let members: Vec<_> = (1..=12).map(|number| enter(&gateway, &format!("198.51.{number}.1"))).collect();
    assert!(members.iter().all(|(_, refusal)| refusal.is_none()));
    let same: Vec<_> = (0..3).map(|_| enter(&gateway, "203.0.113.7")).collect();
    let refusals: Vec<_> = same.iter().map(|(_, refusal)| refusal.as_deref()).collect();
    assert_eq!(refusals, [None, None, Some("address_full")]);

    // What only gateways may say is nothing in the mouth of a stranger.
    let guess = format!("Bearer {}", &SECRET[..32]);
    for headers in [&[][..], &[("authorization", "Bearer 0")], &[("authorization", guess.as_str())]] {
        assert_eq!(status(&node, "/internal/v1/ws", headers), 404, "{headers:?}");
    }
}

#[test]
fn a_stranger_at_a_node_counts_by_its_own_address() {
    let Some(mut fleet) = Fleet::new("sockets-stranger") else { return };
    let strict = [("FRAMEHOUSE_NET_LIMIT_LOOPBACK", "true"), ("FRAMEHOUSE_NET_SESSIONS_PER_ADDRESS", "1")];
    let node = fleet.node_with("a", &strict);
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 1);
    let mut first = connect(&node, Encoding::Json, "first");
    join(&mut first, &new_room(2)).expect("a seat");
    let headers = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
    let mut second = ThinClient::connect_with(node.url(), PATH, Encoding::Json, &headers).expect("a socket");
    second.authenticate("second");
    let refusal = join(&mut second, &new_room(2)).expect_err("it cannot give itself an address");
    assert_eq!(refusal.as_deref(), Some("address_full"));
}
