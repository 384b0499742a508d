use framehouse_arena::rules::{ArenaLibrary, Rules};

use super::*;
use crate::{scene::tests::gem, tests::slot};

fn rules() -> Rules {
    ArenaLibrary::embedded().rules_for("basin", framehouse_shared::tick::SimRate::DEFAULT)
}

fn craft_at(x: f32, y: f32) -> Option<CraftGlance> {
    Some(CraftGlance { position: Vec2::new(x, y), ..default() })
}

/// Two crafts in the open, one tick apart.
fn two_glances() -> (Glance, Glance) {
    let mut before = Glance { match_no: Some(1), tick: Tick(100), own: Some(slot(0)), ..default() };
    before.crafts[0] = craft_at(0.0, 0.0);
    before.crafts[1] = craft_at(60.0, 0.0);
    let now = Glance { tick: Tick(101), ..before.clone() };
    (before, now)
}

fn spark(owner: u8, x: f32, fades: u32) -> Spark {
    let velocity = Vec2::new(860.0, 0.0);
    Spark { id: 1, owner: slot(owner), position: Vec2::new(x, 0.0), velocity, fades: Tick(fades) }
}

#[test]
fn nothing_happens_between_equal_glances_or_different_matches() {
    let (before, mut now) = two_glances();
    assert_eq!(between(&before, &now, &rules()), []);
    now.match_no = Some(2);
    now.crafts[5] = craft_at(300.0, 0.0);
    assert_eq!(between(&before, &now, &rules()), []);
}

#[test]
fn a_gem_that_is_gone_was_taken_by_whoever_gained() {
    let (mut before, mut now) = two_glances();
    before.gems = vec![gem(7, GemKind::Field, 4)];
    now.scores[1].gems = 1;
    now.scores[1].points = 8;
    let happenings = between(&before, &now, &rules());
    assert!(matches!(happenings[..], [Happening::Taken { gem: 7, points: 8, .. }]), "{happenings:?}");
    now.scores[1].gems = 0;
    assert_eq!(between(&before, &now, &rules()), [], "a gem that merely faded or was never there makes no burst");
}

#[test]
fn a_spark_that_is_gone_hit_the_craft_in_its_way() {
    let (mut before, mut now) = two_glances();
    before.sparks = vec![spark(0, 20.0, 120)];
    before.scores[1].points = 20;
    now.scores[1].points = 14;
    let happenings = between(&before, &now, &rules());
    assert!(matches!(happenings[..], [Happening::Hit { lost: 6, .. }]), "{happenings:?}");
}

#[test]
fn a_spark_that_is_gone_in_the_open_was_a_wrong_guess() {
    let (mut before, now) = two_glances();
    before.sparks = vec![spark(1, 300.0, 120)];
    assert_eq!(between(&before, &now, &rules()), []);
    before.sparks = vec![spark(1, 790.0, 120)];
    assert!(matches!(between(&before, &now, &rules())[..], [Happening::Fizzled { .. }]));
}

#[test]
fn a_dash_and_a_shot_are_seen_and_shown_once() {
    let (before, mut now) = two_glances();
    now.crafts[1] =
        Some(CraftGlance { dash_ready: Tick(142), velocity: Vec2::X, ..now.crafts[1].expect("it is there") });
    now.sparks = vec![spark(0, 15.0, 127)];
    let happenings = between(&before, &now, &rules());
    assert_eq!(happenings.len(), 2, "{happenings:?}");
    let mut seen = Seen::default();
    assert_eq!(seen.only_new(happenings.clone(), true).len(), 2);
    assert_eq!(seen.only_new(happenings.clone(), false).len(), 0);
    assert_eq!(seen.only_new(happenings, true).len(), 2);
}
