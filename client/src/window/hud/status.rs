//! The line above the arena: room, players, round trip and frames a second; and the match clock.

use bevy::{
    diagnostic::{DiagnosticsStore, FrameTimeDiagnosticsPlugin},
    prelude::*,
};

use super::{Letters, Stage, across_field, letters, panel, panel_node, plain_letters, write};
use crate::window::{
    easing::clock_text,
    fonts::Fonts,
    layout::EDGE,
    palette::{BAD, GOOD, OWN, TEXT, TEXT_MUTED, WARN},
    session::Session,
    settings::Settings,
    texts::{T, fill},
    view::{Draw, GameView, MatchView},
};

/// How often numbers that flicker are written, in seconds.
const WRITE_INTERVAL: f32 = 0.25;
/// For how many seconds before the end the clock pulses.
const LAST_SECONDS: u32 = 10;
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
    Loss,
    Fps,
}

#[derive(Component)]
struct Clock;

#[derive(Component)]
struct ClockPanel;

fn spawn_line(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let figure = |figure: Figure, font: (Letters, TextFont), color: Color| {
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
            figure(Figure::Room, letters(&fonts, 15.0), OWN),
            figure(Figure::Players, letters(&fonts, 14.0), TEXT),
            figure(Figure::RoundTrip, plain_letters(13.0), TEXT_MUTED),
            figure(Figure::Loss, plain_letters(13.0), TEXT_MUTED),
            figure(Figure::Fps, plain_letters(13.0), TEXT_MUTED),
        ],
    ));
}

fn spawn_clock(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let node = Node { width: px(CLOCK_WIDTH), height: px(40), justify_content: JustifyContent::Center, ..panel_node() };
    let digits =
        (Clock, Text::default(), letters(&fonts, 24.0), TextColor(TEXT), UiTransform::default(), Pickable::IGNORE);
    let place = Node { top: px(9), ..across_field() };
    commands.entity(*stage).with_child((
        place,
        Pickable::IGNORE,
        children![(node, panel(), ClockPanel, children![digits])],
    ));
}

fn write_line(
    time: Res<Time<Real>>,
    (session, settings): (Res<Session>, Res<Settings>),
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
    let loss = client.filter(|client| client.clock().rtt().is_some()).map(|client| client.clock().loss());
    let rtt_ms = client.and_then(|client| client.clock().rtt()).map(|rtt| rtt.as_secs_f64() * 1000.0);
    let fps = diagnostics.get(&FrameTimeDiagnosticsPlugin::FPS).and_then(|fps| fps.smoothed()).unwrap_or_default();
    for (figure, mut text, mut color) in &mut figures {
        let (words, tone) = match figure {
            Figure::Room => (
                client
                    .and_then(|client| client.code())
                    .map(|code| fill(settings.say(T::RoomShort), &[&code.to_string()])),
                OWN,
            ),
            Figure::Players => (client.and_then(players), TEXT),
            Figure::RoundTrip => (rtt_ms.map(|ms| format!("{ms:.0} ms")), rtt_color(rtt_ms.unwrap_or_default())),
            Figure::Loss => (
                loss.map(|loss| fill(settings.say(T::Loss), &[&loss_text(loss)])),
                loss_color(loss.unwrap_or_default()),
            ),
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

fn loss_text(loss: f64) -> String {
    format!("{:.1}", loss * 100.0)
}

fn loss_color(loss: f64) -> Color {
    match loss {
        ..0.01 => GOOD,
        ..0.05 => WARN,
        _ => BAD,
    }
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
    mut clock: Single<(&mut Text, &mut TextColor, &mut UiTransform), With<Clock>>,
    mut panel: Single<&mut Visibility, With<ClockPanel>>,
) {
    let (text, color, transform) = &mut *clock;
    let left = seen.room().and_then(|room| (view.ticks_left)(room));
    panel.set_if_neq(if left.is_some() { Visibility::Inherited } else { Visibility::Hidden });
    let Some(left) = left else { return };
    let rate = session.client().and_then(|client| client.tick_rate()).unwrap_or(30);
    write(text, &clock_text(left, rate));
    let beat = beat(left, rate);
    color.set_if_neq(TextColor(if is_last(left, rate) { BAD.mix(&Color::WHITE, 0.6 * beat) } else { TEXT }));
    transform.scale = Vec2::splat(1.0 + 0.2 * beat);
}

const fn is_last(ticks_left: u32, rate: u16) -> bool {
    ticks_left > 0 && ticks_left <= LAST_SECONDS * rate as u32
}

/// 1 when one of the last seconds begins, falling to 0 until the next.
fn beat(ticks_left: u32, rate: u16) -> f32 {
    let rate = u32::from(rate.max(1));
    let left_of_second = (ticks_left.saturating_sub(1) % rate) as f32 / rate as f32;
    if is_last(ticks_left, rate as u16) { left_of_second.powi(3) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ten_seconds_beat() {
        assert_eq!([beat(301, 30), beat(0, 30), beat(31, 30)], [0.0; 3]);
        assert!(beat(300, 30) > 0.85 && beat(270, 30) > 0.85 && beat(285, 30) < 0.15);
        assert!(beat(60, 30) > beat(50, 30));
    }
}
