//! The time bar of a running match that the player only watches, with a button back to the present.

use bevy::{input_focus::tab_navigation::TabGroup, prelude::*};

use super::{Dialog, Screen};
use crate::{
    actions::{Action, HandleActions},
    session::Session,
    texts::T,
    ui::{
        Kind, Kit, layer,
        redraw::{Redraw, Shown},
        time_bar::{self, ShowTimeBar, TimeBar},
    },
};

/// The key that returns to the present.
const LIVE_KEY: KeyCode = KeyCode::KeyL;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, read_key.before(HandleActions).run_if(in_state(Screen::Match)));
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Match)));
    app.add_systems(Update, show_live.after(HandleActions).in_set(ShowTimeBar));
    app.add_systems(Update, come_and_go.after(HandleActions).after(ShowTimeBar));
}

/// The time bar.
#[derive(Component)]
struct RewindBar;

/// The button that returns to the present, highlighted while the past is shown.
#[derive(Component)]
struct LiveSpot;

fn read_key(
    keys: Res<ButtonInput<KeyCode>>,
    dialog: Res<Dialog>,
    session: Res<Session>,
    mut actions: MessageWriter<Action>,
) {
    let is_past = session.moment().is_some_and(|moment| !moment.is_live);
    if keys.just_pressed(LIVE_KEY) && *dialog == Dialog::None && is_past {
        actions.write(Action::Live);
    }
}

fn handle_actions(mut actions: MessageReader<Action>, mut session: ResMut<Session>) {
    if actions.read().any(|action| *action == Action::Live) {
        session.return_to_live();
    }
}

fn come_and_go(
    mut commands: Commands,
    kit: Kit,
    session: Res<Session>,
    screen: Res<State<Screen>>,
    mut bar: ResMut<TimeBar>,
    shown: Query<Entity, With<RewindBar>>,
) {
    let moment = session.moment().filter(|_| *screen.get() == Screen::Match);
    match (moment, shown.single()) {
        (None, Ok(entity)) => commands.entity(entity).despawn(),
        (Some(moment), Err(_)) => {
            *bar = TimeBar::default();
            let root = (RewindBar, TabGroup::new(0), GlobalZIndex(layer::SCREEN), Pickable::IGNORE);
            commands.spawn((root, time_bar::place())).with_children(|place| {
                place.spawn(time_bar::panel()).with_children(|row| {
                    time_bar::spawn_parts(row, &kit, &moment);
                    row.spawn((LiveSpot, kit.row(0.0), Shown::<bool>(None)));
                });
            });
        }
        _ => {}
    }
}

fn show_live(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    mut spots: Query<(Entity, &mut Shown<bool>), With<LiveSpot>>,
) {
    let is_live = session.moment().is_none_or(|moment| moment.is_live);
    for (entity, mut shown) in &mut spots {
        redraw.part(entity, &mut shown, is_live, |spot, is_live| {
            let kind = if *is_live { Kind::QuietMain } else { Kind::Quiet };
            spot.spawn(kit.small_button(Action::Live, kit.say(T::Live), kind));
        });
    }
}
