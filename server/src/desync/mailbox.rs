//! Answers from the replay thread.

use std::sync::{
    Mutex,
    mpsc::{self, Receiver, SyncSender},
};

use bevy::prelude::*;

/// Maximum number of answers that wait for the next tick. More are lost; what a report says does not depend on them.
const WAITING_MAX: usize = 64;

/// Queue of answers of one kind.
#[derive(Resource)]
pub struct Mailbox<T: Send + 'static> {
    sender: SyncSender<T>,
    waiting: Mutex<Receiver<T>>,
}

impl<T: Send + 'static> Default for Mailbox<T> {
    fn default() -> Self {
        let (sender, waiting) = mpsc::sync_channel(WAITING_MAX);
        Self { sender, waiting: Mutex::new(waiting) }
    }
}

impl<T: Send + 'static> Mailbox<T> {
    /// A function for the replay thread that answers.
    pub fn answer(&self) -> impl FnOnce(T) + Send + use<T> {
        let sender = self.sender.clone();
        move |answer| {
            // Fails if too many wait, or the server has stopped.
            let _ = sender.try_send(answer);
        }
    }

    /// Takes the answers that have come.
    pub fn take(&self) -> Vec<T> {
        self.waiting.lock().expect("nothing panics while holding this lock").try_iter().collect()
    }
}
