//! Datagrams to sessions and back. Nothing above this folder knows which transport a session uses.

pub mod budget;
pub mod datagrams;
pub mod lane;
pub mod mail;
pub mod route;
pub mod session;
pub mod token;

use bevy::prelude::*;
use bevy_renet::{RenetReceive, RenetSend};

use crate::tick::{Now, Receive, ReceiveSet, Send, TickSet};
use lane::Lane;

/// Lanes, sessions, and the way between them.
pub struct NetPlugin;

impl Plugin for NetPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<session::Sessions>()
            .add_systems(Receive, receive_lanes.in_set(RenetReceive))
            .add_systems(Receive, route::route_inboxes.in_set(ReceiveSet::Route))
            .add_systems(FixedUpdate, session::end_expired_sessions.in_set(TickSet::Cleanup))
            .add_systems(Send, send_lanes.in_set(RenetSend));
    }
}

fn receive_lanes(now: Res<Now>, mut lanes: Query<&mut Lane>) {
    let unix_now = now.unix_base + now.elapsed;
    for_each_lane(&mut lanes, |lane| lane.receive(unix_now));
}

fn send_lanes(mut lanes: Query<&mut Lane>) {
    for_each_lane(&mut lanes, Lane::send);
}

/// How many clients make it worth waking other threads: below, that would cost more than the work.
const PARALLEL_CLIENTS_MIN: usize = 512;

fn for_each_lane(lanes: &mut Query<&mut Lane>, work: impl Fn(&mut Lane) + std::marker::Send + Sync) {
    if lanes.iter().map(Lane::clients).sum::<usize>() < PARALLEL_CLIENTS_MIN {
        lanes.iter_mut().for_each(|mut lane| work(&mut lane));
    } else {
        lanes.par_iter_mut().for_each(|mut lane| work(&mut lane));
    }
}
