//! Reasons for the end of a session: a code for programs and a sentence for players.

use serde::{Deserialize, Serialize};

macro_rules! end_codes {
    ($($(#[$doc:meta])* $name:ident: $sentence:literal;)*) => {
        /// Code for the end of a session, on the wire a number from 0. Add new codes last, with a new protocol version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EndCode { $($(#[$doc])* $name,)* }

        impl EndCode {
            /// All codes, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Default sentence for the player.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

end_codes! {
    /// The player left.
    Left: "you left";
    /// The connection was lost and the grace time of the seat is over. Only the other members are told.
    ConnectionLost: "the connection was lost";
    /// The host of the room removed the player.
    Kicked: "the host sent you away";
    /// The host closed the room.
    RoomClosed: "the host closed the room";
    /// Only spectators were left in the room.
    RoomDeserted: "all players have left the room: watch another";
    /// The room was idle for too long.
    RoomIdle: "nothing happened in the room for so long that it was closed: join another";
    /// The game panicked in the room on the server.
    RoomFaulted: "the room had to be closed because of an error in the server: join another";
    /// The room was closed between the grant of the token and the hello.
    RoomGone: "the room was closed before you joined: join another";
    /// The server is stopping.
    ServerStopping: "the server is stopping: try again in a minute";
    /// Another session of the same player took the seat over.
    TakenOver: "you joined from somewhere else, so this connection was closed";
    /// The seat to resume is free or belongs to another player.
    SeatNotKept: "your seat is no longer reserved: join again";
    /// Another spectator took the last place in the meantime.
    SpectatorsFull: "the room has its maximum number of spectators: watch another room";
    /// The client did not use its token or send its hello in time.
    TookTooLong: "your client took too long to connect";
    /// The client exceeded its budget for seconds, or by far.
    SentTooMuch: "your client sent far more than allowed";
    /// The client sent too many invalid messages.
    MadeNoSense: "your client sent too many invalid messages";
    /// The client has another game or version, or different arithmetic. The sentence says which.
    VersionDiffers: "your client and this server are of different versions: update the older one";
    /// The client's state differed from the server's repeatedly. The sentence names the component and the report.
    Desynced: "your game calculated differently from the server three times within a minute: reinstall the client";
    /// The server is about to restart and has closed the room, in which no match ran.
    Draining: "the room was closed because the server restarts: join again in a minute";
    /// The server is about to end, and others of its fleet take its players. No match ran in the room.
    Moved: "your server makes way for another one: join again at once";
    /// An operator of the server removed the player.
    RemovedByOperator: "an operator of this server has removed you";
    /// An operator of the server banned the player. The sentence has the reason.
    Banned: "you are banned from this server";
    /// An operator of the server closed the room.
    ClosedByOperator: "an operator of this server has closed the room: join another";
}

/// Code and sentence for the end of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// Code, for programs.
    pub code: EndCode,
    /// Sentence for the player, in English.
    pub sentence: String,
}

impl From<EndCode> for EndReason {
    fn from(code: EndCode) -> Self {
        Self { code, sentence: code.sentence().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{codec, messages::REASON_BYTES_MAX};

    #[test]
    fn every_code_is_its_number_and_no_other_number_is_one() {
        for (number, code) in (0..).zip(EndCode::ALL) {
            assert_eq!(codec::encode(code), [number]);
            assert_eq!(codec::decode::<EndCode, 16>(&[number]), Ok(*code));
        }
        assert!(codec::decode::<EndCode, 16>(&[EndCode::ALL.len() as u8]).is_err());
    }

    /// A change of these numbers needs a new protocol version.
    #[test]
    fn codes_keep_their_numbers() {
        assert_eq!((codec::encode(&EndCode::Left), codec::encode(&EndCode::Kicked)), (vec![0], vec![2]));
        assert_eq!((codec::encode(&EndCode::RoomGone), codec::encode(&EndCode::Desynced)), (vec![7], vec![16]));
        assert_eq!((codec::encode(&EndCode::Draining), codec::encode(&EndCode::Moved)), (vec![17], vec![18]));
        assert_eq!(codec::encode(&EndCode::ClosedByOperator), vec![21]);
    }

    #[test]
    fn no_two_codes_say_the_same_and_all_fit_into_a_message() {
        let mut sentences: Vec<&str> = EndCode::ALL.iter().map(|code| code.sentence()).collect();
        assert!(sentences.iter().all(|sentence| (1..=REASON_BYTES_MAX).contains(&sentence.len())));
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), EndCode::ALL.len());
    }
}
