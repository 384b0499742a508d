//! Overlay before a match: a sentence about the wait, and the countdown.

use bevy::{prelude::*, ui::UiTransform};
use framehouse_client::client::Client;
use framehouse_shared::protocol::messages::Phase;

use super::{Stage, across_field, panel};
use crate::{
    easing::{approach, ease_out},
    fonts::Fonts,
    layout::EDGE,
    palette::TEXT,
    session::Session,
    settings::Settings,
    texts::T,
    view::Draw,
};

/// Duration of the word for the start, in seconds.
const GO_SECONDS: f64 = 0.6;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_cover);
    app.add_systems(Update, (tell, dim, swell).chain().in_set(Draw));
}

/// The text of the overlay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Words {
    #[default]
    Nothing,
    /// A sentence on a card.
    Card(T),
    /// A number that fills the field.
    Seconds(u32),
    Go,
}

impl Words {
    const fn darkness(self) -> f32 {
        match self {
            Self::Nothing | Self::Go => 0.0,
            Self::Seconds(_) => 0.25,
            Self::Card(_) => 0.4,
        }
    }
}

/// The layer over the field.
#[derive(Component, Default)]
struct Cover {
    shown: Words,
    darkness: f32,
}

/// An element that swells when it appears.
#[derive(Component)]
struct Swelling(f32);

fn spawn_cover(mut commands: Commands, stage: Single<Entity, With<Stage>>) {
    let node = Node {
        top: px(EDGE.min_inset.y),
        bottom: px(EDGE.max_inset.y),
        align_items: AlignItems::Center,
        border_radius: BorderRadius::all(px(12)),
        ..across_field()
    };
    commands.entity(*stage).with_child((Cover::default(), node, BackgroundColor(Color::NONE), Pickable::IGNORE));
}

fn words(client: Option<&Client>) -> Words {
    let Some(client) = client else { return Words::Nothing };
    match client.phase() {
        Some(Phase::Loading { .. }) => Words::Card(T::Loading),
        Some(Phase::Countdown { .. }) => countdown(seconds_since_start(client)),
        Some(Phase::Playing { .. }) if client.simulation().is_none() => Words::Card(T::MatchOnItsWay),
        Some(Phase::Playing { .. }) => countdown(seconds_since_start(client).map(|seconds| seconds.max(0.0))),
        _ => Words::Nothing,
    }
}

fn seconds_since_start(client: &Client) -> Option<f64> {
    Some(client.clock().room_time()? / f64::from(client.tick_rate()?))
}

fn countdown(seconds_since_start: Option<f64>) -> Words {
    match seconds_since_start {
        None => Words::Card(T::Loading),
        Some(seconds) if seconds < 0.0 => Words::Seconds((-seconds).ceil() as u32),
        Some(seconds) if seconds < GO_SECONDS => Words::Go,
        Some(_) => Words::Nothing,
    }
}

fn tell(
    mut commands: Commands,
    session: Res<Session>,
    settings: Res<Settings>,
    fonts: Res<Fonts>,
    mut cover: Single<(Entity, &mut Cover)>,
) {
    let words = words(session.client());
    let (entity, cover) = &mut *cover;
    if cover.shown == words {
        return;
    }
    cover.shown = words;
    commands.entity(*entity).despawn_children();
    let shadow = TextShadow::default();
    let big = |words: String| (Text::new(words), fonts.bold(150.0), TextColor(TEXT), shadow, Pickable::IGNORE);
    let swelling = (Swelling(0.0), UiTransform::default());
    match words {
        Words::Nothing => {}
        Words::Seconds(seconds) => drop(commands.entity(*entity).with_child((swelling, big(seconds.to_string())))),
        Words::Go => drop(commands.entity(*entity).with_child((swelling, big(settings.say(T::Go).to_owned())))),
        Words::Card(text) => {
            let node = Node {
                padding: UiRect::axes(px(34), px(22)),
                border: px(1).all(),
                border_radius: BorderRadius::all(px(16)),
                ..default()
            };
            let words = (Text::new(settings.say(text)), fonts.bold(24.0 * settings.text_scale), TextColor(TEXT));
            commands.entity(*entity).with_child((swelling, node, panel(), children![(words, Pickable::IGNORE)]));
        }
    }
}

/// Darkens the field behind the text.
fn dim(time: Res<Time<Real>>, mut cover: Single<(&mut Cover, &mut BackgroundColor)>) {
    let (cover, background) = &mut *cover;
    cover.darkness = approach(cover.darkness, cover.shown.darkness(), 6.0, time.delta_secs().min(0.25));
    background.set_if_neq(BackgroundColor(Color::srgba(0.02, 0.03, 0.06, cover.darkness)));
}

fn swell(time: Res<Time<Real>>, mut swelling: Query<(&mut Swelling, &mut UiTransform)>) {
    for (mut swelling, mut transform) in swelling.iter_mut().filter(|(swelling, _)| swelling.0 < 1.0) {
        swelling.0 = (swelling.0 + time.delta_secs() * 3.5).min(1.0);
        transform.scale = Vec2::splat(0.86 + 0.14 * ease_out(swelling.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_countdown_counts_whole_seconds_and_goes() {
        let seen = [-2.99, -2.0, -0.01, 0.1, 0.7].map(|seconds| countdown(Some(seconds)));
        assert_eq!(seen, [Words::Seconds(3), Words::Seconds(2), Words::Seconds(1), Words::Go, Words::Nothing]);
        assert_eq!(countdown(None), Words::Card(T::Loading));
    }
}
