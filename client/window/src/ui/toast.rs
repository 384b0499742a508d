//! Toasts: short messages at the lower edge that disappear by themselves.

use std::fmt::Display;

use bevy::prelude::*;

use super::layer;
use crate::{
    easing::{approach, ease_out},
    fonts::Fonts,
    palette::{BAD, Colors, GOOD, PANEL, TEXT},
    settings::Settings,
    texts::{T, fill},
};

/// Duration of a toast and of its fading, in seconds.
const STAY_SECONDS: f32 = 6.0;
const FADE_SECONDS: f32 = 0.6;
/// Maximum number of toasts; the oldest are dropped first.
const TOASTS_MAX: usize = 4;

pub(super) fn plugin(app: &mut App) {
    app.add_message::<Toast>();
    app.add_systems(Startup, spawn_toast_list);
    app.add_systems(Update, (show, fade).chain());
}

/// The kind of a toast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// Information.
    Note,
    /// A success.
    Good,
    /// A failure.
    Bad,
}

/// A short message.
#[derive(Message, Clone, Debug, PartialEq)]
pub struct Toast {
    kind: ToastKind,
    text: Option<T>,
    detail: String,
}

impl Toast {
    /// A toast with a text of the window.
    pub const fn new(kind: ToastKind, text: T) -> Self {
        Self { kind, text: Some(text), detail: String::new() }
    }

    /// A toast with a text of the window and a detail filled in.
    pub fn with(kind: ToastKind, text: T, detail: impl Display) -> Self {
        Self { kind, text: Some(text), detail: detail.to_string() }
    }

    /// A toast with a sentence from elsewhere.
    pub const fn sentence(kind: ToastKind, sentence: String) -> Self {
        Self { kind, text: None, detail: sentence }
    }

    fn words(&self, settings: &Settings) -> String {
        self.text.map_or_else(|| self.detail.clone(), |text| fill(settings.say(text), &[&self.detail]))
    }
}

#[derive(Component)]
struct ToastList;

#[derive(Component)]
struct ToastView {
    age: f32,
    accent: Color,
}

fn spawn_toast_list(mut commands: Commands) {
    commands.spawn((
        ToastList,
        GlobalZIndex(layer::TOAST),
        Node {
            position_type: PositionType::Absolute,
            width: percent(100),
            bottom: px(26),
            flex_direction: FlexDirection::Column,
            align_items: AlignItems::Center,
            row_gap: px(8),
            ..default()
        },
        Pickable::IGNORE,
    ));
}

fn show(
    mut commands: Commands,
    mut toasts: MessageReader<Toast>,
    (settings, colors): (Res<Settings>, Res<Colors>),
    tray: Single<(Entity, Option<&Children>), With<ToastList>>,
) {
    let (tray, children) = *tray;
    let old = children.map_or(0, |children| children.len());
    let surplus = (old + toasts.len()).saturating_sub(TOASTS_MAX);
    children
        .iter()
        .flat_map(|children| children.iter())
        .take(surplus)
        .for_each(|child| commands.entity(child).despawn());
    for toast in toasts.read() {
        let accent = match toast.kind {
            ToastKind::Note => colors.accent,
            ToastKind::Good => GOOD,
            ToastKind::Bad => BAD,
        };
        commands.entity(tray).with_child(slice(toast.words(&settings), accent, settings.text_scale));
    }
}

fn slice(words: String, accent: Color, text_scale: f32) -> impl Bundle {
    (
        ToastView { age: 0.0, accent },
        UiTransform::default(),
        Node {
            max_width: px(900),
            padding: UiRect::axes(px(20), px(12)),
            border: UiRect { left: px(4), ..default() },
            border_radius: BorderRadius::all(px(9)),
            ..default()
        },
        BackgroundColor(PANEL),
        BorderColor::all(accent),
        BoxShadow::new(Color::srgba(0.0, 0.0, 0.0, 0.4), px(0), px(4), px(0), px(16)),
        Pickable::IGNORE,
        children![(Text::new(words), Fonts::regular(16.0 * text_scale), TextColor(TEXT), Pickable::IGNORE)],
    )
}

fn fade(
    mut commands: Commands,
    time: Res<Time<Real>>,
    mut slices: Query<(Entity, &mut ToastView, &mut BackgroundColor, &mut BorderColor, &mut UiTransform, &Children)>,
    mut texts: Query<&mut TextColor>,
) {
    for (entity, mut slice, mut background, mut border, mut transform, children) in &mut slices {
        slice.age += time.delta_secs();
        let left = ((STAY_SECONDS - slice.age) / FADE_SECONDS).clamp(0.0, 1.0);
        if left <= 0.0 {
            commands.entity(entity).despawn();
            continue;
        }
        background.0 = PANEL.with_alpha(0.96 * left);
        *border = BorderColor::all(slice.accent.with_alpha(left));
        transform.translation = Val2::px(0.0, approach(24.0, 0.0, 12.0, slice.age) - 6.0 * ease_out(1.0 - left));
        let mut words = texts.iter_many_mut(children);
        while let Some(mut color) = words.fetch_next() {
            color.0 = TEXT.with_alpha(left);
        }
    }
}
