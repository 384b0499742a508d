//! Headless window: the whole client of a game without a display or a graphics card. A test types, clicks, and reads
//! what is shown.

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
use framehouse_shared::ids::Slot;
use framehouse_window::{
    ClientPlugin,
    args::Args,
    game::Game,
    hud::HudPanel,
    palette::Colors,
    screens::Screen,
    session::Session,
    settings::Settings,
    view::{GameView, View},
};

use crate::golden::Picture;

/// Frames between the parts of a click, in which Bevy finds the node below the mouse.
const CLICK_FRAMES: usize = 3;

/// A time in which every panel's animation ends.
const REST: Duration = Duration::from_secs(1);
/// The frames of that time on a slow machine.
const REST_FRAMES: usize = 40;

/// The window of one player, of any game.
///
/// Nothing happens between calls: frames pass in [`HeadlessWindow::frames`] and in the calls that wait or act.
pub struct HeadlessWindow {
    app: App,
    window: Entity,
    /// The picture that a painted window is drawn into.
    canvas: Option<Handle<Image>>,
    started: Instant,
}

#[derive(Resource)]
struct Shot(Picture);

impl HeadlessWindow {
    /// Opens the client of a game with a command line, in a window of `size` pixels that is never drawn.
    ///
    /// # Panics
    /// When there is a mistake in the command line.
    pub fn open(line: &str, size: UVec2, game: impl framehouse_shared::game::Game + Clone, view: impl View) -> Self {
        let no_card = RenderCreation::Automatic(Box::new(WgpuSettings { backends: None, ..default() }));
        let render = RenderPlugin { render_creation: no_card, ..default() };
        Self::build(line, size, render, Game::new(game), GameView::new(view))
    }

    /// Opens a window that is drawn into a picture: see [`HeadlessWindow::picture`]. The backdrop stands still.
    ///
    /// # Panics
    /// When there is a mistake in the command line, or no Vulkan driver (one without a graphics card will do).
    pub fn painted(line: &str, size: UVec2, game: impl framehouse_shared::game::Game + Clone, view: impl View) -> Self {
        let render = RenderPlugin { synchronous_pipeline_compilation: true, ..default() };
        let mut window = Self::build(line, size, render, Game::new(game), GameView::new(view));
        let mut canvas = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
        canvas.texture_descriptor.usage |= TextureUsages::COPY_SRC;
        let canvas = window.app.world_mut().resource_mut::<Assets<Image>>().add(canvas);
        let mut cameras = window.app.world_mut().query_filtered::<Entity, With<Camera2d>>();
        let camera = cameras.single(window.app.world()).expect("there is one camera");
        window.app.world_mut().entity_mut(camera).insert(RenderTarget::Image(canvas.clone().into()));
        window.canvas = Some(canvas);
        window
    }

    fn build(line: &str, size: UVec2, render: RenderPlugin, game: Game, view: GameView) -> Self {
        let about = view.about();
        let words = std::iter::once(about.program).chain(line.split_whitespace());
        let args = Args::try_of(&about, words).expect("a right command line");
        let mut app = App::new();
        let window = Window { resolution: WindowResolution::new(size.x, size.y), ..default() };
        let windows =
            WindowPlugin { primary_window: Some(window), exit_condition: ExitCondition::DontExit, ..default() };
        app.add_plugins(DefaultPlugins.set(windows).set(render).disable::<WinitPlugin>().disable::<LogPlugin>());
        app.add_plugins(ClientPlugin { args, game, view });
        while app.plugins_state() == PluginsState::Adding {
            std::thread::yield_now();
        }
        app.finish();
        app.cleanup();
        app.world_mut().resource_mut::<Time<Virtual>>().pause();
        let window = app.world_mut().query_filtered::<Entity, With<PrimaryWindow>>().single(app.world());
        let window = window.expect("the window was just opened");
        let mut window = Self { app, window, canvas: None, started: Instant::now() };
        window.frames(4);
        window
    }

    /// Takes a picture of a painted window after all animations have ended, without a cursor.
    ///
    /// # Panics
    /// When the window was opened without a picture.
    pub fn picture(&mut self) -> Picture {
        let canvas = self.canvas.clone().expect("this window is painted");
        self.app.world_mut().resource_mut::<InputFocus>().clear();
        let rested = self.elapsed() + REST;
        self.until("everything has come to rest", |window| window.elapsed() > rested);
        self.frames(REST_FRAMES);
        let keep = |shot: On<ScreenshotCaptured>, mut commands: Commands| {
            commands.insert_resource(Shot(Picture::of(&shot.image)));
        };
        self.app.world_mut().commands().spawn(Screenshot::image(canvas)).observe(keep);
        self.until("the picture is taken", |window| window.app.world().contains_resource::<Shot>());
        self.app.world_mut().remove_resource::<Shot>().expect("it was there just now").0
    }

