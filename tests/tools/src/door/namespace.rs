//! Network namespace: a network of this process alone, in which every address of `10.76.0.0/14` is this machine.

use std::{net::Ipv4Addr, process::Command};

use crate::namespace::run;

/// All addresses that are used here. The loopback device has all addresses of its networks.
const NETWORK: &str = "10.76.0.1/14";

/// Address of the server.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 1);

/// Address of an attacker. The hosts of one attack share a /24; no two attacks do, so that none is refused only because of
/// another.
pub(super) const fn attacker(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, network, host)
}

/// Address of all players of a room.
pub(super) const fn room(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 78, number, 1)
}

/// Address of an honest player who joins.
pub(super) const fn joiner(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 79, number, 1)
}

/// Gives the loopback device its addresses.
///
/// # Errors
/// A sentence, if that is not possible.
pub fn set_up() -> Result<(), String> {
    run(Command::new("ip").args(["address", "add", NETWORK, "dev", "lo"]))?;
    run(Command::new("ip").args(["link", "set", "lo", "up"]))
}
