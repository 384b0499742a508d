//! Bevy with a window. Without a display or a graphics driver Bevy panics, which becomes one sentence here.

use std::{any::Any, panic};

use bevy::{
    log::{BoxedFmtLayer, LogPlugin, tracing_subscriber::fmt},
    prelude::*,
};

use super::{main_window, view::About};

/// netcode and renet log single datagrams as errors, which the client counts; drivers log many messages at start.
const LOG_FILTER: &str = "warn,renetcode=off,renet=off,wgpu_hal=off,wgpu_core=error,naga=error,bevy_winit=error,\
                          winit=error,icu_provider=off,\
                          bevy_input_focus=error";

/// Logs to standard error. If that is closed or full, nobody is told: the layer would tell it to standard error.
fn log_layer(_: &mut App) -> Option<BoxedFmtLayer> {
    Some(Box::new(fmt::Layer::default().with_writer(std::io::stderr).log_internal_errors(false)))
}

/// Why there is no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWindow {
    /// No X11 or Wayland display.
    #[error("no display was found: start it in a graphical session (or with xvfb-run, on a machine without a screen)")]
    Display,
    /// No graphics driver.
    #[error("no graphics driver was found: install one for Vulkan (on Debian and Ubuntu: mesa-vulkan-drivers)")]
    Driver,
    /// Another reason, as Bevy says it.
    #[error("the window could not be opened: {0}")]
    Other(String),
}

/// Creates an app with Bevy's plugins and a window.
pub(super) fn open_window(about: &About) -> Result<App, NoWindow> {
    let hook = panic::take_hook();
    // The sentence replaces Bevy's message and backtrace.
    panic::set_hook(Box::new(|_| {}));
    let app =
        panic::catch_unwind(|| {
            let mut app = App::new();
            app.add_plugins(
                DefaultPlugins
                    .set(WindowPlugin { primary_window: Some(main_window(about)), ..default() })
                    .set(LogPlugin { filter: LOG_FILTER.to_owned(), fmt_layer: log_layer, ..default() }),
            );
            app
        });
    panic::set_hook(hook);
    app.map_err(|payload| NoWindow::of_panic(&message_of(&*payload)))
}

impl NoWindow {
    fn of_panic(message: &str) -> Self {
        match message {
            _ if message.contains("event loop") => Self::Display,
            _ if message.contains("GPU") => Self::Driver,
            _ => Self::Other(message.lines().next().unwrap_or_default().to_owned()),
        }
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of Bevy 0.19.
    #[test]
    fn panics_of_bevy_are_told_apart() {
        let reasons = [
            ("Failed to build event loop: Os(OsError { line: 788, .. })", NoWindow::Display),
            ("Unable to find a GPU! Make sure you have installed required drivers!", NoWindow::Driver),
            ("no fonts\nand more", NoWindow::Other("no fonts".to_owned())),
        ];
        for (message, reason) in reasons {
            let payload = panic::catch_unwind(|| panic!("{message}")).expect_err("it panics");
            assert_eq!(NoWindow::of_panic(&message_of(&*payload)), reason);
        }
    }
}
