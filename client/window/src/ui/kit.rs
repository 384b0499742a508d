//! Building blocks of screens, in the player's text size and language.

use bevy::{
    ecs::system::SystemParam,
    input_focus::tab_navigation::{TabGroup, TabIndex},
    picking::hover::Hovered,
    prelude::*,
    text::{EditableText, EditableTextFilter, TextCursorStyle},
    ui_widgets::{Button, ScrollArea, SelectAllOnFocus},
};
use framehouse_shared::ids::Slot;

use super::{ButtonAnimation, Field, Rise, layer};
use crate::{
    actions::Action,
    fonts::Fonts,
    palette::{BACKDROP, BAD, Colors, GROOVE, PANEL, PANEL_RIM, TEXT, TEXT_MUTED},
    screens::Screen,
    settings::Settings,
    texts::{Phrase, fill},
};

/// Builds UI nodes.
#[derive(SystemParam)]
pub struct Kit<'w> {
    fonts: Res<'w, Fonts>,
    settings: Res<'w, Settings>,
    colors: Res<'w, Colors>,
}

/// The emphasis of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The most common choice: filled with the accent.
    Main,
    /// Any other choice.
    Plain,
    /// The selected one of several choices.
    Chosen,
    /// A small, quiet button in a list.
    Quiet,
    /// The most common choice in a list.
    QuietMain,
    /// An action that cannot be undone.
    Danger,
}

impl Kit<'_> {
    /// A text in the player's language.
    pub fn say(&self, phrase: impl Into<Phrase>) -> &'static str {
        self.settings.say(phrase)
    }

    /// A text in the player's language, with names or numbers filled in.
    pub fn fill(&self, phrase: impl Into<Phrase>, values: &[&str]) -> String {
        fill(self.say(phrase), values)
    }

    /// The game's accent.
    pub fn accent(&self) -> Color {
        self.colors.accent
    }

    /// The colour of the player in a seat.
    pub fn player(&self, slot: Slot) -> Color {
        self.colors.player(slot)
    }

    /// The player's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A length that grows with the text size.
    pub fn grown(&self, px: f32) -> f32 {
        px * self.settings.text_scale
    }

    /// The root of a screen: covers the window, and is despawned with the screen.
    pub fn screen(&self, screen: Screen) -> impl Bundle + use<> {
        (
            DespawnOnExit(screen),
            TabGroup::new(0),
            GlobalZIndex(layer::SCREEN),
            Node {
                width: percent(100),
                height: percent(100),
                padding: px(24).all(),
                flex_direction: FlexDirection::Column,
                align_items: AlignItems::Center,
                justify_content: JustifyContent::Center,
                ..default()
            },
            Pickable::IGNORE,
        )
    }

    /// A rounded panel with its children in a column.
    pub fn panel(&self, node: Node) -> impl Bundle + use<> {
        (
            Node {
                flex_direction: FlexDirection::Column,
                border: px(1).all(),
                border_radius: BorderRadius::all(px(14)),
                ..node
            },
            BackgroundColor(PANEL),
            BorderColor::all(PANEL_RIM),
            BoxShadow::new(Color::srgba(0.0, 0.0, 0.0, 0.5), px(0), px(8), px(0), px(26)),
            Rise::default(),
            UiTransform::default(),
        )
    }

    /// A panel at the centre of a screen; it scrolls if the text is large.
    pub fn card(&self, width: f32) -> impl Bundle + use<> {
        let node = Node {
            width: px(self.grown(width).min(1200.0)),
            max_height: percent(100),
            padding: px(32).all(),
            row_gap: px(13),
            overflow: Overflow::scroll_y(),
            ..default()
        };
        (self.panel(node), ScrollArea)
    }

    /// A node with its children in a row.
    pub fn row(&self, gap: f32) -> Node {
        Node { column_gap: px(gap), align_items: AlignItems::Center, flex_shrink: 0.0, ..default() }
    }

    /// A text.
    pub fn words(&self, words: &str, size: f32, color: Color) -> impl Bundle + use<> {
        (Text::new(words), Fonts::regular(self.grown(size)), TextColor(color), Pickable::IGNORE)
    }

    /// An important text.
    pub fn strong(&self, words: &str, size: f32, color: Color) -> impl Bundle + use<> {
        (Text::new(words), self.fonts.bold(self.grown(size)), TextColor(color), Pickable::IGNORE)
    }

    /// A name: it is cut off where the line has no more room, since other players choose its length.
    pub fn name(&self, name: &str, size: f32, color: Color) -> impl Bundle + use<> {
        let node = Node { min_width: px(0), overflow: Overflow::clip_x(), ..default() };
        (node, Pickable::IGNORE, children![(self.strong(name, size, color), TextLayout::no_wrap())])
    }

    /// A heading inside a panel.
    pub fn heading<P: Into<Phrase>>(&self, phrase: P) -> impl Bundle + use<P> {
        self.strong(self.say(phrase), 15.0, TEXT_MUTED)
    }

    /// A button.
    pub fn button(&self, action: Action, words: &str, kind: Kind) -> impl Bundle + use<> {
        self.sized_button(action, words, kind, Node { flex_grow: 1.0, flex_basis: px(0), ..default() })
    }

    /// A button that is no wider than its label.
    pub fn small_button(&self, action: Action, words: &str, kind: Kind) -> impl Bundle + use<> {
        self.sized_button(action, words, kind, Node { flex_shrink: 0.0, ..default() })
    }

    fn sized_button(&self, action: Action, words: &str, kind: Kind, node: Node) -> impl Bundle + use<> {
        let is_quiet = matches!(kind, Kind::Quiet | Kind::QuietMain);
        let (height, size, padding) = if is_quiet { (30.0, 14.0, 12.0) } else { (44.0, 16.0, 18.0) };
        let (animation, ink) = looks(kind, self.accent());
        (
            (Button, action, Hovered::default(), TabIndex(0), animation, UiTransform::default()),
            Node {
                min_height: px(self.grown(height)),
                padding: UiRect::horizontal(px(padding)),
                align_items: AlignItems::Center,
                justify_content: JustifyContent::Center,
                border: px(1).all(),
                border_radius: BorderRadius::all(px(9)),
                ..node
            },
            BackgroundColor(animation.rest),
            BorderColor::all(animation.rim),
            Outline::new(px(2), px(2), Color::NONE),
            children![(self.strong(words, size, ink), TextLayout::justify(Justify::Center))],
        )
    }

    /// A text field with its label above it.
    pub fn field(&self, field: Field, value: &str, chars_max: usize) -> impl Bundle + use<> {
        let filter = match field {
            Field::Code => EditableTextFilter::new(|letter| letter.is_ascii_alphanumeric()),
            Field::Name | Field::Server | Field::Chat => EditableTextFilter::new(|letter| !letter.is_control()),
        };
        let accent = self.accent();
        let cursor = TextCursorStyle {
            color: accent,
            selection_color: accent.with_alpha(0.35),
            unfocused_selection_color: accent.with_alpha(0.12),
            selected_text_color: None,
        };
        (
            (field, TabIndex(0), Hovered::default(), filter, cursor, SelectAllOnFocus, TextLayout::no_wrap()),
            EditableText { max_characters: Some(chars_max), ..EditableText::new(value) },
            (Fonts::regular(self.grown(18.0)), TextColor(TEXT)),
            Node {
                flex_grow: 1.0,
                height: px(self.grown(44.0)),
                padding: UiRect::axes(px(13), px(self.grown(9.0))),
                border: px(1).all(),
                border_radius: BorderRadius::all(px(9)),
                overflow: Overflow::clip(),
                ..default()
            },
            BackgroundColor(GROOVE),
            BorderColor::all(PANEL_RIM),
            Outline::new(px(1), px(0), Color::NONE),
        )
    }

    /// Spawns a sentence, and a hint below it, in the middle of an empty list.
    pub fn spawn_message(&self, list: &mut ChildSpawnerCommands<'_>, words: &str, more: &str, color: Color) {
        let node = Node {
            flex_grow: 1.0,
            flex_direction: FlexDirection::Column,
            row_gap: px(6),
            align_items: AlignItems::Center,
            justify_content: JustifyContent::Center,
            ..default()
        };
        list.spawn(node).with_children(|middle| {
            middle.spawn((self.words(words, 17.0, color), TextLayout::justify(Justify::Center)));
            middle.spawn((self.words(more, 15.0, TEXT_MUTED), TextLayout::justify(Justify::Center)));
        });
    }

    /// A text in a column of this width.
    pub fn cell(&self, words: &str, size: f32, color: Color, width: f32) -> impl Bundle + use<> {
        let node = Node { width: px(self.grown(width)), flex_shrink: 0.0, ..default() };
        (node, Pickable::IGNORE, children![(self.words(words, size, color), TextLayout::no_wrap())])
    }

    /// A line of a list, slightly tinted.
    pub fn line(&self, color: Color, part: f32) -> impl Bundle + use<> {
        (
            Node {
                min_height: px(self.grown(40.0)),
                padding: UiRect::axes(px(12), px(3)),
                column_gap: px(10),
                align_items: AlignItems::Center,
                border_radius: BorderRadius::all(px(8)),
                flex_shrink: 0.0,
                ..default()
            },
            BackgroundColor(PANEL.mix(&color, part)),
        )
    }
}

