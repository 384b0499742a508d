//! Many rooms and players at once: codes, spread, and nobody who is told "full" too early.

use std::{collections::BTreeSet, sync::Mutex, thread};

use framehouse_client::connect::RoomRequest;
use framehouse_shared::api::SessionGrant;

use super::machines::{Fleet, ask, create, until_ready};
use crate::programs::Running;

/// Asks for this number of seats from some threads at once. Returns the grants, and the refusals as text.
fn ask_many(gateways: &[Running], count: usize, room: RoomRequest) -> (Vec<SessionGrant>, Vec<String>) {
    let (granted, refused) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let next = Mutex::new(0..count);
    thread::scope(|scope| {
        for number in 0..8 {
            let (granted, refused, next) = (&granted, &refused, &next);
            let gateway = &gateways[number % gateways.len()];
            scope.spawn(move || {
                while next.lock().expect("no panic").next().is_some() {
                    match ask(gateway, room, None, None) {
                        Ok(grant) => granted.lock().expect("no panic").push(grant),
                        Err(error) => refused.lock().expect("no panic").push(error.to_string()),
                    }
                }
            });
        }
    });
    (granted.into_inner().expect("no panic"), refused.into_inner().expect("no panic"))
}

#[test]
fn no_code_is_given_twice_and_nobody_is_told_full_too_early() {
    let Some(mut fleet) = Fleet::new("spread") else { return };
    // 60 rooms, of which nine in ten are asked for at once.
    let _nodes = ["a", "b", "c"].map(|name| fleet.small_node(name, 20));
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &[]));
    gateways.iter().for_each(|gateway| until_ready(gateway, 3));
    let (granted, refused) = ask_many(&gateways, 54, create());
    assert_eq!((granted.len(), refused), (54, Vec::new()));
    let codes: BTreeSet<_> = granted.iter().map(|grant| grant.code).collect();
    assert_eq!(codes.len(), 54, "no code is given twice");
}

#[test]
fn quick_match_fills_rooms_wherever_they_are() {
    let Some(mut fleet) = Fleet::new("quick") else { return };
    let _nodes = ["a", "b", "c"].map(|name| fleet.node(name, &[]));
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &[]));
    gateways.iter().for_each(|gateway| until_ready(gateway, 3));
    let (granted, refused) = ask_many(&gateways, 40, RoomRequest::Quick {});
    assert_eq!((granted.len(), refused), (40, Vec::new()));
    let rooms: BTreeSet<_> = granted.iter().map(|grant| grant.code).collect();
    // Ten full rooms, and one on each node that is not full. On a busy machine seats expire meanwhile, and are given again.
    assert!(rooms.len() <= 20, "{} rooms", rooms.len());
}
