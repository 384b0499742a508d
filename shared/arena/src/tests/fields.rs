//! Tests: every value that a component's hash covers is named when two states differ.

use framehouse_shared::{
    fields::{FieldDifference, differences},
    room_state::RoomSnapshot,
};

use super::*;
use crate::{pickups::Pickups, projectiles::Projectiles, scoring::Scores};

/// A state of a match in which every component has content.
fn state() -> Vec<u8> {
    let mut simulation = opened(3, 4);
    let fire = ArenaInput { fire: true, ..default() };
    (0..60).for_each(|_| step_with(&mut simulation, &[(0, fire), (1, fire)]));
    simulation.encode()
}

/// First component that differs after this change, and its differing fields.
fn told(change: impl FnOnce(&mut EntityWorldMut)) -> (&'static str, Vec<FieldDifference>) {
    let state = state();
    let [mut good, mut bad] = [(), ()].map(|()| {
        let mut simulation = Simulation::new(ArenaPlugin);
        simulation.decode(&state).expect("our own state");
        simulation
    });
    change(&mut bad.room_mut());
    let differ = |index: &usize| fields(&good, *index) != fields(&bad, *index);
    let index = (0..good.states().count()).find(differ).expect("something differs");
    let found = differences(&fields(&good, index), &fields(&bad, index));
    let hashes = [&mut good, &mut bad].map(|simulation| {
        step_with(simulation, &[]);
        simulation.hashes()
    });
    assert_ne!(hashes[0], hashes[1], "what is listed is hashed, too");
    (good.states().name(index), found)
}

fn fields(simulation: &Simulation, index: usize) -> Vec<framehouse_shared::fields::Field> {
    let mut snapshot = RoomSnapshot::default();
    simulation.save(&mut snapshot);
    simulation.states().digest(&snapshot).fields(index)
}

fn named(found: &[FieldDifference]) -> Vec<(Option<u8>, &str)> {
    found.iter().map(|found| (found.slot.map(u8::from), found.field.as_str())).collect()
}

#[test]
fn one_changed_field_is_named_with_its_slot_and_both_values() {
    let (component, found) = told(|room| {
        room.get_mut::<Bodies>().expect("bodies").craft_mut(slot(2)).expect("a craft").dash_ready = Tick(777);
    });
    assert_eq!((component, named(&found)), ("bodies", vec![(Some(2), "dash_ready")]));
    assert_eq!((found[0].server.as_deref(), found[0].client.as_deref()), (Some("0"), Some("777")));
    let (component, found) = told(|room| room.get_mut::<Scores>().expect("scores").of_mut(slot(1)).gems += 1);
    assert_eq!((component, named(&found)), ("scores", vec![(Some(1), "gems")]));
}

#[test]
fn a_body_a_spark_and_a_gem_are_named_too() {
    let (component, found) = told(|room| room.get_mut::<Bodies>().expect("bodies").set_velocity(slot(3), Vec2::X));
    assert_eq!((component, named(&found)[0]), ("bodies", (Some(3), "velocity.x")));
    let (component, found) = told(|room| {
        let spark = &mut room.get_mut::<Projectiles>().expect("sparks").sparks[0];
        (spark.id, spark.position.y) = (7, 5.0);
    });
    assert_eq!((component, named(&found).contains(&(Some(0), "sparks[7].position.y"))), ("projectiles", true));
    let (component, found) = told(|room| {
        room.get_mut::<Pickups>().expect("gems").gems.remove(0);
    });
    assert_eq!((component, named(&found)[0], found[1].client.as_deref()), ("pickups", (None, "gems.len"), None));
}

#[test]
fn every_component_lists_its_fields() {
    let simulation = opened(3, 2);
    let silent: Vec<_> =
        (0..simulation.states().count()).filter(|index| fields(&simulation, *index).is_empty()).collect();
    assert_eq!(silent, [] as [usize; 0]);
}