/// A dot in a player's colour.
pub fn dot(color: Color) -> impl Bundle {
    let node = Node { width: px(12), height: px(12), border_radius: BorderRadius::MAX, flex_shrink: 0.0, ..default() };
    (node, BackgroundColor(color), Pickable::IGNORE)
}

/// A node that fills the rest of a row.
pub fn filler() -> impl Bundle {
    (Node { flex_grow: 1.0, ..default() }, Pickable::IGNORE)
}

fn looks(kind: Kind, accent: Color) -> (ButtonAnimation, Color) {
    let slate = Color::srgb(0.125, 0.17, 0.29);
    let tone = ButtonAnimation::new;
    match kind {
        Kind::Main => (tone(accent, accent.mix(&Color::WHITE, 0.3), accent), BACKDROP),
        Kind::Plain => (tone(slate, slate.mix(&accent, 0.28), PANEL_RIM), TEXT),
        Kind::Chosen | Kind::QuietMain => (tone(slate.mix(&accent, 0.35), slate.mix(&accent, 0.5), accent), TEXT),
        Kind::Quiet => (tone(slate.with_alpha(0.55), slate.mix(&accent, 0.3), PANEL_RIM.with_alpha(0.5)), TEXT),
        Kind::Danger => (tone(slate.mix(&BAD, 0.22), slate.mix(&BAD, 0.5), BAD.with_alpha(0.6)), TEXT),
    }
}
