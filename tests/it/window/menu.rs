//! The menu: name, Tab, arrow keys, clicks, and what is remembered for the next start.

use bevy::prelude::*;
use framehouse_window::screens::Screen;

use super::{Folder, open, open_at, open_window, start_server};

#[test]
fn names_in_any_script_are_typed_and_remembered() {
    let (server, folder) = (start_server(), Folder::new());
    for name in ["Zoë", "Ольга", "Νίκος", "张伟", "محمد", "🚀 Ada"] {
        let mut window = open_window(&server, &folder, "");
        // The name has the focus, and its text is selected.
        window.type_text(name);
        assert_eq!(window.settings().name, name);
        window.until("the settings are written", |_| {
            std::fs::read_to_string(folder.0.join("settings.toml")).is_ok_and(|text| text.contains(name))
        });
        assert!(open_window(&server, &folder, "").fields().contains(&name.to_owned()));
    }
}

#[test]
fn everything_on_the_menu_is_reached_by_tab_and_by_arrows() {
    let folder = Folder::new();
    let mut window = open(&format!("--server 127.0.0.1:1 --config-dir {}", folder.0.display()));
    // Name, server, quick match, practice, create, browse, code, join, watch, settings.
    (0..9).for_each(|_| window.key(KeyCode::Tab));
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Settings);
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Menu);
    // From the name down: server, quick match, create, code; the list of rooms is beside.
    (0..3).for_each(|_| window.key(KeyCode::ArrowDown));
    window.key(KeyCode::ArrowRight);
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Browser);
}

#[test]
fn a_bad_code_is_told_and_nobody_is_asked() {
    let folder = Folder::new();
    let mut window = open(&format!("--server 127.0.0.1:1 --config-dir {}", folder.0.display()));
    window.click("Join");
    window.until_seen("A room code has four or six letters or digits");
    assert_eq!(window.screen(), Screen::Menu);
}

#[test]
fn all_buttons_are_inside_small_and_large_windows() {
    for (size, scale) in [(UVec2::new(800, 600), 1.6), (UVec2::new(1280, 720), 1.0), (UVec2::new(3840, 2160), 0.8)] {
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).expect("a folder of ours");
        std::fs::write(folder.0.join("settings.toml"), format!("text_scale = {scale}")).expect("a folder of ours");
        for screen in ["menu", "browser", "settings"] {
            let line = format!("--server 127.0.0.1:1 --screen {screen} --config-dir {}", folder.0.display());
            let mut window = open_at(&line, size);
            window.until("panels have risen", |window| window.elapsed().as_secs_f32() > 0.8);
            let inside = Rect::from_corners(Vec2::ZERO, size.as_vec2());
            let buttons = window.buttons();
            assert!(buttons.len() >= 8, "{screen}: only {} buttons are seen", buttons.len());
            // The settings scroll up and down, and nothing else does.
            let is_inside = |button: &Rect| match screen {
                "settings" => button.min.x >= 0.0 && button.max.x <= inside.max.x,
                _ => inside.contains(button.min) && inside.contains(button.max),
            };
            let outside = buttons.iter().find(|button| !is_inside(button));
            assert_eq!(outside, None, "{screen} at {size} and {scale}");
        }
    }
}
