//! The replay screen: a recorded match, with a time bar.

use bevy::prelude::*;

use super::Screen;
use crate::ui::time_bar::{self, TimeBar};
use crate::{
    actions::{Action, HandleActions},
    session::Session,
    texts::T,
    ui::{Kind, Kit},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Screen::Replay), spawn);
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Replay)));
}

fn spawn(mut commands: Commands, kit: Kit, session: Res<Session>, mut bar: ResMut<TimeBar>) {
    *bar = TimeBar::default();
    let Some(moment) = session.moment() else { return };
    commands.spawn(kit.screen(Screen::Replay)).insert(time_bar::place()).with_children(|screen| {
        screen.spawn(time_bar::panel()).with_children(|row| {
            time_bar::spawn_parts(row, &kit, &moment);
            row.spawn(kit.small_button(Action::Back, kit.say(T::Back), Kind::Quiet));
        });
    });
}

fn handle_actions(mut actions: MessageReader<Action>, time: Res<Time<Real>>, mut session: ResMut<Session>) {
    if actions.read().any(|action| *action == Action::Back) {
        session.leave(time.elapsed());
    }
}
