//! The screen during connection: progress, elapsed time, and a cancel button.

use bevy::prelude::*;
use framehouse_client::connect::QueuePlace;

use super::Screen;
use crate::{
    actions::{Action, HandleActions},
    easing::{approach, swing},
    palette::{GROOVE, TEXT, TEXT_MUTED},
    session::Session,
    texts::T,
    ui::{Kind, Kit},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Screen::Connecting), spawn);
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Connecting)));
    app.add_systems(Update, (tell, fill_bar).after(HandleActions).run_if(in_state(Screen::Connecting)));
}

#[derive(Component)]
struct Step;

#[derive(Component)]
struct Bar(f32);

fn spawn(mut commands: Commands, kit: Kit) {
    let groove = Node {
        height: px(8),
        margin: UiRect::vertical(px(6)),
        border_radius: BorderRadius::MAX,
        overflow: Overflow::clip(),
        ..default()
    };
    let bar = Node { width: percent(0), height: percent(100), border_radius: BorderRadius::MAX, ..default() };
    commands.spawn(kit.screen(Screen::Connecting)).with_children(|screen| {
        screen.spawn(kit.card(520.0)).with_children(|card| {
            card.spawn(kit.strong(kit.say(T::Connecting), 30.0, TEXT));
            card.spawn((kit.words("", 16.0, TEXT_MUTED), Step));
            card.spawn((groove, BackgroundColor(GROOVE))).with_child((Bar(0.0), bar, BackgroundColor(kit.accent())));
            card.spawn(kit.row(0.0)).with_child(kit.button(Action::Back, kit.say(T::Cancel), Kind::Plain));
        });
    });
}

fn tell(kit: Kit, session: Res<Session>, mut step: Single<&mut Text, With<Step>>) {
    let words = match session.client() {
        None if session.is_opening() => kit.say(T::OpeningReplay).to_owned(),
        None => match session.queue_place() {
            Some(place) => tell_place(&kit, &place),
            None => kit.fill(T::AskingServer, &[session.server()]),
        },
        Some(_) => kit.say(T::EnteringRoom).to_owned(),
    };
    if step.0 != words {
        step.0 = words;
    }
}

/// Place in the queue, and the estimated wait in the largest unit that is not 0.
fn tell_place(kit: &Kit, QueuePlace { place, wait_s, .. }: &QueuePlace) -> String {
    let place = place.to_string();
    match *wait_s {
        None => kit.fill(T::InQueue, &[&place]),
        Some(..60) => kit.fill(T::InQueueSeconds, &[&place]),
        Some(60..90) => kit.fill(T::InQueueMinute, &[&place]),
        Some(seconds) => kit.fill(T::InQueueMinutes, &[&place, &((seconds + 30) / 60).to_string()]),
    }
}

/// Fills a third for the answer, a third for the connection, and the rest for the welcome, with a little constant
/// motion.
fn fill_bar(time: Res<Time<Real>>, session: Res<Session>, mut bar: Single<(&mut Bar, &mut Node)>) {
    let done = match session.client() {
        None => 0.22,
        Some(client) if !client.is_connected() => 0.55,
        Some(_) => 0.9,
    };
    let (bar, node) = &mut *bar;
    bar.0 = approach(bar.0, done, 3.0, time.delta_secs().min(0.1));
    node.width = percent(100.0 * bar.0 + 3.0 * swing(time.elapsed_secs_wrapped() * 0.7));
}

fn handle_actions(mut actions: MessageReader<Action>, time: Res<Time<Real>>, mut session: ResMut<Session>) {
    if actions.read().any(|action| *action == Action::Back) {
        session.leave(time.elapsed());
    }
}
