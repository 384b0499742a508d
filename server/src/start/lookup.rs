//! Lookups of the public host while the server runs: the address behind a name may change.

use std::{net::IpAddr, thread, time::Duration};

use crate::{config::ServerSettings, error_streak::ErrorStreak, net::udp::PublicHost, threads};

/// Interval between two lookups.
const INTERVAL: Duration = Duration::from_secs(60);

/// Looks the name of the public host up again every minute, on a thread of its own. An address is never looked up.
pub(super) fn keep_looking_up(settings: &ServerSettings, host: PublicHost, streak: ErrorStreak) -> Result<(), String> {
    let is_name = settings.public_host.as_ref().is_some_and(|host| host.parse::<IpAddr>().is_err());
    if !is_name {
        return Ok(());
    }
    let (settings, mut lookups) = (settings.clone(), Lookups { host, streak });
    let look_up = move || loop {
        thread::sleep(INTERVAL);
        lookups.note(settings.public_addresses());
    };
    threads::spawn("lookup", look_up).map(drop).map_err(|error| format!("cannot start the thread for lookups: {error}"))
}

struct Lookups {
    host: PublicHost,
    /// Failed lookups in a row.
    streak: ErrorStreak,
}

impl Lookups {
    /// Takes the outcome of a lookup: the old addresses stay if there are no new ones, and the log has the first failure
    /// in a row.
    fn note(&mut self, found: Result<Vec<IpAddr>, String>) {
        let was_failing = self.streak.count() > 0;
        self.streak.note(found.is_ok());
        match found {
            Ok(addresses) => {
                if self.host.replace(addresses.clone()) {
                    tracing::info!(?addresses, "the public host has other addresses: new players are sent there");
                }
            }
            Err(error) => {
                if !was_failing {
                    tracing::warn!(error, "the public host cannot be looked up: its last addresses stay in use");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_addresses_reach_the_endpoints_and_failures_keep_the_old_ones() {
        let (old, new): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let host = PublicHost::new(vec![old]).expect("an address");
        let mut lookups = Lookups { host: host.clone(), streak: ErrorStreak::default() };
        lookups.note(Err("no answer".to_owned()));
        assert_eq!((host.address_for(None), lookups.streak.count()), (old, 1));
        lookups.note(Ok(vec![new]));
        assert_eq!((host.address_for(None), lookups.streak.count()), (new, 0));
    }
}
