//! The backdrop behind every screen except the match: a dark sky with soft drifting lights and the game's ornament.

use bevy::prelude::*;

use super::layer;
use crate::{
    easing::swing,
    screens::Screen,
    textures::{Art, SIDE, paint},
    view::GameView,
};

/// The part of the middle's colour that is left half way to the edge.
const HALFWAY: f32 = 0.17;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (cover, drift));
}

#[derive(Component)]
struct Backdrop;

/// Position and motion of a light, in fractions of the window.
#[derive(Component)]
struct Light {
    home: Vec2,
    reach: Vec2,
    pace: f32,
    phase: f32,
}

fn spawn(mut commands: Commands, view: Res<GameView>, art: Res<Art>, mut images: ResMut<Assets<Image>>) {
    let looks = view.backdrop();
    let stops = vec![
        ColorStop::new(looks.middle, percent(0)),
        ColorStop::new(looks.edge.mix(&looks.middle, HALFWAY), percent(58)),
        ColorStop::new(looks.edge, percent(100)),
    ];
    let sky = RadialGradient::new(UiPosition::CENTER, RadialGradientShape::Ellipse(percent(62), percent(78)), stops);
    let node = Node { width: percent(100), height: percent(100), overflow: Overflow::clip(), ..default() };
    let backdrop = commands
        .spawn((
            Backdrop,
            node,
            GlobalZIndex(layer::BACKDROP),
            BackgroundColor(looks.edge),
            BackgroundGradient::from(sky),
        ))
        .id();
    let ornament = looks.ornament.map(|look| images.add(paint(UVec2::splat(SIDE), look)));
    let players = view.colors().players;
    for (number, color) in players.into_iter().enumerate().take(usize::from(looks.lights)) {
        commands.spawn((light(number as f32, color, &art.glow, ornament.as_ref()), ChildOf(backdrop)));
    }
}

/// One light; every fourth one is the ornament. Positions follow the golden ratio, which spreads them evenly.
fn light(number: f32, color: Color, glow: &Handle<Image>, ornament: Option<&Handle<Image>>) -> impl Bundle {
    let ornament = ornament.filter(|_| number as u32 % 4 == 3);
    let spread = |ratio: f32| (0.5 + number * ratio).fract();
    let size = if ornament.is_some() { 22.0 + 16.0 * spread(0.29) } else { 150.0 + 280.0 * spread(0.37) };
    let alpha = if ornament.is_some() { 0.4 } else { 0.03 + 0.045 * spread(0.71) };
    let image = ornament.unwrap_or(glow);
    (
        Light {
            home: Vec2::new(spread(0.618_034), spread(0.754_878)),
            reach: Vec2::new(0.03 + 0.05 * spread(0.43), 0.02 + 0.05 * spread(0.57)),
            pace: 0.012 + 0.02 * spread(0.83),
            phase: spread(0.97),
        },
        ImageNode::new(image.clone()).with_color(color.with_alpha(alpha)),
        Node { position_type: PositionType::Absolute, width: px(size), height: px(size), ..default() },
        Pickable::IGNORE,
    )
}

/// Hides the backdrop during a match, which has its own floor.
fn cover(screen: Res<State<Screen>>, mut backdrop: Single<&mut Visibility, With<Backdrop>>) {
    let is_match = screen.get().shows_match();
    backdrop.set_if_neq(if is_match { Visibility::Hidden } else { Visibility::Inherited });
}

fn drift(time: Res<Time<Virtual>>, screen: Res<State<Screen>>, mut lights: Query<(&Light, &mut Node)>) {
    if screen.get().shows_match() {
        return;
    }
    let seconds = time.elapsed_secs_wrapped();
    for (light, mut node) in &mut lights {
        let turn = light.phase + seconds * light.pace;
        let place = light.home + light.reach * Vec2::new(swing(turn), swing(turn * 1.31 + 0.25));
        node.left = percent(100.0 * place.x - 6.0);
        node.top = percent(100.0 * place.y - 10.0);
    }
}
