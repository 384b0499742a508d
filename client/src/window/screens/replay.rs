//! A recorded match: the field as everywhere, and a bar to pause it, to change its speed, and to go to another moment.

use bevy::{
    input_focus::AutoFocus,
    prelude::*,
    ui_widgets::{SliderDragState, SliderValue, ValueChange},
};

use super::Screen;
use crate::{
    film::Film,
    window::{
        actions::{Action, Obey},
        layout::EDGE,
        palette::{PANEL, TEXT, TEXT_MUTED},
        session::Session,
        texts::T,
        ui::{
            Kind, Kit,
            redraw::{Redraw, Shown},
            slider::slider,
            toast::{Toast, ToastKind},
        },
    },
};

/// How fast a film can go, as parts of real time.
const SPEEDS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// Which of them it begins with.
const USUAL: usize = 2;
/// The most seconds of one frame that count: after a stall a film goes on where it was.
const FRAME_SECONDS_MAX: f64 = 0.25;
/// What the arrow keys go on or back by on the time bar, in seconds.
const STEP_SECONDS: f32 = 5.0;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Projector>();
    app.add_systems(OnEnter(Screen::Replay), spawn);
    app.add_systems(Update, (obey, run).chain().in_set(Obey).run_if(in_state(Screen::Replay)));
    app.add_systems(Update, (show_ways, move_bar).after(Obey).run_if(in_state(Screen::Replay)));
    app.add_observer(seek);
}

/// How the film runs.
#[derive(Resource, Clone, Copy, Debug)]
struct Projector {
    is_paused: bool,
    speed: usize,
    was_told_broken: bool,
}

impl Default for Projector {
    fn default() -> Self {
        Self { is_paused: false, speed: USUAL, was_told_broken: false }
    }
}

/// The time bar.
#[derive(Component)]
struct Bar;

/// The moment, and how long the match is.
#[derive(Component)]
struct Moment;

/// The buttons.
#[derive(Component)]
struct Ways;

#[derive(Clone, Copy, Debug, PartialEq)]
struct WaysShown {
    is_running: bool,
    is_over: bool,
    speed: usize,
}

fn spawn(mut commands: Commands, kit: Kit, session: Res<Session>, mut projector: ResMut<Projector>) {
    *projector = Projector::default();
    let Some(film) = session.film() else { return };
    let rate = f32::from(film.header().tick_rate);
    // Below the field, and clear of the column beside it.
    let bottom = Node {
        width: percent(100),
        height: percent(100),
        padding: UiRect::new(px(EDGE.min_inset.x), px(EDGE.max_inset.x), px(0), px(10)),
        justify_content: JustifyContent::Center,
        align_items: AlignItems::End,
        ..default()
    };
    let bar = Node {
        width: percent(100),
        max_width: px(920),
        padding: UiRect::axes(px(14), px(8)),
        column_gap: px(12),
        align_items: AlignItems::Center,
        border: px(1).all(),
        border_radius: BorderRadius::all(px(14)),
        ..default()
    };
    commands.spawn(kit.screen(Screen::Replay)).insert(bottom).with_children(|screen| {
        screen.spawn((bar, BackgroundColor(PANEL.with_alpha(1.0)))).with_children(|row| {
            row.spawn((Ways, kit.row(8.0), Shown::<WaysShown>(None)));
            row.spawn((Bar, slider(0.0, 0.0..=film.ticks().max(1) as f32, STEP_SECONDS * rate)));
            row.spawn((Moment, kit.strong("", 16.0, TEXT), TextLayout::no_wrap()));
            row.spawn(kit.small_button(Action::Back, kit.say(T::Back), Kind::Quiet));
        });
    });
}

fn show_ways(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    projector: Res<Projector>,
    mut ways: Single<(Entity, &mut Shown<WaysShown>), With<Ways>>,
) {
    let is_over = session.film().is_none_or(Film::is_over);
    let value = WaysShown { is_running: !projector.is_paused && !is_over, is_over, speed: projector.speed };
    let (entity, shown) = &mut *ways;
    redraw.part(*entity, shown, value, |row, ways| {
        let text = match (ways.is_over, ways.is_running) {
            (true, _) => T::FromStart,
            (_, true) => T::Pause,
            (_, false) => T::Play,
        };
        row.spawn((kit.small_button(Action::PlayOrPause, kit.say(text), Kind::QuietMain), AutoFocus));
        row.spawn(kit.small_button(Action::Speed(-1), "\u{2212}", Kind::Quiet));
        row.spawn((kit.words(&format!("\u{d7}{}", SPEEDS[ways.speed]), 15.0, TEXT_MUTED), TextLayout::no_wrap()));
        row.spawn(kit.small_button(Action::Speed(1), "+", Kind::Quiet));
    });
}

fn obey(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    mut session: ResMut<Session>,
    mut projector: ResMut<Projector>,
) {
    for action in actions.read() {
        match action {
            Action::Back => session.leave(time.elapsed()),
            Action::Speed(step) => {
                projector.speed = projector.speed.saturating_add_signed(isize::from(*step)).min(SPEEDS.len() - 1);
            }
            Action::PlayOrPause => match session.film_mut().filter(|film| film.is_over()) {
                Some(film) => {
                    film.seek(0.0);
                    projector.is_paused = false;
                }
                None => projector.is_paused = !projector.is_paused,
            },
            _ => {}
        }
    }
}

/// A film waits while its bar is dragged.
fn run(
    time: Res<Time<Real>>,
    mut session: ResMut<Session>,
    mut projector: ResMut<Projector>,
    bars: Query<&SliderDragState, With<Bar>>,
    mut toasts: MessageWriter<Toast>,
) {
    let Some(film) = session.film_mut() else { return };
    let is_held = projector.is_paused || bars.iter().any(|bar| bar.dragging);
    let seconds = if is_held { 0.0 } else { time.delta_secs_f64().min(FRAME_SECONDS_MAX) * SPEEDS[projector.speed] };
    film.advance(seconds);
    if let Some(tick) = film.broken().filter(|_| !projector.was_told_broken) {
        projector.was_told_broken = true;
        toasts.write(Toast::with(ToastKind::Bad, T::ReplayBroken, tick));
    }
}

fn seek(
    change: On<ValueChange<f32>>,
    mut commands: Commands,
    bars: Query<(), With<Bar>>,
    mut session: ResMut<Session>,
) {
    let Some(film) = session.film_mut().filter(|_| bars.contains(change.source)) else { return };
    film.seek(f64::from(change.value));
    commands.entity(change.source).insert(SliderValue(change.value));
}

fn move_bar(
    mut commands: Commands,
    session: Res<Session>,
    bar: Single<(Entity, &SliderValue, &SliderDragState), With<Bar>>,
    mut moment: Single<&mut Text, With<Moment>>,
) {
    let Some(film) = session.film() else { return };
    let (entity, value, drag) = *bar;
    let position = film.position() as f32;
    if !drag.dragging && value.0 != position {
        commands.entity(entity).insert(SliderValue(position));
    }
    let clock = |ticks: u32| {
        let seconds = ticks / u32::from(film.header().tick_rate);
        format!("{}:{:02}", seconds / 60, seconds % 60)
    };
    let words = format!("{} / {}", clock(film.position() as u32), clock(film.ticks()));
    if moment.0 != words {
        moment.0 = words;
    }
}
