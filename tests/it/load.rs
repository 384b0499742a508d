//! The checks of the tool `load`: the order of game messages, the difference of two readings, sums over processes, verdicts.

use std::time::Duration;

use clap::Parser;
use framehouse_server::ops::tick_timings::TickTimings;
use framehouse_shared::ids::Slot;
use framehouse_tools::{
    allocations::{Allocated, Counting, STEPS, Step, Totals},
    load::{
        Progress,
        args::{Args, source_address},
        beyond::{BeyondReport, Step as LoadStep},
        kept_up,
        order::{TestMessage, TotalOrder},
        report::{AllocationReport, Costs, us_per_connect},
        seats::read_answer,
        status::{DurationHistogram, Quantiles},
    },
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

const fn allocated(count: u64) -> Allocated {
    Allocated { count, bytes: 10 * count }
}

/// Totals in which the tick thread has made `own` allocations in every step, and all threads `all`.
fn totals(room_ticks: u64, own: u64, all: u64) -> Totals {
    let step = Step { tick_thread: allocated(own), all_threads: allocated(all) };
    Totals { room_ticks, steps: [step; STEPS.len()] }
}

#[test]
fn allocations_are_those_between_two_readings_by_room_tick() {
    let since = totals(150, 350, 500).since(&totals(50, 150, 200));
    assert_eq!(since, totals(100, 200, 300));
    let report = AllocationReport::new(&since);
    let receive = report.per_room_tick_by_stage["Receive"];
    assert_eq!((receive.tick_thread.count, receive.tick_thread.bytes), (2.0, 20.0));
    assert_eq!(receive.all_threads.count, 3.0);
    assert_eq!(report.per_room_tick.tick_thread.count, 2.0 * STEPS.len() as f64);
}

#[test]
fn allocations_have_the_steps_of_the_status_page() {
    let names: Vec<_> = TickTimings::default().by_stage().map(|(name, _)| name).collect();
    assert_eq!(names, STEPS);
}

#[test]
fn the_counting_allocator_counts_blocks_and_their_growth() {
    let allocator = Counting(std::alloc::System);
    let layout = std::alloc::Layout::from_size_align(100, 8).expect("a good layout");
    let (own, all) = (Allocated::by_this_thread(), Allocated::by_all_threads());
    #[expect(unsafe_code, reason = "an allocator cannot be called without")]
    // SAFETY: each block is given back with the layout that it was allocated with.
    unsafe {
        use std::alloc::GlobalAlloc;
        let block = allocator.alloc(layout);
        let block = allocator.realloc(block, layout, 200);
        allocator.dealloc(block, std::alloc::Layout::from_size_align_unchecked(200, 8));
    }
    let (own, all) = (Allocated::by_this_thread() - own, Allocated::by_all_threads() - all);
    assert_eq!(own, Allocated { count: 2, bytes: 300 });
    assert_eq!(all, own, "nothing else counts in this process");
}

fn args(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(["load"].into_iter().chain(line.split_whitespace()))
}

#[test]
fn the_flags_say_how_many_clients_there_are_and_from_where() {
    let parsed = args("--rooms 10 --players 6 --real 7 --tick-rate 10").expect("good flags");
    assert_eq!((parsed.real_rooms(), parsed.all_rooms(), parsed.clients(), parsed.tick_rate), (2, 12, 72, 10));
    for wrong in
        ["--players 1", "--players 17", "--tick-rate 9", "--tick-rate 121", "--beyond 0.5", "--beyond 2 --real 4"]
    {
        assert!(args(wrong).is_err(), "{wrong}");
    }
    assert!(args("--players 16 --together").expect("good flags").check().is_err(), "no seat is free in such a room");
    assert_eq!(args("--beyond 2").expect("good flags").beyond, Some(2.0));
    let addresses = |count| (0..4).map(|number| source_address(number, count).octets()[3]).collect::<Vec<_>>();
    assert_eq!((addresses(1), addresses(3)), (vec![1; 4], vec![2, 3, 4, 2]));
}

#[test]
fn an_answer_is_read_when_it_is_whole() {
    /// Gives its bytes in pieces.
    struct Pieces(Vec<&'static [u8]>);
    impl std::io::Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let piece = if self.0.is_empty() { &[][..] } else { self.0.remove(0) };
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }
    let head = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nContent-Length: 6\r\n\r\n";
    let (start, end) = head.split_at(40);
    let answer = read_answer(&mut Pieces(vec![start, end, b"abc", b"def"])).expect("a whole answer");
    assert_eq!((answer.status, answer.body.as_slice()), (503, &b"abcdef"[..]));
    assert!(read_answer(&mut Pieces(vec![head, b"abc"])).is_err(), "the rest does not come");
}

#[test]
fn the_progress_of_two_processes_is_added() {
    let mut first = Progress { rooms_tried: 3, rooms_seated: 2, ..Progress::default() };
    first.refused.insert("503: full".to_owned(), 1);
    first.loop_tenth_ms.record_many(50, 99);
    // As it comes from another process.
    let line = serde_json::to_string(&first).expect("it serialises");
    let mut second: Progress = serde_json::from_str(&line).expect("it reads back");
    second.failed.note("no socket");
    second.loop_tenth_ms.record_many(900, 3);
    first.add(&second);
    assert_eq!((first.rooms_tried, first.rooms_seated, first.refused["503: full"], first.failed.count()), (6, 4, 2, 1));
    assert_eq!(first.loop_tenth_ms.count(), 201);
    assert!(!kept_up(&first.loop_tenth_ms, 30), "more than 1 % of the updates took 90 ms");
    first.loop_tenth_ms.record_many(50, 200);
    assert!(kept_up(&first.loop_tenth_ms, 30));
}

#[test]
fn a_connection_costs_what_was_used_more_with_them() {
    let costs =
        |seconds, total_us, send: u64| Costs { seconds, total_us, by_stage_us: [("Send".to_owned(), send)].into() };
    let (without, with) = (costs(20.0, 2_000_000, 200_000), costs(10.0, 3_000_000, 150_000));
    let (each, by_stage) = us_per_connect(&without, &with, 1000.0);
    assert_eq!((each, by_stage["Send"]), (200.0, 5.0));
    assert_eq!(us_per_connect(&without, &with, 0.0).0, 0.0, "nobody came");
}

/// A step in which nothing is wrong.
fn good_step(rooms: u32) -> LoadStep {
    let tick_ms = Quantiles { p50: 5.0, p99: 9.0, p999: 12.0, max: 12.0 };
    LoadStep {
        rooms_asked: rooms,
        rooms_seated: rooms,
        rooms_playing: rooms as usize,
        tick_load: 0.5,
        tick_ms,
        ticks: 300,
        late_ticks: 0,
        dropped_ticks: 0,
        refused: Default::default(),
        failed: Vec::new(),
        rss_mb: 100.0,
        free_memory: 0.5,
        clients_kept_up: true,
        starved_pct: 1.0,
    }
}

#[test]
fn each_limit_of_a_step_is_named_and_refusals_come_first() {
    let cases: [(fn(&mut LoadStep), &str); 9] = [
        (|step| step.refused = [("503: too many".to_owned(), 7)].into(), "seats are refused (7 x 503: too many)"),
        (|step| step.dropped_ticks = 2, "2 ticks were given up"),
        (|step| step.late_ticks = 6, "2.0 % of the ticks"),
        (|step| step.tick_load = 0.9, "the tick thread is busy for 90 %"),
        (|step| step.free_memory = 0.05, "5 % of the memory is free"),
        (|step| step.failed = vec!["no socket: Too many open files (os error 24)".to_owned()], "too many open files"),
        (|step| step.failed = vec!["something else".to_owned()], "something else"),
        (|step| step.clients_kept_up = false, "the clients' own processor time"),
        (|step| step.starved_pct = 11.0, "the tick thread waits for 11 %"),
    ];
    assert_eq!(good_step(50).limits(), Vec::<String>::new());
    let mut all = good_step(50);
    for (change, sentence) in cases {
        let mut step = good_step(50);
        change(&mut step);
        assert!(matches!(&step.limits()[..], [limit] if limit.contains(sentence)), "{sentence}: {:?}", step.limits());
        change(&mut all);
    }
    assert_eq!(all.limits().len(), 8, "{:?}", all.limits());
    assert!(all.limits()[0].contains("503"));
}

/// A run that a good server has passed.
fn good_run() -> BeyondReport {
    let mut beyond = good_step(200);
    beyond.rooms_seated = 110;
    beyond.rooms_playing = 105;
    beyond.refused.insert("503: too many".to_owned(), 90);
    let mut limit = good_step(100);
    limit.tick_load = 0.9;
    BeyondReport {
        players: 4,
        tick_rate: 30,
        steps: vec![good_step(50), limit],
        factor: 2.0,
        beyond,
        desyncs: 0,
        failed_clients: 0,
        kicked: 0,
        driver_cpu_s: 10.0,
        failures: Vec::new(),
    }
}

#[test]
fn a_server_that_lets_players_suffer_beyond_its_limit_fails() {
    assert_eq!(good_run().judge(true), Vec::<String>::new());
    assert_eq!(good_run().judge(false).len(), 1, "a server that crashed");
    let cases: [(fn(&mut BeyondReport), &str); 7] = [
        (|run| run.desyncs = 1, "1 times"),
        (|run| run.failed_clients = 3, "3 clients lost"),
        (|run| run.kicked = 2, "2 clients lost"),
        (|run| run.beyond.rooms_playing = 79, "only 79 rooms play on"),
        (|run| run.beyond.refused.clear(), "no refusal has a reason"),
        (|run| run.beyond.dropped_ticks = 1, "1 dropped of 300"),
        (|run| run.beyond.late_ticks = 4, "4 late"),
    ];
    for (change, sentence) in cases {
        let mut run = good_run();
        change(&mut run);
        let failures = run.judge(true);
        assert!(matches!(&failures[..], [failure] if failure.contains(sentence)), "{sentence}: {failures:?}");
    }
}
