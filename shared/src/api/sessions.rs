//! Bodies of `POST /v1/sessions`, which reserves a seat and returns a connect token.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use utoipa::ToSchema;

use super::{PlayerSecret, ws::Hidden};
use crate::{
    ids::{AccountId, RoomCode},
    protocol::messages::Hello,
};

/// Range in which a client accepts the server's [`SessionGrant::grace_s`], in seconds.
const GRACE_S: std::ops::RangeInclusive<f64> = 1.0..=3600.0;

/// What a player requests with `POST /v1/sessions`; [`SessionBody`] has it, and a token.
///
/// `Room` is the type of the field `room`. Clients send a valid room code. A server parses
/// `Option<RoomRequest<String>>`: a resuming player may omit the room, and an invalid code gets the same answer as the
/// code of a closed room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionRequest<Room = RoomRequest> {
    /// Name of the player, 1 to 24 visible characters.
    pub name: String,
    /// Requested room.
    #[schema(required = false)]
    pub room: Room,
    /// Resume secret ([`SessionGrant::resume`]) of a lost session, to get its player, seat and score back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// Secret by which the server knows the player again: results count for one lasting id. Without it the player is a
    /// new guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_secret: Option<PlayerSecret>,
    /// Game, protocol and rules version of the client: a wrong version is refused before a seat is reserved.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hello")]
    #[schema(value_type = Option<hello::HelloJson>)]
    pub hello: Option<Hello>,
}

/// Body of `POST /v1/sessions`: the request, the player's token where a server needs one, and the ticket of its place in the
/// queue if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionBody<Request = SessionRequest> {
    /// What the player requests.
    #[serde(flatten)]
    pub request: Request,
    /// Signed token (JSON Web Token) of the player, at most 4096 bytes. A resuming player needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub token: Option<Hidden>,
    /// Ticket ([`QueuePlace::ticket`](super::QueuePlace::ticket)) from the last answer. Everything else is the same as in the
    /// request that got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Room that a player requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomRequest<Code = RoomCode> {
    /// A public room with a free seat, or a new one. Near ratings come first, then the fewest free seats.
    Quick {},
    /// A new room.
    Create {
        /// Number of seats, 1 to the game's maximum.
        size: u8,
        /// Whether the room can only be joined by its code.
        #[serde(default)]
        private: bool,
        /// Whether a match can start with one player.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        practice: bool,
        /// Whether inputs and frames are sent in every second tick only; without it the server's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        economy: Option<bool>,
    },
    /// A seat in the room with this code.
    Code(Code),
    /// The room with this code, as a spectator.
    Watch(Code),
}

/// Answer to `POST /v1/sessions`: a seat or a spectator's place, reserved for 5 s, and the token to connect with. The fields are
/// in alphabetical order, as in every answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionGrant {
    /// Room code.
    pub code: RoomCode,
    /// Time for which the seat is reserved after a lost connection, in seconds. Read it through [`grace`](Self::grace).
    pub grace_s: f64,
    /// Lasting id of the player, as in results and leaderboards. Missing in the answers of earlier servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<AccountId>,
    /// Protocol hash of the server, 16 hexadecimal digits.
    pub protocol: String,
    /// Resume secret: [`SessionRequest::resume`] with it gets the seat back after a lost connection.
    pub resume: String,
    /// Address of the game server, `host:port`.
    pub server: String,
    /// Session id.
    pub session: String,
    /// Tick rate, 10 to 120 ticks a second.
    pub tick_rate: u16,
    /// Connect token of netcode; base64 in JSON.
    #[serde(with = "base64_bytes")]
    #[schema(value_type = String, content_encoding = "base64")]
    pub token: Vec<u8>,
}

impl SessionGrant {
    /// Time for which the seat is reserved after a lost connection; the server's value, limited to 1 s to 1 h.
    pub fn grace(&self) -> Duration {
        Duration::from_secs_f64(self.grace_s.clamp(*GRACE_S.start(), *GRACE_S.end()))
    }
}

