//! Problems: why there is no session, as a title and a sentence in the player's language.

use std::{io, path::Path};

use bevy::utils::default;
use framehouse_client::{
    connect::ConnectError,
    net::{Cause, End},
    playback::PlaybackError,
};
use framehouse_shared::protocol::end::EndCode;

use crate::{
    settings::Settings,
    texts::{T, fill},
};

/// A problem, described for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// A few words.
    pub title: String,
    /// The cause, and what the player can do.
    pub sentence: String,
    /// Whether the same request may succeed a moment later.
    pub can_try_again: bool,
}

impl Problem {
    /// The problem of a refused request, or of an unreachable server.
    pub fn of_refusal(error: &ConnectError, settings: &Settings) -> Self {
        let (title, sentence) = match error {
            ConnectError::Unreachable { url, .. } => (T::NotReached, settings.say(T::NotReachedWhy).replace("{}", url)),
            ConnectError::ForeignAddress { url, address } => {
                (T::NotOurs, fill(settings.say(T::ForeignAddressWhy), &[url, &address.to_string()]))
            }
            ConnectError::NotUnderstood { url, .. } => (T::NotOurs, settings.say(T::NotOursWhy).replace("{}", url)),
            ConnectError::Refused { code, message, .. } => refused(code, message, settings),
        };
        let can_try_again = error.is_passing() || title == T::RoomFull;
        Self { title: settings.say(title).to_owned(), sentence, can_try_again }
    }

    /// The problem of a session that ended.
    pub fn of_end(end: &End, settings: &Settings) -> Self {
        let (title, why) = of_cause(end.cause);
        let sentence = match why {
            // Only the reason says which side has which version.
            T::VersionDiffersWhy => version_differs(&end.reason, settings),
            why => settings.say(why).to_owned(),
        };
        let can_try_again = matches!(title, T::SessionOver | T::NotReached | T::TooSlow);
        Self { title: settings.say(title).to_owned(), sentence, can_try_again }
    }

    /// The problem of a lost session whose seat can no longer be resumed.
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

    /// The problem of a replay file that cannot be read.
    pub fn of_file(file: &Path, error: &io::Error, settings: &Settings) -> Self {
        let sentence = fill(settings.say(T::ReplayUnreadable), &[&file.display().to_string(), &error.to_string()]);
        Self { title: settings.say(T::BadReplay).to_owned(), sentence, ..default() }
    }

    /// The problem of a replay that the server does not provide.
    pub fn of_missing_replay(error: &ConnectError, settings: &Settings) -> Self {
        Self { can_try_again: false, ..Self::of_refusal(error, settings) }
    }

    /// The problem of a replay that cannot be played back.
    pub fn of_playback(error: &PlaybackError, settings: &Settings) -> Self {
        let why = match error {
            PlaybackError::OtherRelease(_) => T::ReplayOfOthers,
            PlaybackError::File(_) | PlaybackError::TooLong(_) | PlaybackError::BadOpening(_) => T::ReplayWrong,
        };
        let sentence = fill(settings.say(why), &[&error.to_string()]);
        Self { title: settings.say(T::BadReplay).to_owned(), sentence, ..default() }
    }
}

/// Title and sentence for the server's end codes.
const fn of_code(code: EndCode) -> (T, T) {
    match code {
        EndCode::Left => (T::SessionOver, T::YouLeftWhy),
        EndCode::ConnectionLost => (T::SessionOver, T::ConnectionLostWhy),
        EndCode::Kicked => (T::Kicked, T::KickedWhy),
        EndCode::RoomClosed => (T::RoomClosed, T::RoomClosedWhy),
        EndCode::RemovedByOperator => (T::Kicked, T::RemovedWhy),
        EndCode::Banned => (T::Banned, T::BannedWhy),
        EndCode::ClosedByOperator => (T::RoomClosed, T::ClosedByOperatorWhy),
        EndCode::RoomDeserted => (T::RoomClosed, T::RoomDesertedWhy),
        EndCode::RoomIdle => (T::RoomClosed, T::RoomIdleWhy),
        EndCode::RoomFaulted => (T::RoomClosed, T::RoomFaultedWhy),
        EndCode::RoomGone => (T::RoomClosed, T::RoomGoneWhy),
        EndCode::ServerStopping => (T::Stopping, T::StoppingWhy),
        EndCode::Draining | EndCode::Moved => (T::Restarting, T::RestartingWhy),
        EndCode::TakenOver => (T::TakenOver, T::TakenOverWhy),
        EndCode::SeatNotKept => (T::SeatGone, T::SeatGoneWhy),
        EndCode::SpectatorsFull => (T::RoomFull, T::SpectatorsFullWhy),
        EndCode::TookTooLong => (T::TooSlow, T::TooSlowWhy),
        EndCode::SentTooMuch => (T::SentTooMuch, T::SentTooMuchWhy),
        EndCode::MadeNoSense => (T::SentTooMuch, T::MadeNoSenseWhy),
        EndCode::VersionDiffers => (T::VersionDiffers, T::VersionDiffersWhy),
        EndCode::Desynced => (T::VersionDiffers, T::CalculatesDifferentlyWhy),
    }
}

/// Title and sentence for all causes of an end.
const fn of_cause(cause: Cause) -> (T, T) {
    match cause {
        Cause::Server(code) => of_code(code),
        Cause::Left => (T::SessionOver, T::YouLeftWhy),
        Cause::NoAnswer => (T::NotReached, T::NoUdpWhy),
        Cause::Silence => (T::SessionOver, T::ConnectionLostWhy),
        Cause::NoPlace => (T::ServerFull, T::ServerFullWhy),
        Cause::NoSeat => (T::TooSlow, T::NoSeatWhy),
        Cause::Closed => (T::SessionOver, T::ConnectionClosedWhy),
        Cause::Stalled => (T::SessionOver, T::ConnectionStalledWhy),
        Cause::NotUnderstood => (T::VersionDiffers, T::VersionDiffersWhy),
        Cause::GameFailed => (T::SessionOver, T::GameFailedWhy),
    }
}

