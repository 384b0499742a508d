//! The start of the program: shows the menu, or the command line's target.

use bevy::prelude::*;

use super::Screen;
use crate::{args::Args, session::Session, settings::Settings};

/// Starts the command line's target, once.
pub struct StartPlugin(pub Args);

#[derive(Resource)]
struct Begin(Args);

impl Plugin for StartPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Begin(self.0.clone()));
        app.add_systems(PostStartup, begin);
    }
}

fn begin(
    begin: Res<Begin>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    mut next: ResMut<NextState<Screen>>,
) {
    if let Some(target) = begin.0.target() {
        session.begin(target, &settings, time.elapsed());
    }
    if let Some(file) = &begin.0.replay {
        session.show_replay(file.clone(), &settings, time.elapsed());
    }
    if let Some(screen) = begin.0.screen.filter(|screen| screen.needs_no_session()) {
        next.set(screen);
    }
}
