//! The checks of the tool `load`: the order of game messages, and the difference of two readings.

use std::time::Duration;

use framehouse_shared::ids::Slot;
use framehouse_tools::load::{
    order::{TestMessage, TotalOrder},
    status::DurationHistogram,
};

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("in range")
}

#[test]
fn receivers_that_hear_the_same_in_the_same_order_are_content() {
    let mut order = TotalOrder::new(3);
    for number in 0..1000 {
        for (receiver, sender) in [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (1, 1)] {
            assert_eq!(order.hear(receiver, slot(sender), number), Ok(()));
        }
    }
    assert_eq!(order.check_end(2000), Ok(()));
    assert!(order.check_end(2001).is_err());
}

#[test]
fn a_swap_a_gap_and_a_repetition_are_noticed() {
    let mut order = TotalOrder::new(2);
    assert_eq!(order.hear(0, slot(0), 0), Ok(()));
    assert_eq!(order.hear(0, slot(1), 0), Ok(()));
    assert!(order.hear(1, slot(1), 0).is_err(), "the other one came first");
    assert!(order.hear(0, slot(0), 2).is_err(), "1 is missing");
    assert!(order.hear(0, slot(1), 0).is_err(), "it came before");
}

#[test]
fn a_saying_reads_back() {
    let saying = TestMessage { number: 7, said_at: Duration::from_micros(1_234_567) };
    assert_eq!(TestMessage::decode(&saying.encode()), Some(saying));
    assert_eq!(TestMessage::decode(&[0; 15]), None);
}

#[test]
fn the_difference_of_two_readings_is_what_happened_between_them() {
    let before = DurationHistogram { buckets: vec![(1000, 90), (40_000, 1)] };
    let after = DurationHistogram { buckets: vec![(1000, 90), (2000, 98), (8000, 1), (40_000, 2)] };
    let between = after.since(&before);
    assert_eq!(between.buckets, [(2000, 98), (8000, 1), (40_000, 1)]);
    let quantiles = between.quantiles();
    assert_eq!((quantiles.p50, quantiles.p99, quantiles.max), (2.0, 8.0, 40.0));
    assert_eq!(between.longer_than(33_333), 1);
    assert_eq!(DurationHistogram::default().quantiles().max, 0.0);
}
