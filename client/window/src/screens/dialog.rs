//! Dialogs in front of a screen: the menu of a match, the wait for a reconnect, and the report of a player.

use bevy::{
    input_focus::{AutoFocus, InputFocus, tab_navigation::TabGroup},
    prelude::*,
};
use framehouse_client::client::Client;
use framehouse_shared::{
    ids::Slot,
    protocol::messages::{HostCommand, Phase},
};

use super::{Screen, report};
use crate::{
    actions::{Action, HandleActions},
    easing::swing,
    palette::{TEXT, TEXT_MUTED, WARN},
    session::Session,
    texts::T,
    ui::{
        Kind, Kit, layer,
        redraw::{Redraw, Shown},
    },
};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Dialog>();
    app.add_systems(Startup, spawn);
    for screen in [Screen::Lobby, Screen::Match, Screen::Results] {
        app.add_systems(OnExit(screen), close);
    }
    app.add_systems(Update, handle_actions.in_set(HandleActions));
    app.add_systems(Update, (show, count_down).chain().after(HandleActions));
}

/// The open dialog.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialog {
    /// None.
    #[default]
    None,
    /// The menu of the match.
    Pause,
    /// The report of the player in a seat.
    Report(Slot),
}

#[derive(Component)]
struct Front;

/// The text with the seconds until the seat is gone.
#[derive(Component)]
struct Seconds;

/// What the player can do to end the match for all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Nothing,
    /// End it, or ask the others to end it.
    Order(T),
    /// Answer the host.
    Answer,
}

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Nothing,
    Pause {
        can_give_up: bool,
        ending: Ending,
    },
    Reconnecting,
    /// The name of the player that is reported.
    Report(String),
}

fn spawn(mut commands: Commands) {
    let node = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        height: percent(100),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        ..default()
    };
    let front = (Front, node, GlobalZIndex(layer::DIALOG), TabGroup::modal(), Shown::<Content>(None));
    commands.spawn((front, BackgroundColor(Color::NONE), Visibility::Hidden));
}

fn close(mut dialog: ResMut<Dialog>) {
    *dialog = Dialog::None;
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    screen: Res<State<Screen>>,
    time: Res<Time<Real>>,
    mut dialog: ResMut<Dialog>,
    mut session: ResMut<Session>,
) {
    let is_lost = session.seconds_to_reconnect(time.elapsed()).is_some();
    if *screen.get() != Screen::Match && !is_lost {
        return;
    }
    for action in actions.read() {
        match action {
            Action::Back if is_lost => session.leave(time.elapsed()),
            Action::Back => *dialog = if *dialog == Dialog::Pause { Dialog::None } else { Dialog::Pause },
            Action::Resume => *dialog = Dialog::None,
            Action::Leave => session.leave(time.elapsed()),
            Action::GiveUp | Action::EndMatch | Action::Vote(_) => {
                if let Some(client) = session.room() {
                    match action {
                        Action::GiveUp => client.give_up(),
                        Action::Vote(agrees) => client.vote(*agrees),
                        _ => client.order(HostCommand::Abort),
                    }
                }
                *dialog = Dialog::None;
            }
            _ => {}
        }
    }
}

fn content(session: &Session, dialog: Dialog, is_lost: bool) -> Content {
    match (dialog, session.client()) {
        _ if is_lost => Content::Reconnecting,
        (Dialog::Pause, Some(client)) => Content::Pause { can_give_up: !client.is_watching(), ending: ending(client) },
        (Dialog::Report(slot), Some(client)) => report::name_of(client, slot).map_or(Content::Nothing, Content::Report),
        _ => Content::Nothing,
    }
}

fn ending(client: &Client) -> Ending {
    let is_running = matches!(client.phase(), Some(Phase::Playing { .. }));
    match client.abort_vote() {
        Some(_) if client.is_asked() => Ending::Answer,
        None if client.is_host() => Ending::Order(if is_running { T::AskToEnd } else { T::EndMatch }),
        _ => Ending::Nothing,
    }
}

