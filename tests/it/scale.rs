//! The checks of the tool `scale`: the end of a series, the arithmetic of what to buy, and the part of a page.

use std::cell::RefCell;

use framehouse_tools::{
    load::report::Report,
    scale::{
        figures::{CpuUs, Figures, Load, Point},
        needs::{needs, rooms_per_server},
        page::{BEGIN, END, section, tables, with_section},
        series::{Measured, limit_of, measure_series, over_players, over_rates, over_rooms},
    },
};

/// 20 us a room-tick in the tick thread, 40 us in all; round numbers for memory and traffic.
fn point() -> Point {
    Point {
        load: Load { rooms: 500, players: 4, tick_rate: 30 },
        cpu_us: CpuUs { receive: 10.0, simulate: 15.0, send: 10.0, rest: 5.0 },
        tick_thread_us: 20.0,
        memory_kb: 100.0,
        idle_mb: 50.0,
        down_kb_s: 8.0,
        up_kb_s: 6.0,
        packets_down_s: 120.0,
        packets_up_s: 124.0,
    }
}

/// A measurement in which nothing is wrong.
fn good_report() -> Report {
    Report { seconds: 10.0, tick_rate: 30, tick_thread_cpu_pct: 50.0, driver_kept_up: true, ..Report::default() }
}

#[test]
fn a_server_has_as_many_rooms_as_its_tick_thread_and_its_connections_carry() {
    // 60 % of 33,333 us a tick, 20 us a room.
    assert_eq!(rooms_per_server(&point()), 1000);
    // 64 endpoints with 960 places for newcomers.
    assert_eq!(rooms_per_server(&Point { tick_thread_us: 0.1, ..point() }), 64 * 960 / 4);
    assert_eq!(rooms_per_server(&Point { tick_thread_us: 1e9, ..point() }), 1, "never none");
    let at_120_hz = Point { load: Load { tick_rate: 120, ..point().load }, ..point() };
    assert_eq!(rooms_per_server(&at_120_hz), 250);
}

#[test]
fn what_to_buy_is_the_measured_cost_with_space_for_more() {
    let one = needs(&point(), 1000);
    assert_eq!((one.servers, one.each.rooms), (1, 1000));
    // 1000 rooms * 40 us * 30 Hz = 1.2 cores, of which half may be busy.
    assert_eq!(one.each.cores, 3);
    // 50 MB and 2 * 100 MB.
    assert_eq!(one.each.memory_gb, 1);
    // 8 and 6 KB/s a room are 64 and 48 Mbit/s; a quarter comes on top.
    assert_eq!((one.each.down_mbit_s, one.each.up_mbit_s), (80, 60));
    assert_eq!((one.each.packets_down_s, one.each.packets_up_s), (150_000, 155_000));
    assert_eq!((one.each.files, one.each.ports), (1280, 5), "4000 players, 960 at a port");
    assert_eq!(one.all, one.each, "one server is all of them");
}

#[test]
fn rooms_are_spread_evenly_over_servers() {
    let many = needs(&point(), 2500);
    assert_eq!((many.servers, many.each.rooms, many.all.rooms), (3, 834, 2500));
    assert_eq!((many.each.cores, many.all.cores), (3, 9));
    assert_eq!((many.each.ports, many.all.ports), (4, 12));
    assert_eq!(many.all.down_mbit_s, 200, "traffic is that of the rooms, not of rounded servers");
    let few = needs(&point(), 1);
    assert_eq!((few.servers, few.each.cores, few.each.ports), (1, 2, 4), "the smallest server");
}

#[test]
fn a_series_ends_at_the_first_limit_and_says_which() {
    let asked = RefCell::new(Vec::new());
    let measure = |load: Load| {
        asked.borrow_mut().push(load.rooms);
        let limit = (load.rooms >= 100).then(|| "the clients' own processor time".to_owned());
        Ok(Measured { point: Point { load, ..point() }, limit })
    };
    let series = measure_series(&over_rooms(), measure).expect("its first point is good");
    assert_eq!(*asked.borrow(), [10, 25, 50, 100], "nothing is measured after the end");
    assert_eq!(series.points.iter().map(|point| point.load.rooms).collect::<Vec<_>>(), [10, 25, 50]);
    assert_eq!(series.ended.as_deref(), Some("100 rooms of 4 at 30 Hz: the clients' own processor time"));
}

#[test]
fn a_point_that_cannot_be_measured_ends_a_series_and_a_series_without_points_is_an_error() {
    let refuse = |rates: u16| {
        move |load: Load| match load.tick_rate {
            rate if rate >= rates => Err("too many open files".to_owned()),
            _ => Ok(Measured { point: Point { load, ..point() }, limit: None }),
        }
    };
    let series = measure_series(&over_rates(), refuse(60)).expect("its first point is good");
    assert_eq!((series.points.len(), series.ended.is_some_and(|why| why.contains("open files"))), (3, true));
    let none = measure_series(&over_rates(), refuse(10)).expect_err("no point is good");
    assert!(none.contains("not even 50 rooms of 4 at 10 Hz: too many open files"), "{none}");
    let whole = measure_series(&over_players(), refuse(60)).expect("all are good");
    assert_eq!((whole.points.len(), whole.ended), (5, None));
}

