//! Key hints in the player's first match: shown until everything has been done once, or for a limited time.

use bevy::prelude::*;

use super::{Stage, across_field, letters, panel, panel_node, write};
use crate::{
    controls::Controls,
    easing::approach,
    fonts::Fonts,
    keys::Bindings,
    layout::EDGE,
    palette::{GOOD, PANEL, PANEL_RIM, TEXT},
    screens::Screen,
    settings::Settings,
    texts::fill,
    view::{Draw, GameView, Hint, MatchView, Task},
};

/// The longest time that hints are shown, in seconds of the match.
const HINT_SECONDS: f32 = 12.0;
/// Distance that the mouse has to move to count as pointing, in pixels.
const POINTED_PX: f32 = 100.0;
/// Rate at which hints appear and disappear, in 1/s.
const FADE_RATE: f32 = 7.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (follow, write_hints, fade).chain().in_set(Draw));
}

/// The player's progress with the hints.
#[derive(Resource, Debug, Default)]
struct Lesson {
    hints: Vec<(Hint, bool)>,
    seconds: f32,
    cursor: Option<Vec2>,
    pointed_px: f32,
    is_shown: bool,
    alpha: f32,
}

impl Lesson {
    fn new(hints: impl IntoIterator<Item = Hint>) -> Self {
        Self { hints: hints.into_iter().map(|hint| (hint, false)).collect(), ..default() }
    }

    fn is_over(&self) -> bool {
        self.seconds >= HINT_SECONDS || self.hints.iter().all(|(hint, is_done)| *is_done || hint.is_optional)
    }

    fn follow(&mut self, controls: &Controls, seconds: f32) {
        self.seconds += seconds;
        if let Some((old, new)) = self.cursor.zip(controls.cursor) {
            self.pointed_px += old.distance(new);
        }
        self.cursor = controls.cursor.or(self.cursor);
        for (hint, is_done) in &mut self.hints {
            *is_done |= match hint.task {
                Task::Act(actions) => actions.iter().any(|action| controls.is_held(action)),
                Task::Point => self.pointed_px > POINTED_PX,
            };
        }
    }
}

/// The panel of all hints.
#[derive(Component)]
struct Board;

/// One hint of the panel, by index.
#[derive(Component, Clone, Copy)]
struct Line(usize);

fn spawn(mut commands: Commands, stage: Single<Entity, With<Stage>>, view: Res<GameView>, fonts: Res<Fonts>) {
    let lesson = Lesson::new(view.hints());
    let place = Node { bottom: px(EDGE.max_inset.y + 14.0), ..across_field() };
    let node = Node { padding: UiRect::axes(px(18), px(9)), column_gap: px(26), ..panel_node() };
    let row = commands.spawn((ChildOf(*stage), place, Pickable::IGNORE)).id();
    let board = commands.spawn((ChildOf(row), Board, node, panel(), Visibility::Hidden)).id();
    for place in 0..lesson.hints.len() {
        let words = (Text::default(), letters(&fonts, 14.0), TextColor(TEXT), TextLayout::no_wrap(), Pickable::IGNORE);
        commands.entity(board).with_child((Line(place), words));
    }
    commands.insert_resource(lesson);
}

fn follow(
    time: Res<Time<Real>>,
    screen: Res<State<Screen>>,
    seen: MatchView,
    controls: Res<Controls>,
    mut lesson: ResMut<Lesson>,
) {
    let has_begun = seen.next_tick().is_some_and(|tick| tick.0 > 0);
    let is_playing = *screen.get() == Screen::Match && seen.own().is_some() && !seen.is_autopilot();
    if is_playing && has_begun && !lesson.is_over() {
        lesson.follow(&controls, time.delta_secs().min(0.25));
    }
    lesson.is_shown = is_playing && seen.room().is_some() && !lesson.is_over();
}

