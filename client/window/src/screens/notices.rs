//! Toasts for notices of the session that no screen shows.

use bevy::prelude::*;
use framehouse_client::client::Notice;

use crate::{
    session::{SessionNotice, as_sentence},
    texts::T,
    ui::toast::{Toast, ToastKind},
};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, tell);
}

fn tell(mut heard: MessageReader<SessionNotice>, mut toasts: MessageWriter<Toast>) {
    for SessionNotice(notice) in heard.read() {
        match notice {
            Notice::Refused(reason) => {
                toasts.write(Toast::sentence(ToastKind::Bad, as_sentence(reason)));
            }
            // Without a component it is only known that something differs: the name follows.
            Notice::Desync { component: Some(component), field: None, .. } => {
                toasts.write(Toast::with(ToastKind::Bad, T::Desync, component));
            }
            _ => {}
        }
    }
}
