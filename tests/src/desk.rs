//! The whole window without a screen and without a graphics card: typed at, clicked at, and read.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use bevy::{
    app::PluginsState,
    camera::RenderTarget,
    input::{
        ButtonState,
        keyboard::{Key, KeyboardInput, NativeKey},
        mouse::MouseButtonInput,
    },
    input_focus::InputFocus,
    log::LogPlugin,
    prelude::*,
    render::{
        RenderPlugin,
        render_resource::{TextureFormat, TextureUsages},
        settings::{RenderCreation, WgpuSettings},
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
    text::EditableText,
    ui::UiGlobalTransform,
    window::{CursorMoved, ExitCondition, PrimaryWindow, WindowEvent, WindowResolution},
    winit::WinitPlugin,
};
use clap::Parser;
use framehouse_client::window::{
    ClientPlugin, arena::ArenaView, args::Args, game::Game, hud::HudPanel, screens::Screen, session::Session,
    settings::Settings,
};
use framehouse_shared::arena::ArenaPlugin;

use crate::golden::Picture;

/// Frames between the parts of a click: what is below the mouse is found out in between.
const CLICK_FRAMES: usize = 3;

/// How long panels take to rise, and more.
const REST: Duration = Duration::from_secs(1);
/// The frames of that on a slow machine.
const REST_FRAMES: usize = 40;

/// A player's window.
pub struct Desk {
    app: App,
    window: Entity,
    /// What it is painted into, if it is.
    canvas: Option<Handle<Image>>,
    started: Instant,
}

#[derive(Resource)]
struct Shot(Picture);

impl Desk {
    /// The program with this command line, in a window of 1280 x 720 pixels.
    pub fn open(line: &str) -> Self {
        Self::open_at(line, UVec2::new(1280, 720))
    }

    /// The same in a window of another size.
    pub fn open_at(line: &str, size: UVec2) -> Self {
        Self::open_game(line, size, ArenaPlugin, ArenaView)
    }

    /// The same for another game.
    pub fn open_game(
        line: &str,
        size: UVec2,
        game: impl framehouse_shared::game::Game + Clone,
        view: impl Plugin,
    ) -> Self {
        let no_card = RenderCreation::Automatic(Box::new(WgpuSettings { backends: None, ..default() }));
        let render = RenderPlugin { render_creation: no_card, ..default() };
        Self::build(line, size, render, Game::new(game), view)
    }

    /// A window that is painted, into a picture: for that there has to be a Vulkan driver. The backdrop stands still.
    pub fn painted(line: &str, size: UVec2) -> Self {
        let render = RenderPlugin { synchronous_pipeline_compilation: true, ..default() };
        let mut desk = Self::build(line, size, render, Game::new(ArenaPlugin), ArenaView);
        let mut canvas = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
        canvas.texture_descriptor.usage |= TextureUsages::COPY_SRC;
        let canvas = desk.app.world_mut().resource_mut::<Assets<Image>>().add(canvas);
        let mut cameras = desk.app.world_mut().query_filtered::<Entity, With<Camera2d>>();
        let camera = cameras.single(desk.app.world()).expect("there is one camera");
        desk.app.world_mut().entity_mut(camera).insert(RenderTarget::Image(canvas.clone().into()));
        desk.canvas = Some(canvas);
        desk
    }

    fn build(line: &str, size: UVec2, render: RenderPlugin, game: Game, view: impl Plugin) -> Self {
        let words = std::iter::once("framehouse-client").chain(line.split_whitespace());
        let args = Args::try_parse_from(words).expect("a right command line");
        let mut app = App::new();
        let window = Window { resolution: WindowResolution::new(size.x, size.y), ..default() };
        let windows =
            WindowPlugin { primary_window: Some(window), exit_condition: ExitCondition::DontExit, ..default() };
        app.add_plugins(DefaultPlugins.set(windows).set(render).disable::<WinitPlugin>().disable::<LogPlugin>());
        app.add_plugins((ClientPlugin { args, game }, view));
        while app.plugins_state() == PluginsState::Adding {
            std::thread::yield_now();
        }
        app.finish();
        app.cleanup();
        app.world_mut().resource_mut::<Time<Virtual>>().pause();
        let window = app.world_mut().query_filtered::<Entity, With<PrimaryWindow>>().single(app.world());
        let window = window.expect("the window was just opened");
        let mut desk = Self { app, window, canvas: None, started: Instant::now() };
        desk.frames(4);
        desk
    }