/// JSON form of [`Hello`]: 64-bit numbers are hexadecimal digits, because many JSON parsers hold only 53 bits.
mod hello {
    use super::*;

    /// Versions of a client.
    #[derive(Serialize, Deserialize, ToSchema)]
    #[schema(as = Hello)]
    pub(super) struct HelloJson {
        /// Hash of the protocol, 16 hexadecimal digits.
        protocol: String,
        /// Id of the game.
        game: String,
        /// Absent in an older protocol; such a client is told that its version differs.
        #[serde(default)]
        rules_version: u32,
        /// Names of the components of a room's state, in order.
        #[serde(default)]
        components: Vec<String>,
        /// Determinism fingerprint of the machine, 16 hexadecimal digits.
        fingerprint: String,
    }

    pub fn serialize<S: Serializer>(hello: &Option<Hello>, serializer: S) -> Result<S::Ok, S::Error> {
        hello
            .as_ref()
            .map(|hello| HelloJson {
                protocol: format!("{:016x}", hello.protocol),
                game: hello.game.clone(),
                rules_version: hello.rules_version,
                components: hello.components.clone(),
                fingerprint: format!("{:016x}", hello.fingerprint),
            })
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Hello>, D::Error> {
        let Some(HelloJson { protocol, game, rules_version, components, fingerprint }) =
            Option::deserialize(deserializer)?
        else {
            return Ok(None);
        };
        let number = |text: &str, field: &str| {
            let error = || D::Error::custom(format_args!("`{field}` is not a hexadecimal number"));
            u64::from_str_radix(text, 16).map_err(|_| error())
        };
        let (protocol, fingerprint) = (number(&protocol, "protocol")?, number(&fingerprint, "fingerprint")?);
        let hello = Hello { protocol, game, rules_version, components, fingerprint };
        if hello.is_sane() {
            Ok(Some(hello))
        } else {
            Err(D::Error::custom("`hello` has more components or longer names than any game"))
        }
    }
}

mod base64_bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("the token is not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::messages::GAME_ID_BYTES_MAX;

    /// The request as a server parses it.
    type Received = SessionRequest<Option<RoomRequest<String>>>;

    fn sent(room: RoomRequest, resume: Option<&str>, hello: Option<Hello>) -> String {
        let request = SessionRequest {
            name: "ada".to_owned(),
            room,
            resume: resume.map(str::to_owned),
            player_secret: None,
            hello,
        };
        serde_json::to_string(&request).expect("a request serialises")
    }

    fn received(body: &str) -> Received {
        serde_json::from_str(body).expect("a good body")
    }

    #[test]
    fn a_request_has_the_documented_form_and_is_read_back() {
        let code: RoomCode = "k7qx".parse().expect("a code");
        let create = |practice| RoomRequest::Create { size: 4, private: false, practice, economy: None };
        let economy = RoomRequest::Create { size: 4, private: false, practice: false, economy: Some(true) };
        for (room, json) in [
            (RoomRequest::Quick {}, r#"{"quick":{}}"#),
            (create(false), r#"{"create":{"size":4,"private":false}}"#),
            (create(true), r#"{"create":{"size":4,"private":false,"practice":true}}"#),
            (economy, r#"{"create":{"size":4,"private":false,"economy":true}}"#),
            (RoomRequest::Code(code), r#"{"code":"K7QX"}"#),
            (RoomRequest::Watch(code), r#"{"watch":"K7QX"}"#),
        ] {
            let body = sent(room, None, None);
            assert_eq!(body, format!(r#"{{"name":"ada","room":{json}}}"#));
            let back: SessionRequest = serde_json::from_str(&body).expect("what was sent");
            assert_eq!((back.room, back.name.as_str(), back.resume, back.hello), (room, "ada", None, None));
        }
    }

    #[test]
    fn numbers_of_64_bits_are_hexadecimal_digits() {
        let hello = Hello {
            protocol: 0xab,
            game: "arena".to_owned(),
            rules_version: 2,
            components: vec!["tick".to_owned()],
            fingerprint: u64::MAX,
        };
        let body = sent(RoomRequest::Quick {}, None, Some(hello.clone()));
        let json = r#""hello":{"protocol":"00000000000000ab","game":"arena","rules_version":2,"components":["tick"],"fingerprint":"ffffffffffffffff"}"#;
        assert!(body.ends_with(&format!("{json}}}")), "{body}");
        assert_eq!(received(&body).hello, Some(hello));
        let wrong = body.replace("00000000000000ab", "0xab");
        let error = serde_json::from_str::<Received>(&wrong).expect_err("no hexadecimal number");
        assert!(error.to_string().contains("`protocol` is not a hexadecimal number"), "{error}");
        let long = body.replace("arena", &"a".repeat(GAME_ID_BYTES_MAX + 1));
        assert!(serde_json::from_str::<Received>(&long).is_err());
    }

    #[test]
    fn a_resuming_player_may_leave_the_room_out() {
        let body = received(r#"{"name":"ada","resume":"c0ffee"}"#);
        assert_eq!((body.room, body.resume.as_deref()), (None, Some("c0ffee")));
        assert!(serde_json::from_str::<SessionRequest>(r#"{"name":"ada","resume":"c0ffee"}"#).is_err());
    }

    #[test]
    fn a_code_that_no_room_can_have_is_read_by_a_server() {
        let body = received(r#"{"name":"ada","room":{"code":"nope!"}}"#);
        assert_eq!(body.room, Some(RoomRequest::Code("nope!".to_owned())));
    }

    #[test]
    fn a_grant_is_read_and_its_grace_is_believed_within_bounds() {
        let grant = |grace_s: &str| -> SessionGrant {
            let body = format!(
                r#"{{"token":"AAEC","session":"1","resume":"r","server":"h:1","tick_rate":30,"protocol":"0",
                    "code":"K7QX","grace_s":{grace_s},"new":true}}"#
            );
            serde_json::from_str(&body).expect("a grant")
        };
        assert_eq!((grant("12.5").token, grant("12.5").code.as_str()), (vec![0, 1, 2], "K7QX"));
        assert_eq!(
            ["12.5", "-3", "1e300"].map(|seconds| grant(seconds).grace().as_millis()),
            [12_500, 1000, 3_600_000]
        );
    }

    #[test]
    fn a_token_is_sent_beside_the_request_and_never_shown() {
        let json =
            r#"{"name":"ada","room":{"quick":{}},"player_secret":"000000000000000000000000000c0fee","token":"a.b.c"}"#;
        let body: SessionBody = serde_json::from_str(json).expect("a body");
        assert_eq!((body.request.name.as_str(), body.request.room), ("ada", RoomRequest::Quick {}));
        assert_eq!(serde_json::to_string(&body).expect("JSON"), json);
        assert!(!format!("{body:?}").contains("a.b.c"));
        let guest = SessionBody { request: &body.request, token: None, ticket: None };
        assert!(!serde_json::to_string(&guest).expect("JSON").contains("token"));
        let resuming: SessionBody<Received> =
            serde_json::from_str(r#"{"name":"ada","resume":"c0ffee"}"#).expect("a body");
        assert_eq!((resuming.request.room, resuming.token), (None, None));
        let wrong = json.replace("c0fee", "nope!");
        assert!(
            serde_json::from_str::<SessionBody>(&wrong)
                .is_err_and(|error| error.to_string().contains("32 hexadecimal"))
        );
    }

    #[test]
    fn a_player_secret_is_sent_and_never_shown() {
        let secret: PlayerSecret = "000000000000000000000000000c0fee".parse().expect("a secret");
        let body = r#"{"name":"ada","room":{"quick":{}},"player_secret":"000000000000000000000000000c0fee"}"#;
        let request = received(body);
        assert_eq!(request.player_secret, Some(secret));
        assert_eq!(serde_json::to_string(&request).expect("JSON"), body);
        assert!(!format!("{request:?}").contains("c0fee"));
        let wrong = body.replace("c0fee", "nope!");
        let error = serde_json::from_str::<SessionRequest<Option<RoomRequest<String>>>>(&wrong).expect_err("no digits");
        assert!(!error.to_string().contains("nope"), "{error}");
    }
}
