//! Saving of a replay: fetched from the server into the player's folder after a match.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use framehouse_client::{
    client::Notice,
    replays::{SaveError, save_replay},
};
use framehouse_shared::{
    ids::MatchId,
    protocol::messages::{Phase, RoomEvent},
};

use crate::{
    actions::Action,
    session::{BackgroundTask, Problem, Session, SessionNotice},
    settings::{Settings, Store},
    texts::T,
};

/// Progress of saving the last match's replay.
#[derive(Resource, Default)]
pub struct Saving {
    match_id: Option<MatchId>,
    task: Option<BackgroundTask<Result<PathBuf, SaveError>>>,
    outcome: Outcome,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Outcome {
    #[default]
    Nothing,
    Saved(PathBuf),
    Failed(String),
}

/// The button and the text about saving.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavingShown {
    /// The button's label, if there is a button.
    pub button: Option<T>,
    /// The text about the outcome, and its detail.
    pub words: Option<(T, String)>,
}

impl Saving {
    /// The button and the text to show.
    pub fn shown(&self) -> SavingShown {
        let button = match (&self.task, &self.outcome) {
            (Some(_), _) => Some(T::SavingReplay),
            (None, Outcome::Saved(_)) => None,
            (None, _) => self.match_id.map(|_| T::SaveReplay),
        };
        let words = match &self.outcome {
            Outcome::Nothing => None,
            Outcome::Saved(path) => Some((T::ReplaySaved, path.display().to_string())),
            Outcome::Failed(sentence) => Some((T::ReplayNotSaved, sentence.clone())),
        };
        SavingShown { button, words }
    }
}

/// Offers a match's replay once its result is saved, and forgets it when the next match begins.
pub fn listen(mut heard: MessageReader<SessionNotice>, mut saving: ResMut<Saving>) {
    for SessionNotice(notice) in heard.read() {
        match notice {
            Notice::ResultSaved { match_id, .. } => {
                *saving = Saving { match_id: Some(*match_id), ..default() };
            }
            Notice::Welcomed | Notice::Room(RoomEvent::Phase(Phase::Loading { .. } | Phase::Countdown { .. })) => {
                *saving = Saving::default();
            }
            _ => {}
        }
    }
}

/// Starts saving on request, and takes the outcome.
pub fn save(
    mut actions: MessageReader<Action>,
    session: Res<Session>,
    settings: Res<Settings>,
    store: Res<Store>,
    mut saving: ResMut<Saving>,
) {
    let is_asked = actions.read().any(|action| *action == Action::SaveReplay);
    if let Some((match_id, folder)) = saving.match_id.zip(store.replays()).filter(|_| is_asked)
        && saving.task.is_none()
    {
        let server = session.server().to_owned();
        saving.task = Some(BackgroundTask::begin(move || save_replay(&server, match_id, Path::new(&folder))));
    }
    if let Some(outcome) = saving.task.as_mut().and_then(BackgroundTask::take) {
        saving.task = None;
        saving.outcome = match outcome {
            Ok(path) => Outcome::Saved(path),
            Err(error) => Outcome::Failed(sentence(&error, &settings)),
        };
    }
}

fn sentence(error: &SaveError, settings: &Settings) -> String {
    match error {
        _ if error.is_missing() => settings.say(T::NoReplay).to_owned(),
        SaveError::Server(error) => Problem::of_refusal(error, settings).sentence,
        SaveError::Broken(_) | SaveError::Disk(..) => error.to_string(),
    }
}