#[test]
fn each_limit_of_a_measurement_is_named() {
    assert_eq!(limit_of(&good_report()), None);
    assert_eq!(limit_of(&Report { late_ticks: 3, ..good_report() }), None, "1 % of 300 ticks");
    let cases: [(Report, &str); 4] = [
        (Report { driver_kept_up: false, ..good_report() }, "the clients' own processor time"),
        (Report { dropped_ticks: 2, ..good_report() }, "gave 2 ticks up"),
        (Report { late_ticks: 6, ..good_report() }, "2.0 % of the server's ticks"),
        (Report { tick_thread_cpu_pct: 90.0, ..good_report() }, "busy for 90 %"),
    ];
    for (report, sentence) in cases {
        assert!(limit_of(&report).is_some_and(|limit| limit.contains(sentence)), "{sentence}");
    }
}

#[test]
fn a_point_divides_the_report_into_steps_and_takes_the_share_of_the_tick_thread() {
    let steps = [("Receive", 5.0), ("Simulate", 12.0), ("Send", 8.0), ("Commit", 4.0), ("Other", 3.0)];
    let report = Report {
        cpu_us_per_room_tick: 32.0,
        cpu_us_per_room_tick_by_stage: steps.into(),
        server_cpu_pct: 80.0,
        tick_thread_cpu_pct: 60.0,
        packets_out_per_s: 6000.0,
        ..good_report()
    };
    let load = Load { rooms: 50, players: 4, tick_rate: 30 };
    let point = Point::new(load, &report);
    assert_eq!(point.cpu_us, CpuUs { receive: 5.0, simulate: 12.0, send: 8.0, rest: 7.0 });
    assert_eq!((point.cpu_us.total(), point.tick_thread_us, point.packets_down_s), (32.0, 24.0, 120.0));
    let untold = Point::new(load, &Report { tick_thread_cpu_pct: 0.0, ..report });
    assert_eq!(untold.tick_thread_us, 32.0, "all of it, if the kernel does not tell");
}

fn figures() -> Figures {
    let mut figures = Figures { seconds: 4, ..Figures::default() };
    figures.rooms.points = vec![Point { tick_thread_us: 900.0, ..point() }, point()];
    figures.rooms.ended = Some("1000 rooms of 4 at 30 Hz: the clients' own processor time".to_owned());
    figures
}

#[test]
fn tables_have_the_modes_that_were_measured() {
    let lines = |figures: &Figures| tables(figures).lines().map(str::to_owned).collect::<Vec<_>>();
    let normal = lines(&figures());
    assert_eq!(normal[0], "| normal mode | 1,000 rooms | 10,000 rooms | 100,000 rooms |");
    assert_eq!(normal[2], "| servers (processes) | 1 | 10 | 100 |", "by the last point");
    assert!(normal.contains(&"| network of all, down / up, Mbit/s | 80 / 60 | 800 / 600 | 8,000 / 6,000 |".to_owned()));
    let economy = Point { tick_thread_us: 10.0, ..point() };
    let both = lines(&Figures { economy: Some(economy), ..figures() });
    assert_eq!(both[..normal.len()], normal);
    assert!(both[normal.len() + 1].starts_with("| economy mode |"));
    assert_eq!(both[normal.len() + 3], "| servers (processes) | 1 | 5 | 50 |");
    assert_eq!(tables(&Figures::default()), "");
}

#[test]
fn the_part_of_a_page_is_replaced_and_the_rest_is_kept() {
    let made = section(&figures(), "assets/scale");
    assert!(made.contains("(assets/scale/rooms.svg)") && !made.contains("players.svg"), "{made}");
    assert!(made.contains("ended before its last point, at 1000 rooms of 4"), "{made}");
    let page = format!("# Title\n\n{BEGIN}\n\nold\n\n{END}\n\nRest.\n");
    let renewed = with_section(&page, &made).expect("it has both marks");
    assert!(renewed.starts_with("# Title") && renewed.ends_with("Rest.\n") && !renewed.contains("old"));
    assert_eq!(with_section(&renewed, &made), Ok(renewed), "once more changes nothing");
    for wrong in ["no marks", BEGIN, END, &format!("{END}{BEGIN}"), &format!("{page}{page}")] {
        assert!(with_section(wrong, "new").is_err(), "{wrong}");
    }
}

#[test]
fn the_page_of_this_repository_has_the_marks() {
    assert!(with_section(include_str!("../../SCALE.md"), "new").is_ok());
}

#[test]
fn figures_read_back() {
    let text = serde_json::to_string(&figures()).expect("they serialise");
    assert_eq!(serde_json::from_str::<Figures>(&text).expect("they read back"), figures());
}
