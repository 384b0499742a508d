//! Connections: endpoints, sessions, messages, tokens and budgets. The layers above use the
//! [`Endpoint`](endpoint::Endpoint) trait and know no transport; this folder knows no room and no player.

pub mod budget;
pub mod endpoint;
pub mod outgoing;
pub mod secret;
pub mod session;
pub mod token;
pub mod udp;

use bevy::prelude::*;
use bevy_renet::{RenetReceive, RenetSend};

use crate::schedule::{Now, Receive, ReceiveSet, Send};
use endpoint::BoxedEndpoint;

/// Endpoints and the index of sessions.
pub(crate) struct NetPlugin;

impl Plugin for NetPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<session::Sessions>()
            .configure_sets(Receive, RenetReceive.in_set(ReceiveSet::Endpoints))
            .add_systems(Receive, receive.in_set(RenetReceive))
            .add_systems(Send, send.in_set(RenetSend));
    }
}

fn receive(now: Res<Now>, mut endpoints: Query<&mut BoxedEndpoint>) {
    let now = now.transport();
    for_each_endpoint(&mut endpoints, |endpoint| endpoint.receive(now));
}

fn send(mut endpoints: Query<&mut BoxedEndpoint>) {
    for_each_endpoint(&mut endpoints, |endpoint| endpoint.send());
}

/// Number of clients from which endpoints run in parallel. Below, waking other threads costs more than the work.
const PARALLEL_CLIENTS_MIN: usize = 512;

fn for_each_endpoint(
    endpoints: &mut Query<&mut BoxedEndpoint>,
    work: impl Fn(&mut BoxedEndpoint) + std::marker::Send + Sync,
) {
    if endpoints.iter().map(|endpoint| endpoint.clients()).sum::<usize>() < PARALLEL_CLIENTS_MIN {
        endpoints.iter_mut().for_each(|mut endpoint| work(&mut endpoint));
    } else {
        endpoints.par_iter_mut().for_each(|mut endpoint| work(&mut endpoint));
    }
}
