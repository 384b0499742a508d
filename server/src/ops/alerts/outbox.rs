//! Notices that wait for the webhook: bounded, in order, each once.

use std::collections::VecDeque;

use framehouse_shared::api::{Alert, AlertLevel, AlertState};

/// Maximum number of waiting notices. More than two for each kind, so that there is always a pair to leave out.
const WAITING_MAX: usize = 256;
/// Kind of the notice that tells how many are left out.
const LEFT_OUT: &str = "notices_left_out";

/// A notice for the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Number of the notice in this process, from 1.
    pub number: u64,
    /// What it tells.
    pub alert: Alert,
}

/// Notices in order of their creation. The one that is being sent is not among them.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Notice>,
    last_number: u64,
    /// Notices left out since the last notice about that was made.
    left_out: u64,
    /// The notice about that which could not be sent: it keeps its number, by which the receiver knows it again.
    left_out_notice: Option<Notice>,
}

impl Outbox {
    /// Adds a notice. When too many wait, the oldest alert that began and was resolved meanwhile is left out: both of its
    /// notices. The receiver is told how many are left out, before the next one.
    pub fn push(&mut self, alert: Alert) {
        if self.waiting.len() >= WAITING_MAX {
            self.leave_out_oldest();
        }
        let notice = self.number(alert);
        self.waiting.push_back(notice);
    }

    /// Takes the next notice.
    pub fn take(&mut self) -> Option<Notice> {
        if let Some(notice) = self.left_out_notice.take() {
            return Some(notice);
        }
        let Some(next) = self.waiting.front().filter(|_| self.left_out > 0) else { return self.waiting.pop_front() };
        let (alert, count) = (next.alert.clone(), std::mem::take(&mut self.left_out));
        let message = format!(
            "{count} older notices are left out, because the webhook did not answer for a long time: the log has them"
        );
        let (kind, level, state) = (LEFT_OUT.to_owned(), AlertLevel::Warning, AlertState::Resolved);
        Some(self.number(Alert { kind, level, state, message, count, ..alert }))
    }

    /// Gives a notice back that could not be sent. It is the next one again.
    pub fn put_back(&mut self, notice: Notice) {
        if notice.alert.kind == LEFT_OUT {
            self.left_out_notice = Some(notice);
        } else {
            self.waiting.push_front(notice);
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.left_out_notice.is_none()
    }

    fn number(&mut self, alert: Alert) -> Notice {
        self.last_number += 1;
        Notice { number: self.last_number, alert }
    }

    fn leave_out_oldest(&mut self) {
        let kind_of = |notice: &Notice| notice.alert.kind.clone();
        let is_begun = |notice: &Notice| notice.alert.state == AlertState::Firing;
        // Among more notices than two of each kind there is a beginning with its end.
        let pair = self.waiting.iter().enumerate().find_map(|(begun, notice)| {
            let later = self.waiting.iter().skip(begun + 1).position(|other| kind_of(other) == kind_of(notice));
            later.filter(|_| is_begun(notice)).map(|place| (begun, begun + 1 + place))
        });
        if let Some((begun, ended)) = pair {
            self.waiting.remove(ended);
            self.waiting.remove(begun);
            self.left_out += 2;
        } else if self.waiting.pop_front().is_some() {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::ops::alerts::book::{Book, Moment};

    const KINDS: [&str; 3] = ["a", "b", "c"];

    proptest! {
        /// Alerts come and go while the receiver is up or down: it gets each notice once and in order, an alert whose
        /// beginning it got has an end, and it is told how many notices it does not get.
        #[test]
        fn no_notice_is_lost_or_sent_twice(
            steps in prop::collection::vec((0..KINDS.len(), any::<bool>(), 0_u8..8), 0..3000),
            is_up_after in 0_usize..3000,
        ) {
            let (mut book, mut outbox) = (Book::default(), Outbox::default());
            let (mut sent, mut made): (Vec<Notice>, u64) = (Vec::new(), 0);
            let mut failed: Option<Notice> = None;
            for (step, (kind, is_seen, luck)) in steps.into_iter().enumerate() {
                let now = Moment { elapsed: Duration::from_secs(step as u64), unix_s: step as u64 };
                let notice = if is_seen {
                    book.see(KINDS[kind], AlertLevel::Warning, step.to_string(), now)
                } else {
                    book.miss(KINDS[kind], Duration::ZERO, now)
                };
                made += u64::from(notice.is_some());
                notice.into_iter().for_each(|alert| outbox.push(alert));
                prop_assert!(outbox.waiting.len() <= WAITING_MAX);
                // An attempt that fails, or one that does not.
                if let Some(notice) = outbox.take() {
                    if let Some(failed) = failed.take() {
                        prop_assert_eq!(&notice, &failed, "it comes again with its number");
                    }
                    if step >= is_up_after && luck > 0 {
                        sent.push(notice);
                    } else {
                        failed = Some(&notice).filter(|notice| notice.alert.kind == LEFT_OUT).cloned();
                        outbox.put_back(notice);
                    }
                }
            }
            while let Some(notice) = outbox.take() {
                sent.push(notice);
            }
            let (told, real): (Vec<_>, Vec<_>) =
                sent.into_iter().partition(|notice| notice.alert.kind == LEFT_OUT);
            prop_assert_eq!(real.len() as u64 + told.iter().map(|notice| notice.alert.count).sum::<u64>(), made);
            prop_assert!(real.is_sorted_by(|a, b| a.number < b.number));
            for kind in KINDS {
                let of_kind = real.iter().filter(|notice| notice.alert.kind == kind);
                for (place, notice) in of_kind.enumerate() {
                    prop_assert_eq!(notice.alert.state == AlertState::Firing, place % 2 == 0);
                }
            }
        }
    }
}