fn refused(code: &str, message: &str, settings: &Settings) -> (T, String) {
    let (title, sentence) = match code {
        "room_full" => (T::RoomFull, T::RoomFullWhy),
        "spectators_full" => (T::RoomFull, T::SpectatorsFullWhy),
        "no_such_room" => (T::NoSuchRoom, T::NoSuchRoomWhy),
        "no_such_seat" => (T::SeatGone, T::SeatGoneWhy),
        "server_full" => (T::ServerFull, T::ServerFullWhy),
        "address_full" => (T::AddressFull, T::AddressFullWhy),
        "too_many_codes" => (T::TooManyCodes, T::TooManyCodesWhy),
        "already_playing" => (T::AlreadyPlaying, T::AlreadyPlayingWhy),
        "sent_away" => (T::Kicked, T::KickedWhy),
        "token_missing" => (T::SignIn, T::TokenMissingWhy),
        "token_expired" => (T::SignIn, T::TokenExpiredWhy),
        "token_not_yet_valid" => (T::SignIn, T::TokenEarlyWhy),
        "token_foreign" => (T::SignIn, T::TokenForeignWhy),
        "token_malformed" | "token_unsigned" | "token_unknown_key" | "token_wrongly_signed" => {
            (T::SignIn, T::TokenRefusedWhy)
        }
        "banned" => return (T::Banned, format!("{} {}", settings.say(T::BannedWhy), as_sentence(message))),
        "switched_off" => (T::SwitchedOff, T::SwitchedOffWhy),
        "draining" => (T::Stopping, T::StoppingWhy),
        "busy" | "overloaded" => (T::ServerBusy, T::ServerBusyWhy),
        "no_such_replay" => (T::BadReplay, T::NoReplay),
        "mismatch" => return (T::VersionDiffers, version_differs(message, settings)),
        _ => return (T::NoSession, as_sentence(message)),
    };
    (title, settings.say(sentence).to_owned())
}

fn version_differs(reason: &str, settings: &Settings) -> String {
    format!("{} {}", settings.say(T::VersionDiffersWhy), as_sentence(reason))
}

/// Makes a whole sentence of a reason: some servers and libraries send half a sentence.
pub fn as_sentence(words: &str) -> String {
    let mut letters = words.trim().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.trim_end().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    /// Whether a sentence is in this language from start to end.
    fn is_spoken(sentence: &str, language: Language) -> bool {
        let has_chinese = sentence.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        match language == Language::CHINESE {
            true => has_chinese && sentence.ends_with(['\u{3002}', '\u{ff1f}']),
            false => !has_chinese && sentence.ends_with(['.', '?']),
        }
    }

    fn refusal(code: &str) -> ConnectError {
        ConnectError::Refused { status: 409, code: code.to_owned(), message: "the server says no".to_owned() }
    }

    #[test]
    fn every_refusal_is_a_sentence_in_both_languages() {
        for language in Language::ALL {
            let settings = Settings { language, ..default() };
            for code in [
                "room_full",
                "spectators_full",
                "no_such_room",
                "no_such_seat",
                "server_full",
                "overloaded",
                "address_full",
                "too_many_codes",
                "sent_away",
                "already_playing",
                "switched_off",
                "draining",
                "token_missing",
                "token_malformed",
                "token_unsigned",
                "token_unknown_key",
                "token_wrongly_signed",
                "token_expired",
                "token_not_yet_valid",
                "token_foreign",
            ] {
                let problem = Problem::of_refusal(&refusal(code), &settings);
                assert!(is_spoken(&problem.sentence, language), "{problem:?}");
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
    fn every_end_is_a_title_and_a_sentence_in_every_language() {
        let noticed = [
            Cause::Left,
            Cause::NoAnswer,
            Cause::Silence,
            Cause::NoPlace,
            Cause::NoSeat,
            Cause::Closed,
            Cause::Stalled,
            Cause::NotUnderstood,
            Cause::GameFailed,
        ];
        for cause in EndCode::ALL.iter().map(|code| Cause::Server(*code)).chain(noticed) {
            let end = End { cause, reason: "words of the wire".to_owned(), is_lost: false };
            let problems = Language::ALL.map(|language| Problem::of_end(&end, &Settings { language, ..default() }));
            for (problem, language) in problems.iter().zip(Language::ALL) {
                let is_about_versions = of_cause(cause).1 == T::VersionDiffersWhy;
                assert_eq!(problem.sentence.contains("ords of the wire"), is_about_versions, "{problem:?}");
                assert!(is_about_versions || is_spoken(&problem.sentence, language), "{problem:?}");
            }
            assert!(!problems[0].title.is_empty() && problems[0].title != problems[1].title, "{problems:?}");
        }
    }

    #[test]
    fn only_what_can_pass_is_tried_again() {
        let can_try_again = |cause| {
            let end = End { cause, reason: String::new(), is_lost: false };
            Problem::of_end(&end, &Settings::default()).can_try_again
        };
        assert!([Cause::NoAnswer, Cause::Closed, Cause::Server(EndCode::TookTooLong)].into_iter().all(can_try_again));
        assert!(
            !can_try_again(Cause::Server(EndCode::Kicked)) && !can_try_again(Cause::Server(EndCode::VersionDiffers))
        );
    }
}
