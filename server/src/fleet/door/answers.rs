//! The answers of a node to requests for seats: the same request twice has one answer.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use crate::{fleet::seats::SeatAnswer, ops::backend::Backend, room::directory::JoinRequest};

/// Time for which an answer is kept, from the first request on. A gateway asks again within 0.6 s.
const KEPT: Duration = Duration::from_secs(2);
/// Largest number of answers that are kept: 8192 joins a second. The oldest are forgotten first. An answer is about 2.3 KB.
const ANSWERS_MAX: usize = 16_384;

/// An answer that may still be on its way. It comes whether anybody waits for it or not.
type Coming = Shared<BoxFuture<'static, SeatAnswer>>;

/// The answers of the last two seconds.
#[derive(Default)]
pub(super) struct Answers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// By the ids of their requests.
    coming: HashMap<String, Coming>,
    /// When each id came first, oldest first.
    first: VecDeque<(Instant, String)>,
}

impl Answers {
    /// The answer to the request with this id. A server that was busy is asked anew.
    pub fn once<B: Backend + Clone>(&self, backend: &B, id: String, join: JoinRequest, now: Instant) -> Coming {
        let mut kept = self.0.lock().expect("nothing panics while holding this lock");
        kept.forget(now);
        let is_final = |coming: &&Coming| coming.peek() != Some(&SeatAnswer::Busy);
        if let Some(coming) = kept.coming.get(&id).filter(is_final) {
            return coming.clone();
        }
        let coming = ask(backend.clone(), join);
        if kept.coming.insert(id.clone(), coming.clone()).is_none() {
            kept.first.push_back((now, id));
        }
        coming
    }
}

impl Kept {
    fn forget(&mut self, now: Instant) {
        let is_over = |(at, _): &(Instant, String)| now.saturating_duration_since(*at) >= KEPT;
        while self.first.len() >= ANSWERS_MAX || self.first.front().is_some_and(is_over) {
            if let Some((_, id)) = self.first.pop_front() {
                self.coming.remove(&id);
            }
        }
    }
}

/// Asks on a task of its own, so that the answer is the same one if the gateway hangs up and asks again.
fn ask<B: Backend>(backend: B, join: JoinRequest) -> Coming {
    let asked = tokio::spawn(async move { backend.open_session(join).await.into() });
    async move { asked.await.unwrap_or(SeatAnswer::Busy) }.boxed().shared()
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, path::PathBuf, sync::mpsc::Receiver, thread};

    use futures_util::{future::join_all, poll};

    use super::*;
    use crate::{
        config::{NetSettings, WsSettings},
        net::{endpoint::ClientKind, ws::WsEndpoint},
        ops::{backend::LocalBackend, status::StatusBoard},
        room::directory::{JoinError, JoinQueue, JoinTarget, PendingJoin},
        schedule::TickRate,
    };

    fn request() -> JoinRequest {
        JoinRequest {
            name: "ada".to_owned(),
            target: JoinTarget::Quick,
            secret: None,
            rating: None,
            hello: None,
            caller: Ipv4Addr::LOCALHOST.into(),
            kind: ClientKind::Simulating,
        }
    }

    fn backend() -> (LocalBackend, Receiver<PendingJoin>) {
        let (_, link) = WsEndpoint::new(TickRate(30), &NetSettings::default(), &WsSettings::default());
        let (backend, JoinQueue(queue)) = LocalBackend::new(StatusBoard::default(), PathBuf::new(), link);
        (backend, queue.into_inner().expect("nobody panicked"))
    }

    #[tokio::test]
    async fn the_same_request_has_one_answer_unless_the_server_was_busy() {
        let (backend, queue) = backend();
        let (answers, now) = (Answers::default(), Instant::now());
        let ask = || answers.once(&backend, "7".to_owned(), request(), now);
        // More than the queue to the tick thread holds.
        let mut waiting: Vec<_> = (0..2000).map(|_| Box::pin(backend.open_session(request()))).collect();
        for join in &mut waiting {
            let _ = poll!(join);
        }
        assert_eq!(ask().await, SeatAnswer::Busy);
        queue.try_iter().for_each(drop);
        let tick_thread = thread::spawn(move || {
            let pending = queue.recv().expect("the request comes again");
            pending.reply.send(Err(JoinError::ServerFull)).expect("somebody waits");
        });
        assert_eq!(ask().await, SeatAnswer::Refused(JoinError::ServerFull));
        tick_thread.join().expect("no panic");
        assert_eq!(ask().await, SeatAnswer::Refused(JoinError::ServerFull), "nobody is asked any more");
    }

    #[tokio::test]
    async fn each_id_has_its_own_answer_until_it_is_forgotten() {
        let (backend, queue) = backend();
        let (answers, now) = (Answers::default(), Instant::now());
        let tick_thread = thread::spawn(move || {
            for wait_s in 0..3 {
                let pending = queue.recv().expect("a request");
                pending.reply.send(Err(JoinError::TooManyCodes { wait_s })).expect("somebody waits");
            }
        });
        let ask = |id: &str, now| answers.once(&backend, id.to_owned(), request(), now);
        let refused = |wait_s| SeatAnswer::Refused(JoinError::TooManyCodes { wait_s });
        let all = join_all([ask("a", now), ask("b", now), ask("a", now)]).await;
        assert_eq!(all, [refused(0), refused(1), refused(0)]);
        assert_eq!(ask("b", now + KEPT / 2).await, refused(1));
        assert_eq!(ask("a", now + KEPT).await, refused(2), "the first answer is forgotten");
        assert_eq!(answers.0.lock().expect("nobody panicked").coming.len(), 1);
        tick_thread.join().expect("no panic");
    }
}
