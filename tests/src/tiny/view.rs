//! The tiny game's view: the presses of every seat as a line of words, and one key.

use bevy::prelude::*;
use framehouse_client::window::{
    keys::Deed,
    view::{Draw, GameView, MatchView},
};
use framehouse_shared::input::Input;

use super::{PRESS, Presses};

/// The view.
#[derive(Clone, Copy, Debug)]
pub struct TinyView;

#[derive(Component)]
struct Tally;

impl Plugin for TinyView {
    fn build(&self, app: &mut App) {
        app.insert_resource(GameView::new(Vec2::new(16.0, 9.0), |controls, _| {
            if controls.was_pressed(Deed::Fire, 1) { PRESS } else { Input::NEUTRAL }
        }));
        app.add_systems(Startup, spawn_tally);
        app.add_systems(Update, show_presses.in_set(Draw));
    }
}

fn spawn_tally(mut commands: Commands) {
    commands.spawn((Tally, Text::default()));
}

fn show_presses(seen: MatchView, mut text: Single<&mut Text, With<Tally>>) {
    text.0 = seen.get::<Presses>().map_or_else(String::new, |presses| format!("presses {:?}", presses.count));
}
