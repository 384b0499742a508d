//! View of the tiny game: one action, its own words and accent colour, and the presses of every seat as a line of text.

use bevy::prelude::*;
use framehouse_client::client::InputRequest;
use framehouse_shared::input::Input;
use framehouse_tiny::{PRESS, Presses};
use framehouse_window::{
    controls::Controls,
    keys::InputAction,
    palette::{Colors, rgb},
    texts::Words,
    view::{About, Draw, MatchView, View},
};

/// View of the tiny game.
#[derive(Clone, Copy, Debug)]
pub struct TinyView;

/// The only action.
const BUTTON: InputAction =
    InputAction::new("press", Words::translated("Press the button", &[("chinese", "按下按钮")])).key(KeyCode::KeyP);

#[derive(Component)]
struct Tally;

impl View for TinyView {
    fn about(&self) -> About {
        let how = Words::translated("The player with the most presses wins.", &[("chinese", "按得最多的人获胜。")]);
        let about = About::new("tiny", "Tiny").how_to_play(how).program("tiny-client", "0.1.0");
        about.points(Words::translated("Presses", &[("chinese", "按键次数")])).help("Plays the tiny game.", "")
    }

    fn field(&self) -> Vec2 {
        Vec2::new(16.0, 9.0)
    }

    fn actions(&self) -> Vec<InputAction> {
        vec![BUTTON]
    }

    fn input(&self, controls: &Controls, _: &InputRequest<'_>) -> Input {
        if controls.was_pressed(&BUTTON, 1) { PRESS } else { Input::NEUTRAL }
    }

    fn colors(&self) -> Colors {
        Colors { accent: rgb(0xe86a33), ..Colors::default() }
    }

    fn build(&self, app: &mut App) {
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
