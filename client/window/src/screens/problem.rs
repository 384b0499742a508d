//! The problem screen: one sentence about an error, and buttons to continue.

use bevy::{
    input_focus::{FocusCause, InputFocus},
    prelude::*,
};

use super::Screen;
use crate::{
    actions::{Action, HandleActions},
    palette::{BAD, TEXT, TEXT_MUTED},
    session::{Problem, Session},
    settings::Settings,
    texts::T,
    ui::{Kind, Kit},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Screen::Problem), (spawn, focus_first).chain());
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Problem)));
}

fn spawn(mut commands: Commands, kit: Kit, session: Res<Session>) {
    let Problem { title, sentence, can_try_again } = session.problem().cloned().unwrap_or_default();
    commands.spawn(kit.screen(Screen::Problem)).with_children(|screen| {
        screen.spawn(kit.card(560.0)).insert(BorderColor::all(BAD.with_alpha(0.6))).with_children(|card| {
            card.spawn(kit.strong(&title, 30.0, TEXT));
            card.spawn((kit.words(&sentence, 17.0, TEXT_MUTED), Node { margin: UiRect::bottom(px(12)), ..default() }));
            card.spawn(kit.row(11.0)).with_children(|row| {
                let first = if can_try_again { Kind::Plain } else { Kind::Main };
                if can_try_again {
                    row.spawn(kit.button(Action::TryAgain, kit.say(T::TryAgain), Kind::Main));
                }
                row.spawn(kit.button(Action::Back, kit.say(T::ToMenu), first));
            });
        });
    });
}

fn focus_first(mut focus: ResMut<InputFocus>, buttons: Query<(Entity, &Action)>) {
    let find = |wanted: Action| buttons.iter().find(|(_, action)| **action == wanted).map(|(entity, _)| entity);
    if let Some(button) = find(Action::TryAgain).or_else(|| find(Action::Back)) {
        focus.set(button, FocusCause::Navigated);
    }
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
) {
    for action in actions.read() {
        match action {
            Action::TryAgain => session.try_again(&settings, time.elapsed()),
            Action::Back => session.leave(time.elapsed()),
            _ => {}
        }
    }
}
