//! Settings: keys and mouse buttons, colours, languages; choices are kept for the next start.

use bevy::{input::ButtonState, prelude::*};
use framehouse_window::{keys::Press, palette::Palette, screens::Screen};

use super::{Folder, open_window, start_server};

#[test]
fn keys_are_bound_anew_and_stay_so() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--screen settings");
    window.click("Mouse right");
    window.until_seen("Press a key or a mouse button for: Dash");
    window.key(KeyCode::KeyQ);
    window.until("the key is shown", |window| window.sees_exactly("Q"));
    window.click("Space");
    window.mouse(MouseButton::Back, ButtonState::Pressed);
    window.mouse(MouseButton::Back, ButtonState::Released);
    window.until_seen("Mouse back");
    window.click("Mouse back");
    window.key(KeyCode::Escape);
    assert_eq!(window.screen(), Screen::Settings, "Escape only ends the waiting");
    window.click("colour-blind friendly");
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Menu);
    window.until("the settings are written", |_| {
        std::fs::read_to_string(folder.0.join("settings.toml"))
            .is_ok_and(|text| text.contains("KeyQ") && text.contains("distinct"))
    });
    let again = open_window(&server, &folder, "");
    let keys = &again.settings().keys;
    assert_eq!(keys.of("dash")[0], Some(Press::Key(KeyCode::KeyQ)));
    assert_eq!(keys.of("fire")[1], Some(Press::Mouse(MouseButton::Back)));
    assert_eq!(again.settings().palette, Palette::Distinct);
}

#[test]
fn text_grows_with_the_slider() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--screen settings");
    let before = window.settings().text_scale;
    window.until("the slider is found", |window| {
        window.key(KeyCode::Tab);
        window.key(KeyCode::ArrowRight);
        (window.settings().text_scale - before).abs() > 0.05
    });
    assert!(window.settings().text_scale > before);
    assert!(window.sees("110 %"));
}
