//! The clients of one process, with the threads that seat and drive them.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use framehouse_arena::ArenaPlugin;
use framehouse_shared::simulation::Simulation;

use super::{
    drive::{Driven, drive},
    hello,
    shared::{Course, Order, Shared},
    spawner::{ClientSpawner, SPAWNERS, spawn_clients},
    visits::{Pace, ask_for_seats, drive_visitors},
};

/// Lets this process's share of the clients follow the course while `work` runs, and leave after it.
///
/// # Errors
/// That of `work`, or a sentence about a thread that panicked.
pub(super) fn with_clients<T>(
    shared: &Shared,
    url: &str,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<(T, Driven), String> {
    let drivers = drivers_of(thread::available_parallelism().map_or(1, usize::from), shared.args.processes as usize);
    let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..drivers).map(|_| mpsc::channel()).unzip();
    let spawner = ClientSpawner::new(url, hello(), Arc::new(|| Simulation::new(ArenaPlugin)), shared);
    let pace = Pace::new(shared, url, hello());
    let (arrived, arrivals) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..SPAWNERS.div_ceil(shared.args.processes) {
            let (outboxes, spawner) = (outboxes.clone(), &spawner);
            scope.spawn(move || spawn_clients(spawner, &outboxes));
        }
        for _ in 0..pace.askers() {
            let (arrived, pace) = (arrived.clone(), &pace);
            scope.spawn(move || ask_for_seats(pace, &arrived));
        }
        let visitors = scope.spawn(move || drive_visitors(shared, &arrivals));
        let threads: Vec<_> = inboxes.into_iter().map(|inbox| scope.spawn(|| drive(shared, inbox))).collect();
        let worked = work();
        // The threads have to end, also after failed work.
        shared.order(Order::Go(Course::Leave));
        let panicked = |_| "a driving thread panicked: this is a bug".to_owned();
        let mut driven = Driven { cpus: vec![shared.measured_cpu()], ..Driven::default() };
        driven.visits = visitors.join().map_err(panicked)?;
        for thread in threads {
            driven.add(&thread.join().map_err(panicked)?);
        }
        worked.map(|worked| (worked, driven))
    })
}

/// Driving threads of one of so many processes on this number of processors.
fn drivers_of(processors: usize, processes: usize) -> usize {
    processors.div_ceil(processes)
}