    /// Replaces these words by others, for pictures. They stay until the screen changes the text.
    pub fn write_over(&mut self, words: &str, other: &str) {
        let mut texts = self.app.world_mut().query::<&mut Text>();
        let found = texts.iter_mut(self.app.world_mut()).filter(|text| text.0 == words);
        found.for_each(|mut text| other.clone_into(&mut text.0));
    }

    /// Lets `count` frames pass.
    pub fn frames(&mut self, count: usize) {
        (0..count).for_each(|_| self.app.update());
    }

    /// Lets frames pass until `done`, in real time.
    ///
    /// # Panics
    /// After 120 s, with the texts that are visible then. The bound only keeps a broken build from hanging.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !done(self) {
            assert!(Instant::now() < end, "{what}: not in 120 s; seen is {:?}", self.texts());
            self.app.update();
        }
    }

    /// Waits until these words are visible, as a part of any text.
    pub fn until_seen(&mut self, words: &str) {
        self.until(words, |window| window.sees(words));
    }

    /// Waits for a screen.
    pub fn until_screen(&mut self, screen: Screen) {
        self.until(&format!("{screen:?}"), |window| window.screen() == screen);
        // Its content comes with the next frames.
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

    /// The player's session, for a test that breaks something.
    pub fn session_mut(&mut self) -> Mut<'_, Session> {
        self.app.world_mut().resource_mut::<Session>()
    }

    /// The player's settings.
    pub fn settings(&self) -> &Settings {
        self.app.world().resource::<Settings>()
    }

    /// How long the window has been open.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// All visible texts, each with its spans, in no order.
    pub fn texts(&mut self) -> Vec<String> {
        self.visible_texts().into_iter().map(|(words, _)| words).collect()
    }

    /// Whether these words are visible, as a part of any text.
    pub fn sees(&mut self, words: &str) -> bool {
        self.texts().iter().any(|text| text.contains(words))
    }

    /// Whether a visible text is exactly these words.
    pub fn sees_exactly(&mut self, words: &str) -> bool {
        self.texts().iter().any(|text| text == words)
    }

    /// All visible colours: of texts, and of filled nodes.
    pub fn colors(&mut self) -> Vec<Color> {
        let mut nodes =
            self.app.world_mut().query::<(&InheritedVisibility, Option<&TextColor>, Option<&BackgroundColor>)>();
        let seen = nodes.iter(self.app.world()).filter(|(visibility, ..)| visibility.get());
        seen.flat_map(|(_, text, background)| text.map(|it| it.0).into_iter().chain(background.map(|it| it.0)))
            .collect()
    }

    /// Players whose colours are in visible pictures: the ones with a line among the score curves of the results.
    pub fn players_in_pictures(&mut self) -> Vec<Slot> {
        let mut nodes = self.app.world_mut().query::<(&ImageNode, &InheritedVisibility)>();
        let world = self.app.world();
        let (images, colors) = (world.resource::<Assets<Image>>(), world.resource::<Colors>());
        let seen = nodes.iter(world).filter(|(_, visibility)| visibility.get());
        let pictures: Vec<&[u8]> = seen.filter_map(|(node, _)| images.get(&node.image)?.data.as_deref()).collect();
        let is_drawn = |slot: &Slot| {
            let [red, green, blue, _] = colors.player(*slot).to_srgba().to_u8_array();
            pictures.iter().any(|bytes| bytes.as_chunks::<4>().0.contains(&[red, green, blue, 255]))
        };
        Slot::all().filter(is_drawn).collect()
    }

    /// The contents of the text fields, in no order.
    pub fn fields(&mut self) -> Vec<String> {
        let mut fields = self.app.world_mut().query::<&EditableText>();
        fields.iter(self.app.world()).map(|field| field.value().to_string()).collect()
    }

    /// The rectangle of every button, in pixels.
    pub fn buttons(&mut self) -> Vec<Rect> {
        let mut buttons = self.app.world_mut().query_filtered::<(&ComputedNode, &UiGlobalTransform, &InheritedVisibility), With<bevy::ui_widgets::Button>>();
        let seen = buttons.iter(self.app.world()).filter(|(.., visibility)| visibility.get());
        seen.map(|(node, place, _)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    /// The rectangle of every slider, in pixels.
    pub fn sliders(&mut self) -> Vec<Rect> {
        let mut sliders = self
            .app
            .world_mut()
            .query_filtered::<(&ComputedNode, &UiGlobalTransform), With<bevy::ui_widgets::Slider>>();
        let places = sliders.iter(self.app.world());
        places.map(|(node, place)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    /// The rectangle of every HUD panel, in pixels.
    pub fn panels(&mut self) -> Vec<Rect> {
        let mut panels = self
            .app
            .world_mut()
            .query_filtered::<(&ComputedNode, &UiGlobalTransform, &InheritedVisibility), With<HudPanel>>();
        let seen = panels.iter(self.app.world()).filter(|(node, _, visibility)| visibility.get() && !node.is_empty());
        seen.map(|(node, place, _)| Rect::from_center_size(place.translation, node.size())).collect()
    }

    fn visible_texts(&mut self) -> Vec<(String, Vec2)> {
        let mut spans = self.app.world_mut().query::<&TextSpan>();
        let mut texts =
            self.app
                .world_mut()
                .query::<(&Text, Option<&Children>, &InheritedVisibility, &ComputedNode, &UiGlobalTransform)>();
        let world = self.app.world();
        let seen = texts.iter(world).filter(|(text, _, visibility, node, _)| {
            visibility.get() && !text.0.is_empty() && node.size().min_element() > 0.0
        });
        let mut whole = |text: &Text, children: Option<&Children>| {
            let spans = children.into_iter().flatten().filter_map(|child| spans.get(world, *child).ok());
            spans.fold(text.0.clone(), |whole, span| whole + &span.0)
        };
        seen.map(|(text, children, .., place)| (whole(text, children), place.translation)).collect()
    }

    /// Clicks on a text that is exactly these words.
    ///
    /// # Panics
    /// When there is none.
    pub fn click(&mut self, words: &str) {
        self.hold(words);
        self.let_go();
    }

    /// The texts in a column of the window (pixels from the left), from top to bottom.
    pub fn from_top(&mut self, words: &[String], column: Range<f32>) -> Vec<String> {
        let mut found = self.visible_texts();
        found.retain(|(text, place)| words.contains(text) && column.contains(&place.x));
        found.sort_by(|(_, first), (_, second)| first.y.total_cmp(&second.y));
        found.into_iter().map(|(text, _)| text).collect()
    }

    /// Presses the mouse on a text that is exactly these words, and holds it.
    ///
    /// # Panics
    /// When there is none.
    pub fn hold(&mut self, words: &str) {
        let found = self.visible_texts().into_iter().find(|(text, _)| text == words);
        let (_, position) = found.unwrap_or_else(|| panic!("there is no {words:?}: seen is {:?}", self.texts()));
        self.hold_at(position);
    }

    /// Clicks at a position in the window, in pixels.
    pub fn click_at(&mut self, position: Vec2) {
        self.hold_at(position);
        self.let_go();
    }

    /// Presses the mouse at a position in the window, in pixels, and holds it.
    pub fn hold_at(&mut self, position: Vec2) {
        let window = self.window;
        self.app.world_mut().write_message(WindowEvent::CursorMoved(CursorMoved { window, position, delta: None }));
        self.frames(CLICK_FRAMES);
        self.mouse(MouseButton::Left, ButtonState::Pressed);
    }

    /// Releases the mouse where it is.
    pub fn let_go(&mut self) {
        self.mouse(MouseButton::Left, ButtonState::Released);
    }

    /// Closes the window, as the button in its frame does.
    pub fn close(mut self) {
        self.app.world_mut().write_message(AppExit::Success);
        self.frames(1);
    }

    /// Presses or releases a mouse button where the mouse is.
    pub fn mouse(&mut self, button: MouseButton, state: ButtonState) {
        let input = MouseButtonInput { button, state, window: self.window };
        self.app.world_mut().write_message(input);
        self.app.world_mut().write_message(WindowEvent::MouseButtonInput(input));
        self.frames(CLICK_FRAMES);
    }

    /// Moves the mouse to a position in the window, in pixels, for code that reads it from the window.
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

    /// Presses and releases a key.
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
