//! Why a session ends: a code for programs, and a sentence for people whose client does not know the code's meaning.

use serde::{Deserialize, Serialize};

macro_rules! end_codes {
    ($($(#[$doc:meta])* $name:ident: $sentence:literal;)*) => {
        /// Why a session ends. On the wire it is its number from 0, so new ones come last, with a new version of the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EndCode { $($(#[$doc])* $name,)* }

        impl EndCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What the server says with it, unless it knows more.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

end_codes! {
    /// It asked for that.
    Left: "you left";
    /// Its connection is lost, and its seat was kept long enough. Only others hear of it.
    ConnectionLost: "the connection was lost";
    /// The room's host sent it away.
    Kicked: "the host sent you away";
    /// The room's host closed the room.
    RoomClosed: "the host closed the room";
    /// Only spectators were left in the room.
    RoomDeserted: "all players have left the room: watch another";
    /// Nothing happened in the room for a long time.
    RoomIdle: "nothing happened in the room for so long that it was closed: join another";
    /// The room's game failed on the server.
    RoomFaulted: "the room had to be closed because of an error in the server: join another";
    /// The room was closed, for whatever reason, between the token and the hello.
    RoomGone: "the room was closed before you came in: join another";
    /// The server stops.
    ServerStopping: "the server is stopping: try again in a minute";
    /// The player's seat has another session now.
    TakenOver: "you came in from somewhere else, and this connection gave way";
    /// The seat that it came back for is free or somebody else's.
    SeatNotKept: "your seat was not kept so long: join again";
    /// The last place among the spectators was taken meanwhile.
    SpectatorsFull: "as many people watch as may: watch another room";
    /// It did not use its token in time, or did not say hello.
    TookTooLong: "your client took too long to come in";
    /// It was over its budget for seconds, or far over it.
    SentTooMuch: "your client sent far more than allowed";
    /// Too much of what it sent could not be read.
    MadeNoSense: "your client sent too much that is no message of this game";
    /// It is of another game or version, or calculates differently. The sentence says which.
    VersionDiffers: "your client and this server are of different versions: update the older one";
    /// Its states differed from the server's again and again. The sentence says where, and names the report.
    Desynced: "your game calculated differently from the server three times within a minute: reinstall the client";
}

/// Why a session ends, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// For programs.
    pub code: EndCode,
    /// For people, in English.
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
    use crate::protocol::{codec, control::REASON_BYTES_MAX};

    #[test]
    fn every_code_is_its_number_and_no_other_number_is_one() {
        for (number, code) in (0..).zip(EndCode::ALL) {
            assert_eq!(codec::encode(code), [number]);
            assert_eq!(codec::decode::<EndCode, 16>(&[number]), Ok(*code));
        }
        assert!(codec::decode::<EndCode, 16>(&[EndCode::ALL.len() as u8]).is_err());
    }

    /// A change of these numbers needs a new version of the wire.
    #[test]
    fn codes_keep_their_numbers() {
        assert_eq!((codec::encode(&EndCode::Left), codec::encode(&EndCode::Kicked)), (vec![0], vec![2]));
        assert_eq!((codec::encode(&EndCode::RoomGone), codec::encode(&EndCode::Desynced)), (vec![7], vec![16]));
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
