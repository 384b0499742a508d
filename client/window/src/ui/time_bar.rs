//! The time bar of a match whose past can be shown: pause, speed and seeking.

use bevy::{
    input_focus::AutoFocus,
    prelude::*,
    ui_widgets::{SliderDragState, SliderRange, SliderValue, ValueChange},
};

use crate::{
    actions::{Action, HandleActions},
    layout::EDGE,
    palette::{PANEL, TEXT, TEXT_MUTED},
    session::{Moment, Session},
    texts::T,
    ui::{
        Kind, Kit,
        redraw::{Redraw, Shown},
        slider::slider,
        toast::{Toast, ToastKind},
    },
};

/// Playback speeds, as factors of real time.
const SPEEDS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// Index of the initial speed.
const USUAL: usize = 2;
/// Maximum number of seconds of one frame that count: after a stall the match continues where it was.
const FRAME_SECONDS_MAX: f64 = 0.25;
/// Step of the arrow keys on the time bar, in seconds.
const STEP_SECONDS: f32 = 5.0;

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<TimeBar>();
    let is_there = any_with_component::<Bar>;
    app.add_systems(Update, (handle_actions, run).chain().in_set(HandleActions).run_if(is_there));
    app.add_systems(Update, (show_button_row, move_bar).after(HandleActions).in_set(ShowTimeBar).run_if(is_there));
    app.add_observer(seek);
}

/// Updates what a time bar shows. A system that despawns the bar runs after this set: a command to a despawned entity ends
/// the program.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ShowTimeBar;

/// State of the playback.
#[derive(Resource, Clone, Copy, Debug)]
pub(crate) struct TimeBar {
    is_paused: bool,
    speed: usize,
    was_told_broken: bool,
}

impl Default for TimeBar {
    fn default() -> Self {
        Self { is_paused: false, speed: USUAL, was_told_broken: false }
    }
}

/// The slider.
#[derive(Component)]
struct Bar;

/// The text with the moment and the length of the match.
#[derive(Component)]
struct Clock;

/// The row of buttons.
#[derive(Component)]
struct ButtonRow;

#[derive(Clone, Copy, Debug, PartialEq)]
struct ButtonRowShown {
    is_live: bool,
    is_running: bool,
    is_over: bool,
    speed: usize,
}

/// The node of a time bar: below the field, and clear of the side column.
pub(crate) fn place() -> Node {
    Node {
        width: percent(100),
        height: percent(100),
        padding: UiRect::new(px(EDGE.min_inset.x), px(EDGE.max_inset.x), px(0), px(10)),
        justify_content: JustifyContent::Center,
        align_items: AlignItems::End,
        ..default()
    }
}

/// The panel of a time bar.
pub(crate) fn panel() -> impl Bundle {
    let node = Node {
        width: percent(100),
        max_width: px(920),
        padding: UiRect::axes(px(14), px(8)),
        column_gap: px(12),
        align_items: AlignItems::Center,
        border: px(1).all(),
        border_radius: BorderRadius::all(px(14)),
        ..default()
    };
    (node, BackgroundColor(PANEL.with_alpha(1.0)))
}

/// Spawns buttons, slider and clock; other parts of the row come after them.
pub(crate) fn spawn_parts(row: &mut ChildSpawnerCommands<'_>, kit: &Kit, moment: &Moment) {
    let step = STEP_SECONDS * f32::from(moment.tick_rate);
    row.spawn((ButtonRow, kit.row(8.0), Shown::<ButtonRowShown>(None)));
    row.spawn((Bar, slider(moment.position as f32, 0.0..=moment.end.max(1) as f32, step)));
    row.spawn((Clock, kit.strong("", 16.0, TEXT), TextLayout::no_wrap()));
}

