//! The status line above the field: room, players, round trip and frame rate, or a replay's map and players; and the
//! match clock.

use bevy::{
    diagnostic::{DiagnosticsStore, FrameTimeDiagnosticsPlugin},
    prelude::*,
};
use framehouse_client::{client::Client, playback::Playback};
use framehouse_shared::ids::Slot;

use super::{Letters, Stage, across_field, letters, panel, panel_node, plain_letters, write};
use crate::{
    easing::clock_text,
    fonts::Fonts,
    palette::{BAD, Colors, GOOD, TEXT, TEXT_MUTED, WARN},
    session::Session,
    settings::Settings,
    texts::{T, fill},
    view::{Draw, GameView, MatchView},
};

/// Interval of numbers that would flicker, in seconds.
const WRITE_INTERVAL: f32 = 0.25;
/// The clock pulses in the last seconds of a match; this is their number.
const LAST_SECONDS: u32 = 10;
/// The clock's width, in pixels of the stage.
const CLOCK_WIDTH: f32 = 108.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_row);
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

fn spawn_row(mut commands: Commands, stage: Single<Entity, With<Stage>>, (fonts, colors): (Res<Fonts>, Res<Colors>)) {
    // The clock is in the middle, unless the line needs more than half.
    let row = Node {
        display: Display::Grid,
        grid_template_columns: vec![GridTrack::fr(1.0), GridTrack::auto(), GridTrack::fr(1.0)],
        column_gap: px(12),
        align_items: AlignItems::Center,
        top: px(9),
        height: px(40),
        ..across_field()
    };
    let row = commands.spawn((ChildOf(*stage), row, Pickable::IGNORE)).id();
    let figure = |figure: Figure, font: (Letters, TextFont), color: Color| {
        (figure, Text::default(), font, TextColor(color), TextLayout::no_wrap(), Pickable::IGNORE)
    };
    let line = Node {
        height: px(36),
        padding: UiRect::horizontal(px(15)),
        column_gap: px(18),
        justify_self: JustifySelf::Start,
        ..panel_node()
    };
    commands.entity(row).with_child((
        line,
        panel(),
        children![
            figure(Figure::Room, letters(&fonts, 15.0), colors.accent),
            figure(Figure::Players, letters(&fonts, 14.0), TEXT),
            figure(Figure::RoundTrip, plain_letters(13.0), TEXT_MUTED),
            figure(Figure::Loss, plain_letters(13.0), TEXT_MUTED),
            figure(Figure::Fps, plain_letters(13.0), TEXT_MUTED),
        ],
    ));
    let clock =
        Node { width: px(CLOCK_WIDTH), height: px(40), justify_content: JustifyContent::Center, ..panel_node() };
    let digits =
        (Clock, Text::default(), letters(&fonts, 24.0), TextColor(TEXT), UiTransform::default(), Pickable::IGNORE);
    commands.entity(row).with_child((clock, panel(), ClockPanel, children![digits]));
}

fn write_line(
    time: Res<Time<Real>>,
    (session, settings, colors): (Res<Session>, Res<Settings>, Res<Colors>),
    diagnostics: Res<DiagnosticsStore>,
    mut due: Local<f32>,
    mut figures: Query<(&Figure, &mut Text, &mut TextColor, &mut Node)>,
) {
    *due -= time.delta_secs();
    if *due > 0.0 {
        return;
    }
    *due = WRITE_INTERVAL;
    let fps = diagnostics.get(&FrameTimeDiagnosticsPlugin::FPS).and_then(|fps| fps.smoothed()).unwrap_or_default();
    for (figure, mut text, mut color, mut node) in &mut figures {
        let shown = match (figure, session.playback(), session.client()) {
            (Figure::Fps, ..) => Some((format!("{fps:.0} fps"), if fps >= 50.0 { GOOD } else { TEXT_MUTED })),
            (_, Some(playback), _) => of_playback(*figure, playback, &settings, colors.accent),
            (_, None, client) => {
                client.and_then(|client| of_client(*figure, client, &settings, colors.accent)).or_else(unknown)
            }
        };
        let display = if shown.is_some() { Display::DEFAULT } else { Display::None };
        if node.display != display {
            node.display = display;
        }
        if let Some((words, tone)) = shown {
            write(&mut text, &words);
            color.set_if_neq(TextColor(tone));
        }
    }
}

/// Placeholder for a value that is not measured yet.
fn unknown() -> Option<(String, Color)> {
    Some(("\u{2013}".to_owned(), TEXT_MUTED))
}

fn of_client(figure: Figure, client: &Client, settings: &Settings, accent: Color) -> Option<(String, Color)> {
    let rtt = client.clock().rtt();
    match figure {
        Figure::Room => Some((fill(settings.say(T::RoomShort), &[client.code()?.as_str()]), accent)),
        Figure::Players => {
            let members = client.members()?.iter().flatten().count();
            Some((format!("{members} / {}", client.options()?.seats), TEXT))
        }
        Figure::RoundTrip => {
            let ms = rtt?.as_secs_f64() * 1000.0;
            Some((format!("{ms:.0} ms"), rtt_color(ms)))
        }
        Figure::Loss => {
            let loss = rtt.map(|_| client.clock().loss())?;
            Some((fill(settings.say(T::Loss), &[&format!("{:.1}", loss * 100.0)]), loss_color(loss)))
        }
        Figure::Fps => None,
    }
}

/// The figures of a replay: a recorded match has a map and players, but no network.
fn of_playback(figure: Figure, playback: &Playback, settings: &Settings, accent: Color) -> Option<(String, Color)> {
    let header = playback.header();
    match figure {
        Figure::Room if header.map.is_empty() => {
            Some((fill(settings.say(T::RoomShort), &[header.room.as_str()]), accent))
        }
        Figure::Room => Some((header.map.clone(), accent)),
        Figure::Players => {
            let players = Slot::all().filter(|slot| playback.timeline().name_of(*slot).is_some()).count();
            Some((format!("{players} / {}", header.seats), TEXT))
        }
        Figure::RoundTrip | Figure::Loss | Figure::Fps => None,
    }
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
    let left = seen.room().and_then(|room| view.ticks_left(room));
    panel.set_if_neq(if left.is_some() { Visibility::Inherited } else { Visibility::Hidden });
    let Some(left) = left else { return };
    let rate = session.tick_rate().unwrap_or(30);
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
