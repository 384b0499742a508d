//! The menu: name, server, room code, and all ways into a match.

mod resume_prompt;

use bevy::{
    input_focus::{FocusCause, InputFocus},
    prelude::*,
    text::{EditableText, FontCx},
};
use framehouse_shared::{ids::RoomCode, protocol::messages::NAME_CHARS_MAX};

use super::Screen;
use crate::{
    actions::{Action, HandleActions},
    fonts::has_letters,
    palette::{TEXT, TEXT_MUTED},
    session::{JoinTarget, ResumePrompt, Session},
    settings::{Settings, is_name},
    texts::{Language, T},
    ui::{
        Field, Kind, Kit,
        toast::{Toast, ToastKind},
    },
    view::GameView,
};

/// Maximum number of characters of a server address.
const SERVER_CHARS_MAX: usize = 120;

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(resume_prompt::plugin);
    app.add_systems(OnEnter(Screen::Menu), spawn);
    // After the screen is entered: at start the window itself takes the focus a little later.
    app.add_systems(
        Update,
        focus_name.before(HandleActions).run_if(in_state(Screen::Menu).and_then(state_changed::<Screen>)),
    );
    app.add_systems(Update, take_fields.in_set(HandleActions));
    let systems = (handle_actions, leave_menu).chain().in_set(HandleActions);
    app.add_systems(Update, systems.run_if(in_state(Screen::Menu)));
    app.add_systems(Startup, check_letters);
}

fn spawn(mut commands: Commands, kit: Kit, view: Res<GameView>) {
    let (settings, about) = (kit.settings().clone(), view.about());
    commands.spawn(kit.screen(Screen::Menu)).with_children(|screen| {
        screen.spawn(kit.card(470.0)).with_children(|card| {
            card.spawn((kit.strong(kit.say(about.title), 42.0, TEXT), bevy::text::LetterSpacing::Px(2.0)));
            card.spawn((
                kit.words(kit.say(about.how_to_play), 15.0, TEXT_MUTED),
                Node { margin: UiRect::bottom(px(8)), ..default() },
            ));
            for (text, field, value, chars_max) in [
                (T::Name, Field::Name, settings.name.as_str(), NAME_CHARS_MAX),
                (T::Server, Field::Server, settings.server.as_str(), SERVER_CHARS_MAX),
            ] {
                card.spawn(kit.words(kit.say(text), 14.0, TEXT_MUTED));
                card.spawn(Node::default()).with_child(kit.field(field, value, chars_max));
            }
            spawn_button_row(card, &kit);
        });
    });
}

fn spawn_button_row(card: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    let row = || Node { margin: UiRect::top(px(4)), ..kit.row(11.0) };
    let buttons = |row: &mut ChildSpawnerCommands<'_>, of: &[(Action, T, Kind)]| {
        for (action, text, kind) in of.iter().cloned() {
            row.spawn(kit.button(action, kit.say(text), kind));
        }
    };
    card.spawn(Node { margin: UiRect::top(px(10)), ..row() }).with_children(|row| {
        buttons(row, &[(Action::QuickMatch, T::QuickMatch, Kind::Main), (Action::Practice, T::Practice, Kind::Plain)]);
    });
    card.spawn(row()).with_children(|row| {
        buttons(
            row,
            &[(Action::CreateRoom, T::CreateRoom, Kind::Plain), (Action::Browse, T::BrowseRooms, Kind::Plain)],
        );
    });
    card.spawn(kit.words(kit.say(T::RoomCode), 14.0, TEXT_MUTED));
    card.spawn(kit.row(11.0)).with_children(|row| {
        row.spawn(kit.field(Field::Code, "", RoomCode::CHARS_MAX));
        row.spawn(kit.small_button(Action::JoinCode, kit.say(T::Join), Kind::Plain));
        row.spawn(kit.small_button(Action::WatchCode, kit.say(T::Watch), Kind::Plain));
    });
    card.spawn(row()).with_children(|row| {
        let quiet = |action, text| (action, text, Kind::Quiet);
        buttons(
            row,
            &[
                quiet(Action::OpenSettings, T::Settings),
                quiet(Action::OpenReplays, T::Replays),
                quiet(Action::OpenLeaderboards, T::Leaderboards),
                quiet(Action::Quit, T::Quit),
            ],
        );
    });
}

/// Focuses the name field, unless the resume prompt has the focus.
fn focus_name(resume_prompt: Res<ResumePrompt>, mut focus: ResMut<InputFocus>, fields: Query<(Entity, &Field)>) {
    if resume_prompt.0.is_none()
        && let Some((name, _)) = fields.iter().find(|(_, field)| **field == Field::Name)
    {
        focus.set(name, FocusCause::Navigated);
    }
}

/// Saves the fields in the settings as they are typed.
fn take_fields(mut settings: ResMut<Settings>, fields: Query<(&Field, &EditableText), Changed<EditableText>>) {
    for (field, text) in &fields {
        let value = text.value().to_string();
        match field {
            Field::Name if settings.name != value => settings.name = value,
            Field::Server if settings.server != value => settings.server = value,
            _ => {}
        }
    }
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    fields: Query<(&Field, &EditableText)>,
    mut toasts: MessageWriter<Toast>,
    mut exit: MessageWriter<AppExit>,
) {
    for action in actions.read() {
        let target = match action {
            Action::QuickMatch => JoinTarget::Quick,
            Action::CreateRoom => JoinTarget::Create,
            Action::Practice => JoinTarget::Practice,
            Action::JoinCode | Action::WatchCode => match typed_code(&fields) {
                Some(code) if *action == Action::JoinCode => JoinTarget::Join(code),
                Some(code) => JoinTarget::Watch(code),
                None => {
                    toasts.write(Toast::new(ToastKind::Bad, T::BadCode));
                    continue;
                }
            },
            Action::Quit => {
                exit.write(AppExit::Success);
                continue;
            }
            _ => continue,
        };
        if is_name(&settings.name) {
            session.begin(target, &settings, time.elapsed());
        } else {
            toasts.write(Toast::new(ToastKind::Bad, T::BadName));
        }
    }
}

fn typed_code(fields: &Query<(&Field, &EditableText)>) -> Option<RoomCode> {
    let (_, text) = fields.iter().find(|(field, _)| **field == Field::Code)?;
    text.value().to_string().parse().ok()
}

fn leave_menu(mut actions: MessageReader<Action>, mut next: ResMut<NextState<Screen>>) {
    for action in actions.read() {
        match action {
            Action::Browse => next.set(Screen::Browser),
            Action::OpenSettings => next.set(Screen::Settings),
            Action::OpenReplays => next.set(Screen::Replays),
            Action::OpenLeaderboards => next.set(Screen::Leaderboards),
            _ => {}
        }
    }
}

/// Falls back to English if the letters of the chosen language are missing.
fn check_letters(mut settings: ResMut<Settings>, mut fonts: ResMut<FontCx>, mut toasts: MessageWriter<Toast>) {
    if !has_letters(&mut fonts, settings.language) {
        toasts.write(Toast::with(ToastKind::Bad, T::NoLetters, settings.language.name()));
        settings.language = Language::ENGLISH;
    }
}
