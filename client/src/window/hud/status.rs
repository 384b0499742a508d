//! The line above the arena: room, players, round trip and frames a second; and the match clock.

use bevy::{
    diagnostic::{DiagnosticsStore, FrameTimeDiagnosticsPlugin},
    prelude::*,
};

use super::{Stage, across_field, panel, panel_node, write};
use crate::window::{
    easing::{clock_text, swing},
    fonts::Fonts,
    layout::EDGE,
    palette::{BAD, GOOD, OWN, TEXT, TEXT_MUTED, WARN},
    session::Session,
    view::{Draw, GameView, MatchView},
};

/// How often numbers that flicker are written, in seconds.
const WRITE_INTERVAL: f32 = 0.25;
/// From how many ticks before the end on the clock warns.
const LAST_TICKS: u32 = 300;
/// The clock's width.
const CLOCK_WIDTH: f32 = 108.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, (spawn_line, spawn_clock));
    app.add_systems(Update, (write_line, write_clock).in_set(Draw));
}

#[derive(Component, Clone, Copy)]
enum Figure {
    Room,
    Players,
    RoundTrip,
    Fps,
}

#[derive(Component)]
struct Clock;

#[derive(Component)]
struct ClockPanel;

fn spawn_line(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let figure = |figure: Figure, font: TextFont, color: Color| {
        (figure, Text::default(), font, TextColor(color), TextLayout::no_wrap(), Pickable::IGNORE)
    };
    let node = Node {
        height: px(36),
        padding: UiRect::horizontal(px(15)),
        column_gap: px(18),
        position_type: PositionType::Absolute,
        left: px(EDGE.min_inset.x),
        top: px(11),
        ..panel_node()
    };
    commands.entity(*stage).with_child((
        node,
        panel(),
        children![
            figure(Figure::Room, fonts.bold(15.0), OWN),
            figure(Figure::Players, fonts.bold(14.0), TEXT),
            figure(Figure::RoundTrip, Fonts::regular(13.0), TEXT_MUTED),
            figure(Figure::Fps, Fonts::regular(13.0), TEXT_MUTED),
        ],
    ));
}

fn spawn_clock(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let node = Node { width: px(CLOCK_WIDTH), height: px(40), justify_content: JustifyContent::Center, ..panel_node() };
    let digits = (Clock, Text::default(), fonts.bold(24.0), TextColor(TEXT), Pickable::IGNORE);
    let place = Node { top: px(9), ..across_field() };
    commands.entity(*stage).with_child((
        place,
        Pickable::IGNORE,
        children![(node, panel(), ClockPanel, children![digits])],
    ));
}

fn write_line(
    time: Res<Time<Real>>,
    session: Res<Session>,
    diagnostics: Res<DiagnosticsStore>,
    mut due: Local<f32>,
    mut figures: Query<(&Figure, &mut Text, &mut TextColor)>,
) {
    *due -= time.delta_secs();
    if *due > 0.0 {
        return;
    }
    *due = WRITE_INTERVAL;
    let client = session.client();
    let rtt_ms = client.and_then(|client| client.clock().rtt()).map(|rtt| rtt.as_secs_f64() * 1000.0);
    let fps = diagnostics.get(&FrameTimeDiagnosticsPlugin::FPS).and_then(|fps| fps.smoothed()).unwrap_or_default();
    for (figure, mut text, mut color) in &mut figures {
        let (words, tone) = match figure {
            Figure::Room => (client.and_then(|client| client.code()).map(|code| format!("ROOM {code}")), OWN),
            Figure::Players => (client.and_then(players), TEXT),
            Figure::RoundTrip => (rtt_ms.map(|ms| format!("{ms:.0} ms")), rtt_color(rtt_ms.unwrap_or_default())),
            Figure::Fps => (Some(format!("{fps:.0} fps")), if fps >= 50.0 { GOOD } else { TEXT_MUTED }),
        };
        write(&mut text, words.as_deref().unwrap_or("\u{2013}"));
        color.set_if_neq(TextColor(tone));
    }
}

fn players(client: &crate::client::Client) -> Option<String> {
    let members = client.members()?.iter().flatten().count();
    Some(format!("{members} / {}", client.options()?.seats))
}

fn rtt_color(ms: f64) -> Color {
    match ms {
        ..80.0 => GOOD,
        ..180.0 => WARN,
        _ => BAD,
    }
}

fn write_clock(
    session: Res<Session>,
    (seen, view): (MatchView, Res<GameView>),
    time: Res<Time<Real>>,
    mut clock: Single<(&mut Text, &mut TextColor), With<Clock>>,
    mut panel: Single<&mut Visibility, With<ClockPanel>>,
) {
    let (text, color) = &mut *clock;
    let left = seen.room().and_then(|room| (view.ticks_left)(room));
    panel.set_if_neq(if left.is_some() { Visibility::Inherited } else { Visibility::Hidden });
    let Some(left) = left else { return };
    let rate = session.client().and_then(|client| client.tick_rate()).unwrap_or(30);
    write(text, &clock_text(left, rate));
    let beat = 0.5 + 0.5 * swing(time.elapsed_secs_wrapped() * 1.25);
    let tone = if left > 0 && left < LAST_TICKS { BAD.mix(&TEXT, 0.5 * beat) } else { TEXT };
    color.set_if_neq(TextColor(tone));
}
