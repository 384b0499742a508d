//! Connections: endpoints, sessions, messages, tokens and budgets. The layers above use the
//! [`Endpoint`](endpoint::Endpoint) trait and know no transport; this folder knows no room and no player.

pub mod budget;
pub mod callers;
pub mod endpoint;
pub mod outgoing;
pub mod secret;
pub mod session;
pub mod token;
pub mod udp;
pub mod ws;

#[cfg(test)]
mod tests;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bevy::prelude::*;
use bevy_renet::{RenetReceive, RenetSend};

use crate::schedule::{Now, Receive, ReceiveSet, Send, TickRate};
use endpoint::BoxedEndpoint;

/// Number of packets that an endpoint reads in one turn.
const TURN_PACKETS: usize = 64;
/// Maximum number of turns of each endpoint in one `Receive`. The rest waits in the kernel's buffer.
const TURNS_MAX: usize = 64;
/// Part of a tick's time after which each endpoint has only one turn in a `Receive`.
const RECEIVE_SHARE: f64 = 1.0 / 3.0;

/// Endpoints and the index of sessions.
pub(crate) struct NetPlugin;

impl Plugin for NetPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<session::Sessions>()
            .init_resource::<ReceiveClock>()
            .init_resource::<callers::Callers>()
            .configure_sets(Receive, RenetReceive.in_set(ReceiveSet::Endpoints))
            .add_systems(Receive, receive.in_set(RenetReceive))
            .add_systems(Send, send.in_set(RenetSend));
    }
}

/// Clock of the time that receiving takes: the tick thread's processor time. Without one, nothing is measured.
#[derive(Resource, Clone, Copy)]
pub(crate) struct ReceiveClock(pub(crate) fn() -> Duration);

impl Default for ReceiveClock {
    fn default() -> Self {
        Self(|| Duration::ZERO)
    }
}

/// Time spent on receiving in one tick.
#[derive(Default)]
struct ReceiveTime {
    tick: u64,
    spent: Duration,
}

impl ReceiveTime {
    /// Time left in this tick.
    fn left(&mut self, tick: u64, rate: TickRate) -> Duration {
        if self.tick != tick {
            *self = Self { tick, spent: Duration::ZERO };
        }
        Duration::from_secs_f64(RECEIVE_SHARE / f64::from(rate.0)).saturating_sub(self.spent)
    }
}

/// Lets the endpoints read in turns, a few packets each, until nothing is left or the tick's time for it is spent. Each
/// has one turn in any case, so no endpoint waits for a busy one.
fn receive(
    now: Res<Now>,
    rate: Res<TickRate>,
    clock: Res<ReceiveClock>,
    mut time: Local<ReceiveTime>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    let transport_now = now.transport();
    let (began, left) = ((clock.0)(), time.left(now.tick, *rate));
    for _ in 0..TURNS_MAX {
        let has_more = AtomicBool::new(false);
        for_each_endpoint(&mut endpoints, |endpoint| {
            if endpoint.receive(transport_now, TURN_PACKETS) == TURN_PACKETS {
                has_more.store(true, Ordering::Relaxed);
            }
        });
        let took = (clock.0)().saturating_sub(began);
        if took >= left || !has_more.into_inner() {
            break;
        }
    }
    time.spent += (clock.0)().saturating_sub(began);
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
