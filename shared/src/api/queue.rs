//! The queue of a full server: tickets, places and when to ask again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ErrorDetail;

/// A place in the queue of a full server. With its ticket the same request is asked again after `ask_again_s`: the answer
/// is a seat, or the place as it is then, which is never a later one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueuePlace {
    /// Ticket of the place, 32 hexadecimal digits. Whoever has it has the place.
    pub ticket: String,
    /// Number of the place; 1 is the first.
    pub place: u32,
    /// Estimated seconds until there is a seat, by the last ones that were given; `None` before some were given.
    pub wait_s: Option<u32>,
    /// Seconds after which to ask again. The place is lost some time after that, 20 s by default.
    pub ask_again_s: f64,
}

/// Body of a refused `POST /v1/sessions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionRefusal {
    /// Reason of the refusal.
    pub error: ErrorDetail,
    /// Place in the queue, if the server is full and has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePlace>,
}

/// Queues of a server or gateway, in its status page. Counters count from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueStatus {
    /// Players that wait.
    pub waiting: u32,
    /// Time for which the first of them has waited, in seconds; 0 if nobody waits.
    pub longest_wait_s: f64,
    /// Players that got a seat after waiting.
    pub admitted: u64,
    /// Places lost because their holders did not ask again.
    pub expired: u64,
    /// Players that were refused without a place, because the queue is full or their address has too many places in it.
    pub refused: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ErrorBody, RoomRequest, SessionBody, SessionRequest};

    #[test]
    fn a_ticket_stands_beside_the_request() {
        let request = SessionRequest {
            name: "ada".to_owned(),
            room: RoomRequest::Quick {},
            resume: None,
            player_secret: None,
            hello: None,
        };
        let body =
            |ticket| serde_json::to_string(&SessionBody { request: &request, token: None, ticket }).expect("JSON");
        assert_eq!(body(None), serde_json::to_string(&request).expect("JSON"));
        let with_ticket = body(Some("c0ffee".to_owned()));
        assert_eq!(with_ticket, r#"{"name":"ada","room":{"quick":{}},"ticket":"c0ffee"}"#);
        assert_eq!(serde_json::from_str::<SessionRequest>(&with_ticket).expect("an earlier server reads it"), request);
    }

    #[test]
    fn a_refusal_is_an_error_to_whoever_knows_no_queue() {
        let queue = QueuePlace { ticket: "c0ffee".to_owned(), place: 12, wait_s: Some(120), ask_again_s: 2.5 };
        let error = ErrorBody::new("server_full", "this server is full").error;
        let body = serde_json::to_string(&SessionRefusal { error: error.clone(), queue: Some(queue) }).expect("JSON");
        assert!(body.ends_with(r#""queue":{"ticket":"c0ffee","place":12,"wait_s":120,"ask_again_s":2.5}}"#), "{body}");
        assert_eq!(serde_json::from_str::<ErrorBody>(&body).expect("an error"), ErrorBody { error: error.clone() });
        let plain = serde_json::to_string(&ErrorBody { error: error.clone() }).expect("JSON");
        let read: SessionRefusal = serde_json::from_str(&plain).expect("a refusal");
        assert_eq!(read, SessionRefusal { error, queue: None });
    }
}
