//! Why there is no session any more, as a title and a sentence in the player's language.

use std::{io, path::Path};

use bevy::utils::default;

use crate::{
    connect::ConnectError,
    film::FilmError,
    net::End,
    window::{
        settings::Settings,
        texts::{T, fill},
    },
};

/// What went wrong, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// A few words.
    pub title: String,
    /// What happened and what can be done.
    pub sentence: String,
    /// Whether the same can succeed a moment later.
    pub can_try_again: bool,
}

impl Problem {
    /// A server refused, or none was reached.
    pub fn of_refusal(error: &ConnectError, settings: &Settings) -> Self {
        let (title, sentence) = match error {
            ConnectError::Unreachable { url, .. } => (T::NotReached, settings.say(T::NotReachedWhy).replace("{}", url)),
            ConnectError::NotUnderstood { url, .. } => (T::NotOurs, settings.say(T::NotOursWhy).replace("{}", url)),
            ConnectError::Refused { code, message, .. } => refused(code, message, settings),
        };
        let can_try_again = error.is_passing() || title == T::RoomFull;
        Self { title: settings.say(title).to_owned(), sentence, can_try_again }
    }

    /// A session came to its end.
    pub fn of_end(end: &End, settings: &Settings) -> Self {
        let reason = end.reason.as_str();
        let known = ENDINGS.iter().find(|(words, ..)| reason.contains(words));
        let (title, sentence) = match known {
            Some((_, title, why)) => (*title, settings.say(*why).to_owned()),
            None if is_about_versions(reason) => (T::VersionDiffers, version_differs(reason, settings)),
            // A server's own sentence is better than none.
            None => (T::SessionOver, as_sentence(reason)),
        };
        Self { title: settings.say(title).to_owned(), sentence, can_try_again: title == T::SessionOver }
    }

    /// A lost session's seat is not to be had any more.
    pub fn of_lost_seat(error: Option<&ConnectError>, settings: &Settings) -> Self {
        let of_server = error.filter(|error| !matches!(error, ConnectError::Unreachable { .. }));
        let is_known = |problem: &Self| problem.title != settings.say(T::SeatGone);
        let detail = of_server.map(|error| Self::of_refusal(error, settings)).filter(is_known);
        let sentence = match (&detail, error) {
            (Some(problem), _) => format!("{} {}", settings.say(T::SeatGoneWhy), problem.sentence),
            (None, Some(ConnectError::Unreachable { .. })) => settings.say(T::ServerGoneWhy).to_owned(),
            (None, _) => settings.say(T::SeatGoneWhy).to_owned(),
        };
        Self { title: settings.say(T::SeatGone).to_owned(), sentence, ..default() }
    }

    /// A replay's file cannot be read.
    pub fn of_file(file: &Path, error: &io::Error, settings: &Settings) -> Self {
        let sentence = fill(settings.say(T::ReplayUnreadable), &[&file.display().to_string(), &error.to_string()]);
        Self { title: settings.say(T::BadReplay).to_owned(), sentence, ..default() }
    }

    /// A file is not a replay that can be shown.
    pub fn of_film(error: &FilmError, settings: &Settings) -> Self {
        let why = match error {
            FilmError::OtherRelease(_) => T::ReplayOfOthers,
            FilmError::File(_) | FilmError::TooLong | FilmError::BadOpening => T::ReplayWrong,
        };
        let sentence = fill(settings.say(why), &[&error.to_string()]);
        Self { title: settings.say(T::BadReplay).to_owned(), sentence, ..default() }
    }
}

/// What servers say at the end of a session, by words of it: the wire carries a sentence, which is English.
const ENDINGS: [(&str, T, T); 15] = [
    ("host sent you away", T::Kicked, T::KickedWhy),
    ("host closed the room", T::RoomClosed, T::RoomClosedWhy),
    ("all players have left", T::RoomClosed, T::RoomDesertedWhy),
    ("so long that it was closed", T::RoomClosed, T::RoomIdleWhy),
    ("room was closed before", T::RoomClosed, T::RoomIdleWhy),
    ("because of an error in the server", T::RoomClosed, T::RoomFaultedWhy),
    ("server is stopping", T::Stopping, T::StoppingWhy),
    ("came in from somewhere else", T::TakenOver, T::TakenOverWhy),
    ("seat was not kept", T::SeatGone, T::SeatGoneWhy),
    ("as many people watch", T::RoomFull, T::SpectatorsFullWhy),
    ("sent far more", T::SentTooMuch, T::SentTooMuchWhy),
    ("sent too m", T::SentTooMuch, T::SentTooMuchWhy),
    ("calculated differently", T::VersionDiffers, T::CalculatesDifferentlyWhy),
    ("did not introduce itself", T::TooSlow, T::TooSlowWhy),
    ("connection took too long", T::TooSlow, T::TooSlowWhy),
];