    /// What a painted window shows once everything has come to rest, without a cursor.
    pub fn picture(&mut self) -> Picture {
        let canvas = self.canvas.clone().expect("this window is painted");
        self.app.world_mut().resource_mut::<InputFocus>().clear();
        let rested = self.elapsed() + REST;
        self.until("everything has come to rest", |desk| desk.elapsed() > rested);
        self.frames(REST_FRAMES);
        let keep = |shot: On<ScreenshotCaptured>, mut commands: Commands| {
            commands.insert_resource(Shot(Picture::of(&shot.image)));
        };
        self.app.world_mut().commands().spawn(Screenshot::image(canvas)).observe(keep);
        self.until("the picture is taken", |desk| desk.app.world().contains_resource::<Shot>());
        self.app.world_mut().remove_resource::<Shot>().expect("it was there just now").0
    }

    /// Puts other words in the place of these, for pictures: until the screen has something new to say.
    pub fn write_over(&mut self, words: &str, other: &str) {
        let mut texts = self.app.world_mut().query::<&mut Text>();
        let found = texts.iter_mut(self.app.world_mut()).filter(|text| text.0 == words);
        found.for_each(|mut text| other.clone_into(&mut text.0));
    }

    /// Lets so many frames pass.
    pub fn frames(&mut self, count: usize) {
        (0..count).for_each(|_| self.app.update());
    }