fn show_button_row(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    bar: Res<TimeBar>,
    mut button_row: Single<(Entity, &mut Shown<ButtonRowShown>), With<ButtonRow>>,
) {
    let (is_live, is_over) = session.moment().map_or((false, true), |moment| (moment.is_live, moment.is_over()));
    let value = ButtonRowShown { is_live, is_running: !bar.is_paused && !is_over, is_over, speed: bar.speed };
    let (entity, shown) = &mut *button_row;
    redraw.part(*entity, shown, value, |row, button_row| {
        let text = match (button_row.is_live || button_row.is_over, button_row.is_running) {
            (true, _) => T::FromStart,
            (_, true) => T::Pause,
            (_, false) => T::Play,
        };
        let mut button = row.spawn(kit.small_button(Action::PlayOrPause, kit.say(text), Kind::QuietMain));
        // In the present, the keys may still be those of a player who has just given up.
        if button_row.is_live {
            return;
        }
        button.insert(AutoFocus);
        row.spawn(kit.small_button(Action::Speed(-1), "\u{2212}", Kind::Quiet));
        row.spawn((kit.words(&format!("\u{d7}{}", SPEEDS[button_row.speed]), 15.0, TEXT_MUTED), TextLayout::no_wrap()));
        row.spawn(kit.small_button(Action::Speed(1), "+", Kind::Quiet));
    });
}

fn handle_actions(mut actions: MessageReader<Action>, mut session: ResMut<Session>, mut bar: ResMut<TimeBar>) {
    for action in actions.read() {
        match action {
            Action::Speed(step) => {
                bar.speed = bar.speed.saturating_add_signed(isize::from(*step)).min(SPEEDS.len() - 1);
            }
            Action::PlayOrPause if session.moment().is_some_and(|moment| moment.is_live || moment.is_over()) => {
                session.seek(0.0);
                bar.is_paused = false;
            }
            Action::PlayOrPause => bar.is_paused = !bar.is_paused,
            _ => {}
        }
    }
}

/// Advances the past, except while the bar is dragged.
fn run(
    time: Res<Time<Real>>,
    mut session: ResMut<Session>,
    mut bar: ResMut<TimeBar>,
    sliders: Query<&SliderDragState, With<Bar>>,
    mut toasts: MessageWriter<Toast>,
) {
    let is_held = bar.is_paused || sliders.iter().any(|slider| slider.dragging);
    let seconds = if is_held { 0.0 } else { time.delta_secs_f64().min(FRAME_SECONDS_MAX) * SPEEDS[bar.speed] };
    session.advance(seconds);
    let broken = session.timeline().and_then(|timeline| timeline.broken());
    if let Some(tick) = broken.filter(|_| !bar.was_told_broken) {
        bar.was_told_broken = true;
        toasts.write(Toast::with(ToastKind::Bad, T::ReplayBroken, tick));
    }
}

fn seek(
    change: On<ValueChange<f32>>,
    mut commands: Commands,
    sliders: Query<(), With<Bar>>,
    mut session: ResMut<Session>,
) {
    if sliders.contains(change.source) {
        session.seek(f64::from(change.value));
        commands.entity(change.source).insert(SliderValue(change.value));
    }
}

fn move_bar(
    mut commands: Commands,
    session: Res<Session>,
    slider: Single<(Entity, &SliderValue, &SliderRange, &SliderDragState), With<Bar>>,
    mut clock: Single<&mut Text, With<Clock>>,
) {
    let Some(moment) = session.moment() else { return };
    let (entity, value, range, drag) = *slider;
    let (position, end) = (moment.position as f32, moment.end.max(1) as f32);
    // A running match grows, but its bar must not change under a thumb that is held.
    if !drag.dragging && range.end() != end {
        commands.entity(entity).insert(SliderRange::new(0.0, end));
    }
    if !drag.dragging && value.0 != position {
        commands.entity(entity).insert(SliderValue(position));
    }
    let clock_text = |ticks: u32| {
        let seconds = ticks / u32::from(moment.tick_rate);
        format!("{}:{:02}", seconds / 60, seconds % 60)
    };
    let words = format!("{} / {}", clock_text(moment.position as u32), clock_text(moment.end));
    if clock.0 != words {
        clock.0 = words;
    }
}
