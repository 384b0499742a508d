//! What gateways ask nodes, over HTTP: JSON bodies of the paths below `/internal`, which only holders of the fleet's secret
//! may use.

use std::net::IpAddr;

use framehouse_shared::{
    api::{ListedRoom, RoomRequest, SessionGrant, SessionRequest, ws::is_room_name},
    ids::RoomCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    net::endpoint::ClientKind,
    ops::{
        admin::AdminRefusal,
        backend::{Granted, Refusal},
    },
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// `POST`: reserves seats. Body: 1 to [`SEATS_MAX`] [`SeatRequest`]s, answer: as many [`SeatAnswer`]s in the same order.
pub(super) const SEATS: &str = "/internal/v2/seats";
/// Largest number of seats that one HTTP request reserves.
pub(super) const SEATS_MAX: usize = 32;
/// `POST`: whether the node has a room or a seat. Body [`FindRequest`], answer `true` or `false`.
pub(super) const FIND: &str = "/internal/v1/find";
/// `GET`: [`NodePage`].
pub(super) const PAGE: &str = "/internal/v1/page";
/// `GET`: the replay of the match with this id.
pub(super) const REPLAY: &str = "/internal/v1/replays/{match}";

/// `POST`: a player's report. Body [`ReportRequest`](framehouse_shared::api::ReportRequest), answer [`ReportAnswer`].
pub(super) const REPORTS: &str = "/internal/v1/reports";

/// A node's answer to a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReportAnswer {
    /// It is kept under this number.
    Taken(u64),
    /// It is not taken.
    Refused(AdminRefusal),
}

impl From<Result<u64, AdminRefusal>> for ReportAnswer {
    fn from(taken: Result<u64, AdminRefusal>) -> Self {
        taken.map_or_else(Self::Refused, Self::Taken)
    }
}

impl From<ReportAnswer> for Result<u64, AdminRefusal> {
    fn from(answer: ReportAnswer) -> Self {
        match answer {
            ReportAnswer::Taken(report) => Ok(report),
            ReportAnswer::Refused(refusal) => Err(refusal),
        }
    }
}

/// A join request, as a gateway passes it on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct SeatRequest {
    /// Random number of the request, in hexadecimal digits: the same one twice has one answer.
    pub id: String,
    /// Address of the caller.
    #[schema(value_type = String)]
    pub caller: IpAddr,
    /// Kind of the client.
    #[serde(default)]
    pub kind: ClientKind,
    /// Rating of the player in hundredths, if it is known.
    pub rating: Option<i32>,
    /// The room that the player asks for by its name.
    #[serde(default)]
    pub named: Option<NamedRoom>,
    /// What the player asks for.
    #[schema(value_type = SessionRequest)]
    pub request: SessionRequest<Option<RoomRequest>>,
}

/// A room by its name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NamedRoom {
    /// The name.
    pub name: String,
    /// Whether to watch it; then it is not made.
    pub watch: bool,
    /// Number of its seats, if it has to be made; `None` for as many as the game allows.
    pub size: Option<u8>,
    /// Whether one ready player is enough to start, if it has to be made.
    pub practice: bool,
}

impl SeatRequest {
    /// The request of a caller.
    pub fn new(id: u64, request: &JoinRequest) -> Self {
        let JoinRequest { name, target, secret, rating, hello, caller, kind } = request.clone();
        let (room, named, resume) = match target {
            JoinTarget::Quick => (Some(RoomRequest::Quick {}), None, None),
            JoinTarget::Create { size, private, practice, economy } => {
                (Some(RoomRequest::Create { size, private, practice, economy }), None, None)
            }
            JoinTarget::Code(code) => (Some(RoomRequest::Code(code)), None, None),
            JoinTarget::Watch(code) => (Some(RoomRequest::Watch(code)), None, None),
            JoinTarget::Resume(secret) => (None, None, Some(secret.reveal())),
            JoinTarget::Named { name, size, practice } => {
                (None, Some(NamedRoom { name, watch: false, size, practice }), None)
            }
            JoinTarget::WatchNamed(name) => {
                (None, Some(NamedRoom { name, watch: true, size: None, practice: false }), None)
            }
        };
        let request = SessionRequest { name, room, resume, player_secret: secret, hello };
        Self { id: format!("{id:016x}"), caller: caller.ip(), kind, rating, named, request }
    }

    /// The request for this server. `None` if it asks for nothing that there is.
    pub fn into_join(self) -> Option<JoinRequest> {
        let SessionRequest { name, room, resume, player_secret, hello } = self.request;
        let target = match (resume, self.named, room) {
            (Some(secret), ..) => JoinTarget::Resume(secret.parse().ok()?),
            (None, Some(NamedRoom { name, .. }), _) if !is_room_name(&name) => return None,
            (None, Some(NamedRoom { name, watch: true, .. }), _) => JoinTarget::WatchNamed(name),
            (None, Some(NamedRoom { name, size, practice, .. }), _) => JoinTarget::Named { name, size, practice },
            (None, None, Some(RoomRequest::Quick {})) => JoinTarget::Quick,
            (None, None, Some(RoomRequest::Create { size, private, practice, economy })) => {
                JoinTarget::Create { size, private, practice, economy }
            }
            (None, None, Some(RoomRequest::Code(code))) => JoinTarget::Code(code),
            (None, None, Some(RoomRequest::Watch(code))) => JoinTarget::Watch(code),
            (None, None, None) => return None,
        };
        let (secret, rating, caller, kind) = (player_secret, self.rating, self.caller.into(), self.kind);
        Some(JoinRequest { name, target, secret, rating, hello, caller, kind })
    }
}