    /// Lets frames pass until something is the case, in real time; the bound only keeps a broken build from hanging.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !done(self) {
            assert!(Instant::now() < end, "{what}: not in 120 s; seen is {:?}", self.texts());
            self.app.update();
        }
    }

    /// Waits for words on the screen.
    pub fn until_seen(&mut self, words: &str) {
        self.until(words, |desk| desk.sees(words));
    }

    /// Waits for a screen.
    pub fn until_screen(&mut self, screen: Screen) {
        self.until(&format!("{screen:?}"), |desk| desk.screen() == screen);
        // What is shown on it comes with the next frames.
        self.frames(4);
    }

    /// The screen that is shown.
    pub fn screen(&self) -> Screen {
        *self.app.world().resource::<State<Screen>>().get()
    }

    /// The player's session.
    pub fn session(&self) -> &Session {
        self.app.world().resource::<Session>()
    }

    /// The same, for a test that does something to it.
    pub fn session_mut(&mut self) -> Mut<'_, Session> {
        self.app.world_mut().resource_mut::<Session>()
    }

    /// What the player has chosen.
    pub fn settings(&self) -> &Settings {
        self.app.world().resource::<Settings>()
    }

    /// For how long the window is open.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// All words that can be seen.
    pub fn texts(&mut self) -> Vec<String> {
        self.visible_texts().into_iter().map(|(words, _)| words).collect()
    }

    /// Whether words are somewhere on the screen.
    pub fn sees(&mut self, words: &str) -> bool {
        self.texts().iter().any(|text| text.contains(words))
    }

    /// What is written in the fields, in no order.
    pub fn fields(&mut self) -> Vec<String> {
        let mut fields = self.app.world_mut().query::<&EditableText>();
        fields.iter(self.app.world()).map(|field| field.value().to_string()).collect()
    }

    /// Where every button is, in pixels.
    pub fn buttons(&mut self) -> Vec<Rect> {
        let mut buttons = self.app.world_mut().query_filtered::<(&ComputedNode, &UiGlobalTransform, &InheritedVisibility), With<bevy::ui_widgets::Button>>();
        let seen = buttons.iter(self.app.world()).filter(|(.., visibility)| visibility.get());
        seen.map(|(node, place, _)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    /// Where every slider is, in pixels.
    pub fn sliders(&mut self) -> Vec<Rect> {
        let mut sliders = self
            .app
            .world_mut()
            .query_filtered::<(&ComputedNode, &UiGlobalTransform), With<bevy::ui_widgets::Slider>>();
        let places = sliders.iter(self.app.world());
        places.map(|(node, place)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    /// Where every panel of the HUD is, in pixels.
    pub fn panels(&mut self) -> Vec<Rect> {
        let mut panels = self
            .app
            .world_mut()
            .query_filtered::<(&ComputedNode, &UiGlobalTransform, &InheritedVisibility), With<HudPanel>>();
        let seen = panels.iter(self.app.world()).filter(|(node, _, visibility)| visibility.get() && !node.is_empty());
        seen.map(|(node, place, _)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    fn visible_texts(&mut self) -> Vec<(String, Vec2)> {
        let mut texts =
            self.app.world_mut().query::<(&Text, &InheritedVisibility, &ComputedNode, &UiGlobalTransform)>();
        let seen = texts.iter(self.app.world()).filter(|(text, visibility, node, _)| {
            visibility.get() && !text.0.is_empty() && node.size().min_element() > 0.0
        });
        seen.map(|(text, _, _, place)| (text.0.clone(), place.translation)).collect()
    }

    /// Clicks on exactly these words.
    pub fn click(&mut self, words: &str) {
        self.hold(words);
        self.let_go();
    }

    /// Those of these words that are in a column of the screen (pixels from the left), from top to bottom.
    pub fn from_top(&mut self, words: &[String], column: Range<f32>) -> Vec<String> {
        let mut found = self.visible_texts();
        found.retain(|(text, place)| words.contains(text) && column.contains(&place.x));
        found.sort_by(|(_, first), (_, second)| first.y.total_cmp(&second.y));
        found.into_iter().map(|(text, _)| text).collect()
    }

    /// Presses the mouse on exactly these words, and holds it.
    pub fn hold(&mut self, words: &str) {
        let found = self.visible_texts().into_iter().find(|(text, _)| text == words);
        let (_, position) = found.unwrap_or_else(|| panic!("there is no {words:?}: seen is {:?}", self.texts()));
        self.hold_at(position);
    }

    /// Clicks at a place of the window, in pixels.
    pub fn click_at(&mut self, position: Vec2) {
        self.hold_at(position);
        self.let_go();
    }

    /// Presses the mouse at a place of the window, in pixels, and holds it.
    pub fn hold_at(&mut self, position: Vec2) {
        let window = self.window;
        self.app.world_mut().write_message(WindowEvent::CursorMoved(CursorMoved { window, position, delta: None }));
        self.frames(CLICK_FRAMES);
        self.mouse(MouseButton::Left, ButtonState::Pressed);
    }

    /// Lets go of the mouse, where it is.
    pub fn let_go(&mut self) {
        self.mouse(MouseButton::Left, ButtonState::Released);
    }

    /// Closes the window, as its frame's button does.
    pub fn close(mut self) {
        self.app.world_mut().write_message(AppExit::Success);
        self.frames(1);
    }

    /// Presses or lets go of a button of the mouse, where the mouse is.
    pub fn mouse(&mut self, button: MouseButton, state: ButtonState) {
        let input = MouseButtonInput { button, state, window: self.window };
        self.app.world_mut().write_message(input);
        self.app.world_mut().write_message(WindowEvent::MouseButtonInput(input));
        self.frames(CLICK_FRAMES);
    }

    /// Moves the mouse to a place of the window, in pixels, for what asks the window where it is.
    pub fn point_at(&mut self, position: Vec2) {
        let mut window = self.app.world_mut().get_mut::<Window>(self.window).expect("it is open");
        window.set_cursor_position(Some(position));
        self.frames(2);
    }

    /// Types a text, letter by letter.
    pub fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let letters: &str = &letter.to_string();
            self.strike(KeyCode::F24, Key::Character(letters.into()), Some(letters));
        }
    }

    /// Presses a key and lets go of it.
    pub fn key(&mut self, key: KeyCode) {
        let logical = match key {
            KeyCode::Enter => Key::Enter,
            KeyCode::Tab => Key::Tab,
            KeyCode::Escape => Key::Escape,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::ArrowDown => Key::ArrowDown,
            KeyCode::ArrowUp => Key::ArrowUp,
            KeyCode::ArrowLeft => Key::ArrowLeft,
            KeyCode::ArrowRight => Key::ArrowRight,
            KeyCode::Delete => Key::Delete,
            _ => Key::Unidentified(NativeKey::Unidentified),
        };
        self.strike(key, logical, None);
    }

    fn strike(&mut self, key_code: KeyCode, logical_key: Key, text: Option<&str>) {
        for state in [ButtonState::Pressed, ButtonState::Released] {
            self.app.world_mut().write_message(KeyboardInput {
                key_code,
                logical_key: logical_key.clone(),
                state,
                text: text.filter(|_| state == ButtonState::Pressed).map(Into::into),
                repeat: false,
                window: self.window,
            });
            self.frames(2);
        }
    }
}
