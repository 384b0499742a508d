//! The resume prompt: offers, after a crash or a restart, to return to the room.

use bevy::{
    input_focus::{AutoFocus, tab_navigation::TabGroup},
    prelude::*,
};

use super::super::Screen;
use crate::{
    actions::{Action, HandleActions},
    palette::{TEXT, TEXT_MUTED, WARN},
    session::{JoinTarget, ResumePrompt, Session},
    settings::Settings,
    texts::T,
    ui::{Kind, Kit, layer},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Screen::Menu), spawn);
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Menu)));
    let renew =
        renew.after(HandleActions).run_if(in_state(Screen::Menu)).run_if(resource_exists_and_changed::<ResumePrompt>);
    app.add_systems(Update, renew);
}

#[derive(Component)]
struct Question;

fn spawn(mut commands: Commands, kit: Kit, resume_prompt: Res<ResumePrompt>) {
    let Some(saved_seat) = &resume_prompt.0 else { return };
    let shade = BackgroundColor(Color::srgba(0.01, 0.02, 0.05, 0.7));
    let title = kit.fill(T::ResumeTitle, &[saved_seat.code.as_str()]);
    let mut front = commands.spawn((kit.screen(Screen::Menu), Question));
    front.insert((shade, TabGroup::modal(), GlobalZIndex(layer::DIALOG), Pickable::default())).with_children(|front| {
        front.spawn(kit.card(460.0)).insert(BorderColor::all(WARN.with_alpha(0.7))).with_children(|card| {
            card.spawn(kit.strong(&title, 26.0, TEXT));
            card.spawn(kit.words(kit.say(T::ResumeWhy), 16.0, TEXT_MUTED));
            card.spawn(Node { margin: UiRect::top(px(8)), ..kit.row(11.0) }).with_children(|row| {
                row.spawn((kit.button(Action::Rejoin, kit.say(T::Rejoin), Kind::Main), AutoFocus));
                row.spawn(kit.button(Action::DeclineRejoin, kit.say(T::NoThanks), Kind::Plain));
            });
        });
    });
}

/// Shows the prompt: at start, the menu is there before the saved seat is found.
fn renew(mut commands: Commands, kit: Kit, resume_prompt: Res<ResumePrompt>, questions: Query<Entity, With<Question>>) {
    questions.iter().for_each(|question| commands.entity(question).despawn());
    spawn(commands, kit, resume_prompt);
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    mut resume_prompt: ResMut<ResumePrompt>,
) {
    for action in actions.read() {
        match action {
            Action::Rejoin => {
                if let Some(saved_seat) = resume_prompt.0.take() {
                    session.begin(JoinTarget::Resume(saved_seat), &settings, time.elapsed());
                }
            }
            Action::DeclineRejoin | Action::Back if resume_prompt.0.is_some() => resume_prompt.0 = None,
            _ => {}
        }
    }
}
