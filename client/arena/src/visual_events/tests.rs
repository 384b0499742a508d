use framehouse_arena::rules::{ArenaLibrary, Rules};

use super::*;
use crate::{scene::tests::gem, tests::slot};

fn rules() -> Rules {
    ArenaLibrary::embedded().rules_for("basin", framehouse_shared::tick::SimRate::DEFAULT)
}

fn craft_at(x: f32, y: f32) -> Option<CraftSnapshot> {
    Some(CraftSnapshot { position: Vec2::new(x, y), ..default() })
}

/// Two snapshots, one tick apart, of two crafts in the open.
fn two_snapshots() -> (SceneSnapshot, SceneSnapshot) {
    let mut before = SceneSnapshot { match_no: Some(1), tick: Tick(100), own: Some(slot(0)), ..default() };
    before.crafts[0] = craft_at(0.0, 0.0);
    before.crafts[1] = craft_at(60.0, 0.0);
    let now = SceneSnapshot { tick: Tick(101), ..before.clone() };
    (before, now)
}

fn spark(owner: u8, x: f32, fades: u32) -> Spark {
    let velocity = Vec2::new(860.0, 0.0);
    Spark { id: 1, owner: slot(owner), position: Vec2::new(x, 0.0), velocity, fades: Tick(fades) }
}

#[test]
fn nothing_happens_between_equal_glances_or_different_matches() {
    let (before, mut now) = two_snapshots();
    assert_eq!(between(&before, &now, &rules()), []);
    now.match_no = Some(2);
    now.crafts[5] = craft_at(300.0, 0.0);
    assert_eq!(between(&before, &now, &rules()), []);
}

#[test]
fn a_gem_that_is_gone_was_taken_by_whoever_gained() {
    let (mut before, mut now) = two_snapshots();
    before.gems = vec![gem(7, GemKind::Field, 4)];
    now.scores[1].gems = 1;
    now.scores[1].points = 8;
    let visual_events = between(&before, &now, &rules());
    assert!(matches!(visual_events[..], [VisualEvent::Taken { gem: 7, points: 8, .. }]), "{visual_events:?}");
    now.scores[1].gems = 0;
    assert_eq!(between(&before, &now, &rules()), [], "a gem that merely faded or was never there makes no burst");
}

#[test]
fn a_spark_that_is_gone_hit_the_craft_in_its_way() {
    let (mut before, mut now) = two_snapshots();
    before.sparks = vec![spark(0, 20.0, 120)];
    before.scores[1].points = 20;
    now.scores[1].points = 14;
    let visual_events = between(&before, &now, &rules());
    assert!(matches!(visual_events[..], [VisualEvent::Hit { lost: 6, .. }]), "{visual_events:?}");
}

#[test]
fn a_spark_that_is_gone_in_the_open_was_a_wrong_guess() {
    let (mut before, now) = two_snapshots();
    before.sparks = vec![spark(1, 300.0, 120)];
    assert_eq!(between(&before, &now, &rules()), []);
    before.sparks = vec![spark(1, 790.0, 120)];
    assert!(matches!(between(&before, &now, &rules())[..], [VisualEvent::Fizzled { .. }]));
}

#[test]
fn a_dash_and_a_shot_are_seen_and_shown_once() {
    let (before, mut now) = two_snapshots();
    now.crafts[1] =
        Some(CraftSnapshot { dash_ready: Tick(142), velocity: Vec2::X, ..now.crafts[1].expect("it is there") });
    now.sparks = vec![spark(0, 15.0, 127)];
    let visual_events = between(&before, &now, &rules());
    assert_eq!(visual_events.len(), 2, "{visual_events:?}");
    let mut seen = Seen::default();
    assert_eq!(seen.only_new(visual_events.clone(), true).len(), 2);
    assert_eq!(seen.only_new(visual_events.clone(), false).len(), 0);
    assert_eq!(seen.only_new(visual_events, true).len(), 2);
}
