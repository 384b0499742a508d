//! Authentication, and from `join_room` to a session.

use framehouse_shared::{
    api::{
        PlayerSecret, QueuePlace, code,
        ws::{Hidden, JoinRoom, Up, is_room_name},
    },
    ids::RoomCode,
};

use super::end::End;
use crate::{
    address::AddressKey,
    identity::{Credentials, TokenError},
    net::{endpoint::ClientKind, secret::ResumeSecret},
    ops::{
        backend::{Backend, Granted, Refusal},
        http::{
            limits::Act,
            queue::{Ticket, Unseated},
            router::Gateway,
            sessions::parse_name,
        },
    },
    room::directory::{JoinRequest, JoinTarget},
};

/// Who is at the other end of a socket.
pub(super) struct Identity {
    name: String,
    pub(super) secret: Option<PlayerSecret>,
    token: Option<Hidden>,
    caller: AddressKey,
}

/// The seat that comes back with the authentication.
pub(super) struct Resuming {
    pub(super) secret: ResumeSecret,
    view: bool,
}

/// Reads the first message.
///
/// # Errors
/// When it is no valid `auth`.
pub(super) fn authenticate(message: Up, caller: AddressKey) -> Result<(Identity, Option<Resuming>), End> {
    let Up::Auth { name, secret, token, resume, view } = message else {
        return Err(End::Refused("the first message has to be `auth`".to_owned()));
    };
    let name = parse_name(&name).map_err(End::Refused)?;
    let secret = secret.map(|secret| secret.0.parse::<PlayerSecret>()).transpose();
    let secret = secret.map_err(|sentence| End::Refused(sentence.to_owned()))?;
    let resume = resume.map(|resume| resume.0.parse::<ResumeSecret>()).transpose();
    let resume = resume.map_err(|()| End::Refused("`resume` has 32 hexadecimal digits".to_owned()))?;
    Ok((Identity { name, secret, token, caller }, resume.map(|secret| Resuming { secret, view })))
}

/// Why no session was granted: a code of the HTTP API's errors, and a sentence for the player.
pub(super) struct JoinRefused {
    pub(super) code: Option<String>,
    pub(super) reason: String,
    pub(super) queue: Option<QueuePlace>,
}

impl JoinRefused {
    pub(super) fn new(code: Option<&str>, reason: impl Into<String>) -> Self {
        Self { code: code.map(str::to_owned), reason: reason.into(), queue: None }
    }

    /// The end of a connection that has asked for its seat with the authentication. It may succeed a moment later.
    pub(super) fn into_end(self) -> End {
        let is_busy = matches!(self.code.as_deref(), Some(code::BUSY | code::SERVER_FULL));
        if is_busy { End::Busy(self.reason) } else { End::Refused(self.reason) }
    }
}

impl From<Refusal> for JoinRefused {
    fn from(refusal: Refusal) -> Self {
        Unseated::from(refusal).into()
    }
}

impl From<Unseated> for JoinRefused {
    fn from(unseated: Unseated) -> Self {
        let refused = Self::new(Some(unseated.code()), unseated.sentence());
        Self { queue: unseated.place, ..refused }
    }
}

impl From<TokenError> for JoinRefused {
    fn from(refusal: TokenError) -> Self {
        Self::new(Some(refusal.code()), refusal.to_string())
    }
}

impl Resuming {
    /// The join request for the seat.
    pub(super) const fn target(&self) -> (JoinTarget, bool) {
        (JoinTarget::Resume(self.secret), self.view)
    }
}

/// The room that a `join_room` asks for, and whether the client wants views of it.
///
/// # Errors
/// With a sentence when it asks for none, or for several.
pub(super) fn target(join: JoinRoom) -> Result<(JoinTarget, bool), String> {
    let JoinRoom { code, room_id, quick, create, watch, view, ticket: _ } = join;
    let target = match (code, room_id, quick, create) {
        (Some(code), None, false, None) => {
            // An invalid code belongs to no room.
            let code = code.parse::<RoomCode>().map_err(|sentence| sentence.to_owned())?;
            if watch { JoinTarget::Watch(code) } else { JoinTarget::Code(code) }
        }
        (None, Some(name), false, create) => {
            if !is_room_name(&name) {
                return Err("a room_id has 1 to 32 of the characters a-z A-Z 0-9 _ -".to_owned());
            }
            match (watch, create) {
                (true, _) => JoinTarget::WatchNamed(name),
                (false, None) => JoinTarget::Named { name, size: None, practice: false },
                (false, Some(create)) => JoinTarget::Named { name, size: Some(create.size), practice: create.practice },
            }
        }
        (None, None, true, None) if !watch => JoinTarget::Quick,
        (None, None, false, Some(create)) if !watch => {
            JoinTarget::Create { size: create.size, private: create.private, practice: create.practice, economy: None }
        }
        _ => {
            return Err("join_room has one of code, room_id, quick and create; only a code or a room_id can be \
                        watched"
                .to_owned());
        }
    };
    Ok((target, view))
}

impl<B: Backend> Gateway<B> {
    /// What the lasting id of a player is made from.
    ///
    /// # Errors
    /// When the server needs a token, and the player has none that is valid.
    pub(super) fn secret_of(&self, identity: &Identity) -> Result<Option<PlayerSecret>, JoinRefused> {
        let token = identity.token.as_ref().map(|token| token.0.as_str());
        Ok(self.identity.identify(Credentials { secret: identity.secret, token })?.secret)
    }

    /// Asks the tick thread for a session, with the ticket of a place in the queue.
    ///
    /// # Errors
    /// With a code and a sentence for the player.
    pub(super) async fn join_over_socket(
        &self,
        identity: &Identity,
        (target, view): (JoinTarget, bool),
        ticket: Option<Ticket>,
    ) -> Result<Granted, JoinRefused> {
        let is_resume = matches!(target, JoinTarget::Resume(_));
        let request = JoinRequest {
            name: identity.name.clone(),
            target,
            secret: identity.secret,
            // The backend looks it up.
            rating: None,
            hello: None,
            caller: identity.caller,
            kind: ClientKind::Thin { view },
        };
        let act = if is_resume || self.queue.knows(ticket, &request) { Act::Resume } else { Act::Join };
        if self.limits.spend(identity.caller, act, self.start.elapsed()).is_err() {
            let sentence = "too many join requests from your address: try again in a moment";
            return Err(JoinRefused::new(Some(code::BUSY), sentence));
        }
        // A token has to be valid now, and not only when the socket was opened.
        let request = self.identify(request, identity.token.as_ref())?;
        Ok(self.open_session(request, ticket).await?)
    }
}
