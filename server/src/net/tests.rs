//! Tests: endpoints read in turns, within the time of a tick for it.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bevy::ecs::system::SystemId;
use framehouse_shared::protocol::datagram::{FramesHeader, Pong};

use super::{
    endpoint::{Admission, ClientEvent, ClientId, Endpoint, Traffic},
    outgoing::Outgoing,
    *,
};

const PACKET_TIME: Duration = Duration::from_micros(50);

thread_local! {
    static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// An endpoint with so many packets to read, each of which takes [`PACKET_TIME`].
struct Packets {
    waiting: usize,
    read: Arc<AtomicUsize>,
}

impl Endpoint for Packets {
    fn receive(&mut self, _: Duration, packets_max: usize) -> usize {
        let count = self.waiting.min(packets_max);
        self.waiting -= count;
        self.read.fetch_add(count, Ordering::Relaxed);
        TIME.set(TIME.get() + PACKET_TIME * count as u32);
        count
    }

    fn admit(&self, _: ClientId, _: Option<IpAddr>, _: Duration) -> Admission {
        Admission { token: Vec::new(), server: SocketAddr::from(([10, 0, 0, 2], 1)) }
    }

    fn capacity(&self) -> usize {
        0
    }

    fn clients(&self) -> usize {
        0
    }

    fn ip(&self, _: ClientId) -> Option<IpAddr> {
        None
    }

    fn traffic(&self) -> &Traffic {
        unreachable!("nobody asks for it here")
    }

    fn drain(&mut self, events: &mut Vec<(ClientId, ClientEvent)>) {
        events.clear();
    }

    fn queue_frames(&mut self, _: ClientId, _: &FramesHeader, _: &[&[u8]]) {}
    fn queue_message(&mut self, _: ClientId, _: &Outgoing) {}
    fn answer_ping(&mut self, _: ClientId, _: &Pong) {}
    fn unacknowledged(&self, _: ClientId) -> usize {
        0
    }
    fn close(&mut self, _: ClientId) {}
    fn send(&mut self) {}
}

struct Receiver {
    world: World,
    receive: SystemId,
}

impl Receiver {
    fn new() -> Self {
        let mut world = World::new();
        world.insert_resource(TickRate(30));
        world.insert_resource(ReceiveClock(|| TIME.get()));
        world.init_resource::<Now>();
        let receive = world.register_system(receive);
        Self { world, receive }
    }

    fn endpoint(&mut self, waiting: usize) -> Arc<AtomicUsize> {
        let read = Arc::default();
        self.world.spawn(BoxedEndpoint(Box::new(Packets { waiting, read: Arc::clone(&read) })));
        read
    }

    fn receive(&mut self) {
        self.world.run_system(self.receive).expect("it can run");
    }
}

#[test]
fn a_busy_endpoint_takes_no_turn_of_another() {
    let mut receiver = Receiver::new();
    let busy = receiver.endpoint(usize::MAX);
    let quiet = receiver.endpoint(100);
    receiver.receive();
    // A third of a tick is time for 222 packets: both have two turns.
    assert_eq!(quiet.load(Ordering::Relaxed), 100);
    assert_eq!(busy.load(Ordering::Relaxed), 2 * TURN_PACKETS);
}

#[test]
fn the_time_is_that_of_a_tick_and_everybody_has_a_turn_without_it() {
    let mut receiver = Receiver::new();
    let busy = [receiver.endpoint(usize::MAX), receiver.endpoint(usize::MAX)];
    receiver.receive();
    let first = busy[0].load(Ordering::Relaxed);
    receiver.receive();
    for read in &busy {
        assert_eq!(read.load(Ordering::Relaxed), first + TURN_PACKETS, "the time of this tick is spent");
    }
    receiver.world.resource_mut::<Now>().tick += 1;
    receiver.receive();
    assert_eq!(busy[0].load(Ordering::Relaxed), 2 * first + TURN_PACKETS);
}

#[test]
fn everything_that_waits_is_read_while_there_is_time() {
    let mut receiver = Receiver::new();
    receiver.world.insert_resource(ReceiveClock::default());
    let read = receiver.endpoint(3000);
    receiver.receive();
    assert_eq!(read.load(Ordering::Relaxed), 3000);
}