fn refused(code: &str, message: &str, settings: &Settings) -> (T, String) {
    let (title, sentence) = match code {
        "room_full" => (T::RoomFull, T::RoomFullWhy),
        "spectators_full" => (T::RoomFull, T::SpectatorsFullWhy),
        "no_such_room" => (T::NoSuchRoom, T::NoSuchRoomWhy),
        "no_such_seat" => (T::SeatGone, T::SeatGoneWhy),
        "server_full" => (T::ServerFull, T::ServerFullWhy),
        "draining" => (T::Stopping, T::StoppingWhy),
        "busy" => (T::ServerBusy, T::ServerBusyWhy),
        "mismatch" => return (T::VersionDiffers, version_differs(message, settings)),
        _ => return (T::NoSession, as_sentence(message)),
    };
    (title, settings.say(sentence).to_owned())
}

fn is_about_versions(reason: &str) -> bool {
    ["protocol", "fingerprint", "version", "plays \""].iter().any(|word| reason.contains(word))
}

fn version_differs(reason: &str, settings: &Settings) -> String {
    format!("{} {}", settings.say(T::VersionDiffersWhy), as_sentence(reason))
}

/// Reasons come from several places, some of them as half a sentence.
pub fn as_sentence(words: &str) -> String {
    let mut letters = words.trim().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.trim_end().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::texts::Language;

    fn refusal(code: &str) -> ConnectError {
        ConnectError::Refused { status: 409, code: code.to_owned(), message: "the server says no".to_owned() }
    }

    #[test]
    fn every_refusal_is_a_sentence_in_both_languages() {
        for language in Language::ALL {
            let settings = Settings { language, ..default() };
            for code in ["room_full", "spectators_full", "no_such_room", "no_such_seat", "server_full", "draining"] {
                let problem = Problem::of_refusal(&refusal(code), &settings);
                assert!(problem.sentence.ends_with(['.', '\u{3002}']), "{problem:?}");
                assert!(!problem.sentence.contains("says no"), "{code} has words of its own");
            }
            let other = Problem::of_refusal(&refusal("new_code"), &settings);
            assert_eq!(other.sentence, "The server says no.");
        }
    }

    #[test]
    fn an_unreachable_server_is_named() {
        let error = ConnectError::Unreachable { url: "http://h:1".to_owned(), cause: "refused".to_owned() };
        let problem = Problem::of_refusal(&error, &Settings::default());
        assert!(problem.sentence.contains("http://h:1") && problem.can_try_again);
        let gone = Problem::of_lost_seat(Some(&error), &Settings::default());
        assert!(!gone.can_try_again && gone.sentence.contains("server"));
    }

    #[test]
    fn whoever_was_sent_away_is_told_so() {
        let end = |reason: &str| End { reason: reason.to_owned(), is_lost: false };
        let title = |reason: &str| Problem::of_end(&end(reason), &Settings::default()).title;
        let say = |text| Settings::default().say(text);
        assert_eq!(title("the host sent you away"), say(T::Kicked));
        assert_eq!(title("the host closed the room"), say(T::RoomClosed));
        assert_eq!(title("the server is stopping: try again in a minute"), say(T::Stopping));
        assert_eq!(title("this server speaks protocol 1 and your client 2: update"), say(T::VersionDiffers));
        assert_eq!(title("you came in from somewhere else, and this connection gave way"), say(T::TakenOver));
        assert_eq!(title("your client sent far more than allowed"), say(T::SentTooMuch));
        assert_eq!(title("you were silent"), say(T::SessionOver));
    }
}
