//! The keys, for who plays the first match: until the player has moved, aimed and dashed, or has had the time to read.

use bevy::prelude::*;

use super::scene::Scene;
use crate::window::{
    controls::Controls,
    easing::approach,
    fonts::Fonts,
    hud::{Stage, across_field, letters, panel, panel_node, write},
    keys::Deed,
    layout::EDGE,
    palette::{GOOD, PANEL, PANEL_RIM, TEXT},
    settings::Settings,
    texts::{T, fill},
    view::{Draw, MatchView},
};

/// How long the keys are shown at most, in seconds of the match.
const HINT_SECONDS: f32 = 12.0;
/// How far the mouse has to go for the player to have aimed, in pixels.
const AIMED_PX: f32 = 100.0;
/// How fast the keys come and go, in 1/s.
const FADE_RATE: f32 = 7.0;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Lesson>();
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (follow, write_tasks, fade).chain().in_set(Draw));
}

/// What is taught, in the order of the screen.
const TASKS: [(Task, T); 4] =
    [(Task::Move, T::HintMove), (Task::Aim, T::HintAim), (Task::Fire, T::HintFire), (Task::Dash, T::HintDash)];

#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Move,
    Aim,
    Fire,
    Dash,
}

/// What the player has done so far.
#[derive(Resource, Clone, Copy, Debug, Default)]
struct Lesson {
    done: [bool; TASKS.len()],
    seconds: f32,
    cursor: Option<Vec2>,
    aimed: f32,
    is_shown: bool,
    alpha: f32,
}

impl Lesson {
    const fn is_over(&self) -> bool {
        let [moved, aimed, _, dashed] = self.done;
        (moved && aimed && dashed) || self.seconds >= HINT_SECONDS
    }

    fn follow(&mut self, controls: &Controls, seconds: f32) {
        self.seconds += seconds;
        if let Some((old, new)) = self.cursor.zip(controls.cursor) {
            self.aimed += old.distance(new);
        }
        self.cursor = controls.cursor.or(self.cursor);
        let now = [
            controls.push() != Vec2::ZERO,
            self.aimed > AIMED_PX,
            controls.is_held(Deed::Fire),
            controls.is_held(Deed::Dash),
        ];
        self.done.iter_mut().zip(now).for_each(|(done, now)| *done |= now);
    }
}

#[derive(Component)]
struct Hint;

fn spawn(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let place = Node { bottom: px(EDGE.max_inset.y + 14.0), ..across_field() };
    let node = Node { padding: UiRect::axes(px(18), px(9)), column_gap: px(26), ..panel_node() };
    let row = commands.spawn((ChildOf(*stage), place, Pickable::IGNORE)).id();
    let hint = commands.spawn((ChildOf(row), Hint, node, panel(), Visibility::Hidden)).id();
    for (task, _) in TASKS {
        let words = (Text::default(), letters(&fonts, 14.0), TextColor(TEXT), TextLayout::no_wrap(), Pickable::IGNORE);
        commands.entity(hint).with_child((task, words));
    }
}

fn follow(scene: Res<Scene>, seen: MatchView, controls: Res<Controls>, mut lesson: ResMut<Lesson>) {
    let is_flying = scene.now.own_craft().is_some() && !seen.is_autopilot();
    if is_flying && scene.now.tick.0 > 0 && !lesson.is_over() {
        lesson.follow(&controls, scene.passed.real);
    }
    lesson.is_shown = is_flying && !lesson.is_over();
}

/// A task's words, with the keys that the player has chosen.
fn words(task: Task, text: T, settings: &Settings) -> String {
    let first = |deed| settings.keys.of(deed).into_iter().flatten().next().map(|press| press.label());
    let keys = match task {
        Task::Move => {
            let keys = [Deed::Up, Deed::Left, Deed::Down, Deed::Right].into_iter().filter_map(first);
            keys.collect::<Vec<_>>().join(" ")
        }
        Task::Aim => String::new(),
        Task::Fire => settings.keys.label(Deed::Fire),
        Task::Dash => settings.keys.label(Deed::Dash),
    };
    fill(settings.say(text), &[&keys])
}

fn write_tasks(lesson: Res<Lesson>, settings: Res<Settings>, mut tasks: Query<(&Task, &mut Text)>) {
    if !lesson.is_shown {
        return;
    }
    for (task, mut text) in &mut tasks {
        let Some((_, words_of_task)) = TASKS.into_iter().find(|(known, _)| known == task) else { continue };
        write(&mut text, &words(*task, words_of_task, &settings));
    }
}

/// What the player has done turns green; the whole goes when nothing is left to learn.
fn fade(
    scene: Res<Scene>,
    mut lesson: ResMut<Lesson>,
    mut hint: Single<(&mut Visibility, &mut BackgroundColor, &mut BorderColor, &mut BoxShadow), With<Hint>>,
    mut tasks: Query<(&Task, &mut TextColor)>,
) {
    let target = f32::from(u8::from(lesson.is_shown));
    lesson.alpha = approach(lesson.alpha, target, FADE_RATE, scene.passed.real);
    let (visibility, background, rim, shadow) = &mut *hint;
    let is_seen = lesson.alpha > 0.02;
    visibility.set_if_neq(if is_seen { Visibility::Inherited } else { Visibility::Hidden });
    if !is_seen {
        return;
    }
    background.set_if_neq(BackgroundColor(PANEL.with_alpha(PANEL.alpha() * lesson.alpha)));
    rim.set_if_neq(BorderColor::all(PANEL_RIM.with_alpha(lesson.alpha)));
    shadow.0.iter_mut().for_each(|shadow| shadow.color.set_alpha(0.45 * lesson.alpha));
    for (task, mut color) in &mut tasks {
        let tone = if lesson.done[*task as usize] { GOOD } else { TEXT };
        color.set_if_neq(TextColor(tone.with_alpha(lesson.alpha)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{keys::Press, texts::Language};

    #[test]
    fn the_lesson_is_over_when_everything_but_fire_was_tried_or_after_a_while() {
        let mut lesson = Lesson::default();
        lesson.follow(&Controls::pressing(&[Deed::Up, Deed::Fire]), 0.1);
        lesson.follow(&Controls::pressing(&[Deed::Dash]), 0.1);
        assert_eq!((lesson.done, lesson.is_over()), ([true, false, true, true], false));
        lesson.follow(&Controls::pointing_at(Vec2::ZERO), 0.1);
        lesson.follow(&Controls::pointing_at(Vec2::new(200.0, 0.0)), 0.1);
        assert!(lesson.is_over());
        let mut idle = Lesson::default();
        idle.follow(&Controls::default(), HINT_SECONDS + 1.0);
        assert!(idle.is_over());
    }

    #[test]
    fn the_keys_are_the_players_own() {
        let mut settings = Settings::default();
        assert_eq!(words(Task::Move, T::HintMove, &settings), "W A S D: move");
        settings.keys.bind(Deed::Dash, 0, Press::Key(KeyCode::KeyQ));
        assert_eq!(words(Task::Dash, T::HintDash, &settings), "Q / Shift left: dash");
        settings.language = Language::Chinese;
        assert!(words(Task::Aim, T::HintAim, &settings).contains('\u{9f20}'));
    }
}
