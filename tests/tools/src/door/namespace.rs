//! Network namespace: a network of this process alone, in which every address of `10.76.0.0/14` is this machine.

use std::{
    env, io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    process::{Command, Output},
};

/// The program that makes a namespace, and its flags. No right is needed, where users may have namespaces.
const UNSHARE: &str = "unshare";
const UNSHARE_FLAGS: [&str; 2] = ["--map-root-user", "--net"];
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

/// Runs this program again in a new namespace, in place of this process, with the flag `--inside` more. Returns only if that
/// fails.
pub fn enter() -> String {
    if let Err(sentence) = run(Command::new(UNSHARE).args(UNSHARE_FLAGS).arg("true")) {
        return format!(
            "a network namespace is needed, and it cannot be made here ({sentence}): run it as root on Linux"
        );
    }
    let own = match env::current_exe() {
        Ok(own) => own,
        Err(error) => return format!("cannot find this program ({error}): start it with its whole path"),
    };
    let error = Command::new(UNSHARE).args(UNSHARE_FLAGS).arg(own).arg("--inside").args(env::args_os().skip(1)).exec();
    format!("cannot start this program in a network namespace: {error}")
}

/// Gives the loopback device its addresses.
///
/// # Errors
/// A sentence, if that is not possible.
pub fn set_up() -> Result<(), String> {
    run(Command::new("ip").args(["address", "add", NETWORK, "dev", "lo"]))?;
    run(Command::new("ip").args(["link", "set", "lo", "up"]))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { stderr, .. }) => Err(String::from_utf8_lossy(&stderr).trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("there is no program `{program}`: install util-linux and iproute2"))
        }
        Err(error) => Err(format!("cannot run `{program}`: {error}")),
    }
}
