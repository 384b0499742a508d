//! What lies behind every screen but the match: a dark sky of soft lights that drift.

use bevy::prelude::*;
use framehouse_shared::ids::Slot;

use super::layer;
use crate::window::{
    easing::swing,
    palette::{BACKDROP, Palette},
    screens::Screen,
    textures::Art,
};

/// How many lights and gems drift.
const LIGHTS: u8 = 16;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (cover, drift));
}

#[derive(Component)]
struct Backdrop;

/// Where a light is, and how it goes on; all in parts of the window.
#[derive(Component)]
struct Light {
    home: Vec2,
    reach: Vec2,
    pace: f32,
    phase: f32,
}

fn spawn(mut commands: Commands, art: Res<Art>) {
    let stops = vec![
        ColorStop::new(Color::srgb(0.075, 0.11, 0.195), percent(0)),
        ColorStop::new(BACKDROP.mix(&Color::srgb(0.05, 0.07, 0.12), 0.4), percent(58)),
        ColorStop::new(BACKDROP, percent(100)),
    ];
    let sky = RadialGradient::new(UiPosition::CENTER, RadialGradientShape::Ellipse(percent(62), percent(78)), stops);
    let node = Node { width: percent(100), height: percent(100), overflow: Overflow::clip(), ..default() };
    let backdrop = commands
        .spawn((
            Backdrop,
            node,
            GlobalZIndex(layer::BACKDROP),
            BackgroundColor(BACKDROP),
            BackgroundGradient::from(sky),
        ))
        .id();
    for (number, slot) in Slot::all().enumerate().take(usize::from(LIGHTS)) {
        commands.spawn((light(number as f32, Palette::Vivid.accent(slot), &art), ChildOf(backdrop)));
    }
}

/// Every fourth one is a gem; places come from the golden ratio, which spreads them evenly.
fn light(number: f32, color: Color, art: &Art) -> impl Bundle {
    let is_gem = number as u32 % 4 == 3;
    let spread = |ratio: f32| (0.5 + number * ratio).fract();
    let size = if is_gem { 22.0 + 16.0 * spread(0.29) } else { 150.0 + 280.0 * spread(0.37) };
    let alpha = if is_gem { 0.4 } else { 0.03 + 0.045 * spread(0.71) };
    let image = if is_gem { &art.gem } else { &art.glow };
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

/// The match has a floor of its own.
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