/// The join requests in a body, with their ids. `None` if it is no list of 1 to [`SEATS_MAX`], or one of them asks for nothing
/// that there is.
pub(super) fn parse_joins(body: &[u8]) -> Option<Vec<(String, JoinRequest)>> {
    let requests: Vec<SeatRequest> = serde_json::from_slice(body).ok()?;
    if !(1..=SEATS_MAX).contains(&requests.len()) {
        return None;
    }
    requests.into_iter().map(|request| Some((request.id.clone(), request.into_join()?))).collect()
}

/// A node's answer to a [`SeatRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SeatAnswer {
    /// The seat is reserved.
    Granted(Box<SessionGrant>),
    /// It is not.
    Refused(JoinError),
    /// The node has no time to answer.
    Busy,
}

impl From<Result<Granted, Refusal>> for SeatAnswer {
    fn from(answer: Result<Granted, Refusal>) -> Self {
        match answer {
            Ok(Granted { grant, .. }) => Self::Granted(Box::new(grant)),
            Err(Refusal::Join(error)) => Self::Refused(error),
            Err(_) => Self::Busy,
        }
    }
}

/// A room or a seat that a gateway looks for while Redis is away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FindRequest {
    /// The room with this code.
    Code(RoomCode),
    /// The room with this name.
    Name(String),
    /// The seat with this resume secret.
    Resume(String),
}

/// What a node lists.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(super) struct NodePage {
    /// Its public rooms, the fullest joinable first, at most 500.
    pub rooms: Vec<ListedRoom>,
    /// The maps that a host can choose.
    pub maps: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_request_arrives_at_the_node_as_the_gateway_got_it() {
        let code = "K7QX".parse().expect("a code");
        let secret = "0123456789abcdef0123456789abcdef".parse().expect("a secret");
        let create = JoinTarget::Create { size: 3, private: true, practice: true, economy: Some(false) };
        let named = JoinTarget::Named { name: "lounge".to_owned(), size: Some(3), practice: true };
        let watched = JoinTarget::WatchNamed("lounge".to_owned());
        let kinds = [ClientKind::Simulating, ClientKind::Thin { view: true }, ClientKind::Thin { view: false }];
        for (target, kind) in [
            JoinTarget::Quick,
            create,
            JoinTarget::Code(code),
            JoinTarget::Watch(code),
            JoinTarget::Resume(secret),
            named,
            watched,
        ]
        .into_iter()
        .flat_map(|target| kinds.map(|kind| (target.clone(), kind)))
        {
            let request = JoinRequest {
                name: "Ada".to_owned(),
                target,
                secret: Some(framehouse_shared::api::PlayerSecret::from_random(7)),
                rating: Some(-12),
                hello: None,
                caller: Ipv4Addr::new(192, 0, 2, 1).into(),
                kind,
            };
            let body = serde_json::to_vec(&[SeatRequest::new(1, &request)]).expect("it serialises");
            assert_eq!(parse_joins(&body), Some(vec![("0000000000000001".to_owned(), request)]));
        }
    }

    #[test]
    fn a_list_is_refused_if_it_is_empty_or_too_long_or_one_entry_is_malformed() {
        let good = r#"{"id":"7","caller":"192.0.2.1","request":{"name":"Ada","room":{"quick":{}}}}"#;
        let is_taken = |entries: &[&str]| parse_joins(format!("[{}]", entries.join(",")).as_bytes()).is_some();
        assert!(is_taken(&[good]) && is_taken(&[good; SEATS_MAX]));
        assert!(!is_taken(&[]) && !is_taken(&[good; SEATS_MAX + 1]));
        let bad_secret = good.replace(r#""room":{"quick":{}}"#, r#""resume":"nope""#);
        for malformed in ["{}", "7", good.trim_end_matches('}'), &good.replace("192.0.2.1", "nobody"), &bad_secret] {
            assert!(!is_taken(&[good, malformed]), "{malformed}");
        }
        assert_eq!(parse_joins(good.as_bytes()), None, "it is no list");
    }

    #[test]
    fn a_refusal_reaches_the_gateway_with_its_numbers() {
        let refused = SeatAnswer::from(Err(Refusal::Join(JoinError::TooManyCodes { wait_s: 7 })));
        let body = serde_json::to_string(&refused).expect("it serialises");
        assert_eq!(serde_json::from_str::<SeatAnswer>(&body).expect("what was sent"), refused);
        assert_eq!(SeatAnswer::from(Err(Refusal::Busy("later"))), SeatAnswer::Busy);
    }
}
