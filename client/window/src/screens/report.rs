//! Reports: a player tells the operators of the server about another one, from the lobby or the results.

use bevy::{
    input_focus::{AutoFocus, FocusCause, InputFocus},
    prelude::*,
};
use framehouse_client::{client::Client, connect::ConnectError, rooms::report_player};
use framehouse_shared::{api::code, ids::Slot};

use super::Dialog;
use crate::{
    actions::{Action, HandleActions, ReportReason},
    palette::{TEXT, TEXT_MUTED},
    session::{BackgroundTask, JoinTarget, Problem, Session},
    settings::Settings,
    texts::{Language, Phrase, T},
    ui::{
        Kind, Kit,
        toast::{Toast, ToastKind},
    },
};

/// All reasons, in the order of their buttons.
const REASONS: [ReportReason; 4] =
    [ReportReason::Cheats, ReportReason::Insults, ReportReason::Spoils, ReportReason::Name];

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Sending>();
    // After the screens, for which Escape means something else while no dialog is open.
    app.add_systems(Update, (handle_actions, tell).chain().after(HandleActions));
}

/// The report that is on its way.
#[derive(Resource, Default)]
struct Sending(Option<BackgroundTask<Result<u64, ConnectError>>>);

/// Whether the player can report others: not without a seat, and not its own bots.
pub(super) fn can_report(session: &Session) -> bool {
    let has_seat = session.client().is_some_and(|client| client.slot().is_some());
    has_seat && session.target() != Some(&JoinTarget::Practice)
}

/// Name of the player in a seat, also of one that has left after the match.
pub(super) fn name_of(client: &Client, slot: Slot) -> Option<String> {
    let mut members = client.members().into_iter().flatten().flatten();
    let member = members.find(|member| member.slot == slot).map(|member| member.name.clone());
    let ranked = || client.results()?.ranking.iter().find(|entry| entry.slot == slot).map(|entry| entry.name.clone());
    member.or_else(ranked)
}

/// Spawns the dialog about a player.
pub(super) fn spawn(front: &mut ChildSpawnerCommands<'_>, kit: &Kit, name: &str) {
    front.spawn(kit.card(480.0)).with_children(|card| {
        card.spawn(kit.strong(&kit.fill(T::ReportTitle, &[name]), 26.0, TEXT));
        card.spawn(kit.words(kit.say(T::ReportWhy), 15.0, TEXT_MUTED));
        for reason in REASONS {
            let button = kit.button(Action::SendReport(reason), kit.say(text_of(reason)), Kind::Plain);
            card.spawn(kit.row(0.0)).with_child(button);
        }
        // Nobody is reported by one key too many.
        card.spawn(kit.row(0.0)).with_child((kit.button(Action::Back, kit.say(T::Cancel), Kind::Main), AutoFocus));
    });
}

const fn text_of(reason: ReportReason) -> T {
    match reason {
        ReportReason::Cheats => T::ReportCheats,
        ReportReason::Insults => T::ReportInsults,
        ReportReason::Spoils => T::ReportSpoils,
        ReportReason::Name => T::ReportName,
    }
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    session: Res<Session>,
    mut dialog: ResMut<Dialog>,
    mut sending: ResMut<Sending>,
    (mut focus, buttons): (ResMut<InputFocus>, Query<(Entity, &Action)>),
) {
    let is_gone = |slot| session.client().is_none_or(|client| name_of(client, slot).is_none());
    if matches!(*dialog, Dialog::Report(slot) if is_gone(slot)) {
        *dialog = Dialog::None;
    }
    for action in actions.read() {
        match (action, *dialog) {
            (Action::Report(slot), Dialog::None) => *dialog = Dialog::Report(*slot),
            (Action::Back | Action::SendReport(_), Dialog::Report(slot)) => {
                if let Action::SendReport(reason) = action {
                    send(&session, slot, *reason, &mut sending);
                }
                *dialog = Dialog::None;
                if let Some((button, _)) = buttons.iter().find(|(_, action)| **action == Action::Report(slot)) {
                    focus.set(button, FocusCause::Navigated);
                }
            }
            _ => {}
        }
    }
}

fn send(session: &Session, slot: Slot, reason: ReportReason, sending: &mut Sending) {
    // Operators read English.
    let text = Phrase::from(text_of(reason)).text(Language::ENGLISH);
    if let Some(report) = session.report(slot, text) {
        let server = session.server().to_owned();
        sending.0 = Some(BackgroundTask::begin(move || report_player(&server, &report)));
    }
}

/// Says what has become of a report.
fn tell(settings: Res<Settings>, mut sending: ResMut<Sending>, mut toasts: MessageWriter<Toast>) {
    let Some(outcome) = sending.0.as_mut().and_then(BackgroundTask::take) else { return };
    sending.0 = None;
    toasts.write(match outcome {
        Ok(_) => Toast::new(ToastKind::Good, T::ReportThanks),
        Err(error) => Toast::with(ToastKind::Bad, T::ReportNotSent, why(&error, &settings)),
    });
}

fn why(error: &ConnectError, settings: &Settings) -> String {
    match error.code() {
        Some(code::NOT_FOUND) => settings.say(T::ReportGone).to_owned(),
        Some(code::CONFLICT) => settings.say(T::ReportLater).to_owned(),
        _ => Problem::of_refusal(error, settings).sentence,
    }
}
