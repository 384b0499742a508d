//! After a crash or a restart: the way back into the room, in front of the menu.

use bevy::{
    input_focus::{AutoFocus, tab_navigation::TabGroup},
    prelude::*,
};

use super::super::Screen;
use crate::{
    actions::{Action, Obey},
    palette::{TEXT, TEXT_MUTED, WARN},
    session::{Offer, Session, Wish},
    settings::Settings,
    texts::T,
    ui::{Kind, Kit, layer},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Screen::Menu), spawn);
    app.add_systems(Update, obey.in_set(Obey).run_if(in_state(Screen::Menu)));
    let renew = renew.after(Obey).run_if(in_state(Screen::Menu)).run_if(resource_exists_and_changed::<Offer>);
    app.add_systems(Update, renew);
}

#[derive(Component)]
struct Question;

fn spawn(mut commands: Commands, kit: Kit, offer: Res<Offer>) {
    let Some(ticket) = &offer.0 else { return };
    let shade = BackgroundColor(Color::srgba(0.01, 0.02, 0.05, 0.7));
    let title = kit.fill(T::OfferTitle, &[ticket.code.as_str()]);
    let mut front = commands.spawn((kit.screen(Screen::Menu), Question));
    front.insert((shade, TabGroup::modal(), GlobalZIndex(layer::DIALOG), Pickable::default())).with_children(|front| {
        front.spawn(kit.card(460.0)).insert(BorderColor::all(WARN.with_alpha(0.7))).with_children(|card| {
            card.spawn(kit.strong(&title, 26.0, TEXT));
            card.spawn(kit.words(kit.say(T::OfferWhy), 16.0, TEXT_MUTED));
            card.spawn(Node { margin: UiRect::top(px(8)), ..kit.row(11.0) }).with_children(|row| {
                row.spawn((kit.button(Action::Rejoin, kit.say(T::Rejoin), Kind::Main), AutoFocus));
                row.spawn(kit.button(Action::DeclineRejoin, kit.say(T::NoThanks), Kind::Plain));
            });
        });
    });
}

/// At start the menu is there before the offer is found.
fn renew(mut commands: Commands, kit: Kit, offer: Res<Offer>, questions: Query<Entity, With<Question>>) {
    questions.iter().for_each(|question| commands.entity(question).despawn());
    spawn(commands, kit, offer);
}

fn obey(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    mut offer: ResMut<Offer>,
) {
    for action in actions.read() {
        match action {
            Action::Rejoin => {
                if let Some(ticket) = offer.0.take() {
                    session.begin(Wish::Resume(ticket), &settings, time.elapsed());
                }
            }
            Action::DeclineRejoin | Action::Back if offer.0.is_some() => offer.0 = None,
            _ => {}
        }
    }
}
