//! False claims of a hostile client about its state, and their bounds.

use framehouse_server::{config::CleanupSettings, replay::Replays};
use framehouse_shared::{
    fields::Field,
    protocol::messages::{ClientMessage, FIELDS_BYTES_MAX},
    state_hash::StateHashes,
};

use super::*;

fn claim(world: &mut World, message: &ClientMessage) {
    world.clients[VICTIM].client.claim(message);
    world.step_ticks(1);
}

fn counters(world: &World) -> Counters {
    *world.server.world().resource::<Counters>()
}

#[test]
fn claims_about_absurd_ticks_and_fields_nobody_asked_for_do_nothing() {
    let (mut world, writer) = playing(ArenaPlugin, &Folder::new("desync-absurd"));
    let components = world.clients[VICTIM].client.simulation().expect("a match").hashes().0.len();
    let hashes = StateHashes(std::iter::repeat_n(Some(9), components).collect());
    for tick in [Tick(u32::MAX), Tick(1_000_000), Tick(100_000)] {
        claim(&mut world, &ClientMessage::Hashes { match_no: 1, tick, is_answer: false, hashes: hashes.clone() });
    }
    let (first, short) = (Tick(40), StateHashes::default());
    claim(&mut world, &ClientMessage::Hashes { match_no: 7, tick: first, is_answer: false, hashes: hashes.clone() });
    claim(&mut world, &ClientMessage::Hashes { match_no: 1, tick: first, is_answer: false, hashes: short });
    let field = |value: String| Field { slot: None, name: "x".into(), value };
    let fields = |fields| ClientMessage::Fields { match_no: 1, tick: first, is_last: true, fields };
    let answer = ClientMessage::Hashes { match_no: 1, tick: first, is_answer: true, hashes: hashes.clone() };
    claim(&mut world, &answer);
    claim(&mut world, &fields(vec![field("1".into())]));
    claim(&mut world, &fields(vec![field("1".into()); FIELDS_BYTES_MAX / 6 + 1]));
    claim(&mut world, &fields(vec![field("1".repeat(1000))]));
    world.step_ticks(20);
    let counters = counters(&world);
    assert_eq!((counters.desyncs, counters.invalid_messages), (0, 6), "three of hashes, three of fields");
    assert!(world.clients.iter().all(|client| client.client.ended().is_none()));
    close(world, writer);
}

#[test]
fn a_client_that_claims_and_never_answers_costs_a_state_and_is_reported() {
    let folder = Folder::new("desync-silent");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let mut hashes = world.clients[VICTIM].client.simulation().expect("a match").hashes();
    hashes.0[0] = Some(9);
    // `Client` finds no difference when it is asked, so it does not answer.
    for _ in 0..4 {
        let tick = last_compared(&world);
        claim(&mut world, &ClientMessage::Hashes { match_no: 1, tick, is_answer: false, hashes: hashes.clone() });
    }
    world.step_ticks(120);
    let counters = counters(&world);
    assert_eq!((counters.desyncs, counters.desyncs_named), (1, 0), "one at a time");
    assert_eq!(world.clients[VICTIM].client.stats().resyncs, 1);
    nobody_else_noticed(&world);
    close(world, writer);
    let (_, report) = only_report(folder.path());
    assert_eq!((&report["first_bad_tick"], &report["component"]), (&Value::Null, &Value::Null));
    assert!(report["note"].is_string(), "{report}");
}

#[test]
fn a_flood_of_claims_ends_its_sender_and_leaves_three_reports() {
    let folder = Folder::new("desync-flood");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let mut hashes = world.clients[VICTIM].client.simulation().expect("a match").hashes();
    hashes.0[0] = Some(9);
    for _ in 0..600 {
        let tick = last_compared(&world);
        for tick in [tick, tick.minus(15)] {
            world.clients[VICTIM].client.claim(&ClientMessage::Hashes {
                match_no: 1,
                tick,
                is_answer: false,
                hashes: hashes.clone(),
            });
        }
        world.step_ticks(1);
        if world.clients[VICTIM].client.ended().is_some() {
            break;
        }
    }
    assert!(world.clients[VICTIM].client.ended().is_some(), "it had to go");
    assert!(counters(&world).desyncs <= 3);
    nobody_else_noticed(&world);
    let stats = world.server.world().resource::<Replays>().stats();
    assert_eq!((stats.given_up, stats.failed, stats.reports_lost), (0, 0, 0));
    close(world, writer);
    assert!((1..=3).contains(&reports(folder.path()).len()));
}

/// The hash in the inputs arrives first; the report about a frame's hash is late and overtakes the answer.
#[test]
fn a_late_complaint_is_not_taken_for_the_answer() {
    let folder = Folder::new("desync-crossed");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let (tick, slot) = (tick_ahead(&world, 7), slot_of(&world, VICTIM));
    world.clients[VICTIM].client.corrupt(tick, move |room| {
        room.get_mut::<Bodies>().expect("crafts").craft_mut(slot).expect("its craft").shield_until.0 += 77;
    });
    assert!(world.step_until(120, |world| counters(world).desyncs == 1), "it is noticed");
    let mut hashes = world.clients[VICTIM].client.simulation().expect("a match").hashes();
    hashes.0[0] = Some(9);
    let complaint = ClientMessage::Hashes { match_no: 1, tick: tick.plus(1), is_answer: false, hashes };
    world.clients[VICTIM].client.claim(&complaint);
    let named = follow(&mut world, tick, |_, _| {}).named.map(|(_, tick, component)| (tick, component));
    assert_eq!(named, Some((tick, "bodies".to_owned())));
    assert_eq!((counters(&world).desyncs, counters(&world).desyncs_named), (1, 1));
    nobody_else_noticed(&world);
    close(world, writer);
    let (_, report) = only_report(folder.path());
    assert_eq!(report["first_bad_tick"], json!(tick.0), "{report}");
    assert_eq!(report["differences"][0]["field"], "shield_until", "{report}");
}

#[test]
fn who_leaves_before_the_answer_is_reported_however_soon_it_is_freed() {
    let folder = Folder::new("desync-leaver");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let settings = CleanupSettings { cleanup_delay_s: 0.5, force_cleanup_delay_s: 2.0, ..default() };
    world.server.world_mut().insert_resource(settings);
    let mut hashes = world.clients[VICTIM].client.simulation().expect("a match").hashes();
    hashes.0[0] = Some(9);
    let tick = last_compared(&world);
    world.clients[VICTIM].client.claim(&ClientMessage::Hashes { match_no: 1, tick, is_answer: false, hashes });
    assert!(world.step_until(60, |world| counters(world).desyncs == 1), "it is noticed");
    world.clients[VICTIM].client.leave();
    world.step_ticks(60);
    nobody_else_noticed(&world);
    close(world, writer);
    let (_, report) = only_report(folder.path());
    assert_eq!((&report["detected"]["tick"], &report["first_bad_tick"]), (&json!(tick.0), &Value::Null), "{report}");
}
