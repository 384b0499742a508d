//! Players who join by quick match and leave at once, again and again.

use std::{net::Ipv4Addr, time::Duration};

use framehouse_client::{
    client::{Client, Notice},
    connect::RoomRequest,
};
use framehouse_shared::input::Input;

use crate::door::siege::{Siege, Tally};

const PER_S: f64 = 10.0;
/// The most time that a player stays.
const STAY_TIME_MAX: Duration = Duration::from_secs(2);

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut clients, mut pace) = (Vec::<(Client, Duration)>::new(), siege.pace(PER_S));
    while pace.wait() {
        let now = siege.target.elapsed();
        for (client, _) in &mut clients {
            client.update(now, &mut |_| Input::NEUTRAL);
            if client.drain_notices().any(|notice| matches!(notice, Notice::Welcomed)) {
                client.leave();
            }
        }
        clients.retain(|(client, since)| client.ended().is_none() && now - *since < STAY_TIME_MAX);
        let joined = siege.target.join(from, "storm", RoomRequest::Quick {});
        tally.note(joined.is_ok());
        clients.extend(joined.into_iter().map(|(client, _)| (client, now)));
    }
}