/// The keys of a hint's actions, as bound by the player.
fn keys_of(hint: &Hint, keys: &Bindings) -> String {
    match hint.task {
        Task::Act([action]) => keys.label(action.id()),
        Task::Act(actions) => {
            let first = actions.iter().filter_map(|action| keys.of(action.id()).into_iter().flatten().next());
            first.map(|press| press.label()).collect::<Vec<_>>().join(" ")
        }
        Task::Point => String::new(),
    }
}

fn write_hints(lesson: Res<Lesson>, settings: Res<Settings>, mut lines: Query<(&Line, &mut Text)>) {
    if !lesson.is_shown {
        return;
    }
    for (Line(place), mut text) in &mut lines {
        let (hint, _) = &lesson.hints[*place];
        write(&mut text, &fill(settings.say(hint.words()), &[&keys_of(hint, &settings.keys)]));
    }
}

/// Colours finished hints green; the panel fades when none is left.
fn fade(
    time: Res<Time<Real>>,
    mut lesson: ResMut<Lesson>,
    mut board: Single<(&mut Visibility, &mut BackgroundColor, &mut BorderColor, &mut BoxShadow), With<Board>>,
    mut lines: Query<(&Line, &mut TextColor)>,
) {
    let target = f32::from(u8::from(lesson.is_shown));
    lesson.alpha = approach(lesson.alpha, target, FADE_RATE, time.delta_secs().min(0.25));
    let (visibility, background, rim, shadow) = &mut *board;
    let is_seen = lesson.alpha > 0.02;
    visibility.set_if_neq(if is_seen { Visibility::Inherited } else { Visibility::Hidden });
    if !is_seen {
        return;
    }
    background.set_if_neq(BackgroundColor(PANEL.with_alpha(PANEL.alpha() * lesson.alpha)));
    rim.set_if_neq(BorderColor::all(PANEL_RIM.with_alpha(lesson.alpha)));
    shadow.0.iter_mut().for_each(|shadow| shadow.color.set_alpha(0.45 * lesson.alpha));
    for (Line(place), mut color) in &mut lines {
        let tone = if lesson.hints[*place].1 { GOOD } else { TEXT };
        color.set_if_neq(TextColor(tone.with_alpha(lesson.alpha)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{InputAction, Press},
        texts::Words,
        view::tests::{JUMP, KICK},
    };

    const BOTH: &[InputAction] = &[JUMP, KICK];
    const HINTS: [Hint; 3] = [
        Hint::act(Words::new("{}: jump"), &[JUMP]),
        Hint::point(Words::new("Mouse: look")),
        Hint::act(Words::new("{}: anything"), BOTH).optional(),
    ];

    #[test]
    fn the_lesson_is_over_when_everything_that_must_be_was_done_or_after_a_while() {
        let mut lesson = Lesson::new(HINTS);
        lesson.follow(&Controls::default().pressing(&KICK), 0.1);
        assert_eq!(lesson.hints.iter().map(|(_, is_done)| *is_done).collect::<Vec<_>>(), [false, false, true]);
        lesson.follow(&Controls::default().pressing(&JUMP).pointing_at(Vec2::ZERO), 0.1);
        assert!(!lesson.is_over());
        lesson.follow(&Controls::default().pointing_at(Vec2::new(200.0, 0.0)), 0.1);
        assert!(lesson.is_over());
        let mut idle = Lesson::new(HINTS);
        idle.follow(&Controls::default(), HINT_SECONDS + 1.0);
        assert!(idle.is_over());
    }

    #[test]
    fn a_game_without_hints_teaches_nothing() {
        assert!(Lesson::new([]).is_over());
    }

    #[test]
    fn the_keys_are_the_players_own() {
        let mut keys = Bindings::usual("game", [JUMP, KICK]);
        assert_eq!(HINTS.map(|hint| keys_of(&hint, &keys)), ["Space / W", "", "Space Mouse left"]);
        keys.bind(JUMP.id(), 0, Press::Key(KeyCode::KeyQ));
        assert_eq!(keys_of(&HINTS[0], &keys), "Q / W");
    }
}
