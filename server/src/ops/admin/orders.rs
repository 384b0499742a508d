//! The queue of admin calls to the tick thread: what is done there, and the answer.

use std::{
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use bevy::prelude::*;
use framehouse_shared::guarded::guarded;
use tokio::{sync::oneshot, time::timeout};

use super::AdminRefusal;

/// Maximum number of orders that wait. The next one is refused.
const WAITING_MAX: usize = 64;
/// Maximum number of orders carried out in one tick.
const PER_TICK_MAX: usize = 8;
/// Longest wait for an answer. The tick thread needs one tick, the thread of the replays some more.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Something to do on the tick thread.
type Order = Box<dyn FnOnce(&mut World) + Send>;

/// The tick thread's end of the queue.
#[derive(Resource)]
pub struct OrderQueue(Mutex<Receiver<Order>>);

/// The other end.
#[derive(Clone)]
pub(super) struct Orders(SyncSender<Order>);

pub(super) fn queue() -> (Orders, OrderQueue) {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    (Orders(sender), OrderQueue(Mutex::new(receiver)))
}

impl Orders {
    /// Does something on the tick thread, between two ticks, and returns its answer.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> Result<T, AdminRefusal> {
        self.ask_later(move |world, tell: oneshot::Sender<T>| drop(tell.send(work(world)))).await
    }

    /// Like [`ask`](Self::ask), for an answer that comes later and by another thread.
    pub(super) async fn ask_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut World, oneshot::Sender<T>) + Send + 'static,
    ) -> Result<T, AdminRefusal> {
        let (tell, answer) = oneshot::channel();
        // What was refused because it took too long is not done afterwards.
        let order = move |world: &mut World| {
            if !tell.is_closed() {
                work(world, tell);
            }
        };
        self.0.try_send(Box::new(order)).map_err(|_| AdminRefusal::Busy)?;
        match timeout(ANSWER_TIME_MAX, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(AdminRefusal::Busy),
        }
    }
}

/// Carries out waiting orders, between two ticks.
pub fn run_orders(world: &mut World) {
    for _ in 0..PER_TICK_MAX {
        let Some(queue) = world.get_resource::<OrderQueue>() else { return };
        let Ok(order) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
        // A bug in an order must not end the matches. The panic is in the log, and whoever asked is told that there is no answer.
        let _ = guarded(|| order(world));
    }
}