fn show(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    dialog: Res<Dialog>,
    screen: Res<State<Screen>>,
    time: Res<Time<Real>>,
    mut focus: ResMut<InputFocus>,
    mut front: Single<(Entity, &mut Shown<Content>, &mut Visibility, &mut BackgroundColor), With<Front>>,
) {
    let is_lost = session.seconds_to_reconnect(time.elapsed()).is_some();
    let content = content(&session, *dialog, is_lost);
    let (entity, shown, visibility, background) = &mut *front;
    let is_shown = content != Content::Nothing;
    let is_new = redraw.part(*entity, shown, content, |front, content| match content {
        Content::Nothing => {}
        Content::Pause { can_give_up, ending } => spawn_pause(front, &kit, *can_give_up, *ending),
        Content::Reconnecting => spawn_reconnecting(front, &kit),
        Content::Report(name) => report::spawn(front, &kit, name),
    });
    if !is_new {
        return;
    }
    // The screen after the match sets its own focus.
    if is_shown || *screen.get() == Screen::Match {
        focus.clear();
    }
    visibility.set_if_neq(if is_shown { Visibility::Inherited } else { Visibility::Hidden });
    background.0 = Color::srgba(0.01, 0.02, 0.05, if is_shown { 0.6 } else { 0.0 });
}

fn spawn_pause(front: &mut ChildSpawnerCommands<'_>, kit: &Kit, can_give_up: bool, ending: Ending) {
    front.spawn(kit.card(400.0)).with_children(|card| {
        card.spawn(kit.strong(kit.say(T::Paused), 26.0, TEXT));
        card.spawn(kit.words(kit.say(T::PausedWhy), 15.0, TEXT_MUTED));
        card.spawn(kit.row(0.0)).with_child((kit.button(Action::Resume, kit.say(T::Resume), Kind::Main), AutoFocus));
        let mut button = |action: Action, text: T, kind: Kind| {
            card.spawn(kit.row(0.0)).with_child(kit.button(action, kit.say(text), kind));
        };
        if can_give_up {
            button(Action::GiveUp, T::GiveUp, Kind::Plain);
        }
        match ending {
            Ending::Nothing => {}
            Ending::Order(text) => button(Action::EndMatch, text, Kind::Plain),
            Ending::Answer => {
                button(Action::Vote(true), T::VoteAgree, Kind::Plain);
                button(Action::Vote(false), T::VoteRefuse, Kind::Plain);
            }
        }
        button(Action::Leave, T::LeaveRoom, Kind::Danger);
    });
}

fn spawn_reconnecting(front: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    front.spawn(kit.card(460.0)).insert(BorderColor::all(WARN.with_alpha(0.7))).with_children(|card| {
        card.spawn(kit.strong(kit.say(T::Reconnecting), 28.0, TEXT));
        card.spawn(kit.words(kit.say(T::ReconnectingWhy), 16.0, TEXT_MUTED));
        card.spawn((kit.strong("", 54.0, WARN), Seconds, TextLayout::justify(Justify::Center)));
        let leave = kit.button(Action::Leave, kit.say(T::LeaveRoom), Kind::Plain);
        card.spawn(kit.row(0.0)).with_child((leave, AutoFocus));
    });
}

fn count_down(
    kit: Kit,
    time: Res<Time<Real>>,
    session: Res<Session>,
    mut seconds: Query<(&mut Text, &mut TextColor), With<Seconds>>,
) {
    let Some(left) = session.seconds_to_reconnect(time.elapsed()) else { return };
    for (mut text, mut color) in &mut seconds {
        let words = kit.fill(T::SecondsLeft, &[&left.to_string()]);
        if text.0 != words {
            text.0 = words;
        }
        color.0 = WARN.mix(&TEXT, 0.2 + 0.2 * swing(time.elapsed_secs_wrapped()));
    }
}
