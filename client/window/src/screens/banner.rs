//! A banner above every screen: the player only watches, the server restarts, a vote runs, or the server is silent.

use std::time::Duration;

use bevy::prelude::*;

use super::Screen;
use crate::{
    actions::HandleActions,
    easing::clock_text,
    palette::{PANEL, TEXT, WARN},
    session::{Session, seconds_left},
    texts::T,
    ui::{
        Kit, layer,
        redraw::{Redraw, Shown},
    },
};

/// Distance from the window's upper edge in a match, in pixels: below the clock.
const TOP_OF_MATCH: f32 = 66.0;
/// The same on other screens, which leave a narrow strip at the edge.
const TOP_OF_SCREEN: f32 = -6.0;
/// Seconds without a datagram after which the banner says so.
const SILENCE_SECONDS: f32 = 2.5;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (place.run_if(state_changed::<Screen>), show.after(HandleActions)));
}

#[derive(Component)]
struct BannerLine;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Banner {
    Nothing,
    Watching,
    Restart {
        /// Whether the player has a match to finish.
        is_playing: bool,
        /// Seconds until the restart at the latest.
        seconds: Option<u64>,
    },
    Vote {
        /// Whether the player has to answer.
        is_asked: bool,
        agreed: u32,
        needed: u8,
        seconds: u64,
    },
    Silent(u32),
}

fn spawn(mut commands: Commands) {
    let line = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        justify_content: JustifyContent::Center,
        ..default()
    };
    commands.spawn((line, BannerLine, Shown::<Banner>(None), GlobalZIndex(layer::DIALOG - 1), Pickable::IGNORE));
}

fn banner(session: &Session, screen: Screen, is_lost: bool, now: Duration) -> Banner {
    let Some(client) = session.client().filter(|_| !is_lost) else { return Banner::Nothing };
    let is_match = screen == Screen::Match;
    match (session.silent_s(), client.abort_vote()) {
        (seconds @ SILENCE_SECONDS.., _) => Banner::Silent(seconds as u32),
        (_, Some((vote, end))) => Banner::Vote {
            is_asked: client.is_asked(),
            agreed: vote.agreed.count_ones(),
            needed: vote.needed,
            seconds: seconds_left(end, now),
        },
        _ => match client.draining() {
            Some(draining) => Banner::Restart {
                is_playing: is_match && !client.is_watching(),
                seconds: draining.until.map(|until| seconds_left(until, now)),
            },
            None if is_match && client.is_watching() => Banner::Watching,
            None => Banner::Nothing,
        },
    }
}

fn place(screen: Res<State<Screen>>, mut line: Single<&mut Node, With<BannerLine>>) {
    line.top = px(if *screen.get() == Screen::Match { TOP_OF_MATCH } else { TOP_OF_SCREEN });
}

fn show(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    screen: Res<State<Screen>>,
    time: Res<Time<Real>>,
    mut line: Single<(Entity, &mut Shown<Banner>), With<BannerLine>>,
) {
    let is_lost = session.seconds_to_reconnect(time.elapsed()).is_some();
    let (entity, shown) = &mut *line;
    let value = banner(&session, *screen.get(), is_lost, time.elapsed());
    redraw.part(*entity, shown, value, |line, banner| {
        let (words, tone) = match banner {
            Banner::Nothing => return,
            Banner::Watching => (kit.say(T::WatchingMatch).to_owned(), kit.accent().mix(&TEXT, 0.5)),
            Banner::Restart { is_playing, seconds } => {
                (restart(&kit, *is_playing, *seconds), kit.accent().mix(&TEXT, 0.5))
            }
            Banner::Vote { is_asked, agreed, needed, seconds } => {
                let text = if *is_asked { T::VoteAsked } else { T::VoteRuns };
                let values = [agreed.to_string(), needed.to_string(), seconds.to_string()];
                (kit.fill(text, &values.each_ref().map(String::as_str)), WARN)
            }
            Banner::Silent(seconds) => (kit.fill(T::Silent, &[&seconds.to_string()]), WARN),
        };
        let node = Node { padding: UiRect::axes(px(16), px(7)), border_radius: BorderRadius::all(px(9)), ..default() };
        line.spawn((node, BackgroundColor(PANEL), Pickable::IGNORE)).with_child(kit.strong(&words, 15.0, tone));
    });
}

/// What the server's restart means for the player.
fn restart(kit: &Kit, is_playing: bool, seconds: Option<u64>) -> String {
    let when = match seconds {
        Some(seconds) => {
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            kit.fill(T::RestartsIn, &[&clock_text(seconds, 1)])
        }
        None => kit.say(T::RestartsSoon).to_owned(),
    };
    format!("{when} {}", kit.say(if is_playing { T::YourMatchEnds } else { T::NoNewMatch }))
}
