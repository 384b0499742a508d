//! The room options that the host sets. A click takes effect at once on the host's screen, also while the server's
//! answer is on its way.

use bevy::prelude::*;
use framehouse_client::{
    client::{Client, Notice},
    connect::ConnectError,
    rooms::list_maps,
};
use framehouse_shared::{
    ids::SLOTS_MAX,
    protocol::messages::{HostCommand, RoomOptions},
};

use crate::{
    actions::Action,
    session::{BackgroundTask, Session, SessionNotice},
};

/// The fewest seats that a host can choose here.
const SEATS_MIN: u8 = 2;

/// The server's maps; none until they are known.
#[derive(Resource, Default)]
pub struct Maps {
    names: Vec<String>,
    asked: Option<BackgroundTask<Result<Vec<String>, ConnectError>>>,
}

impl Maps {
    /// Whether the maps are known.
    pub const fn is_known(&self) -> bool {
        !self.names.is_empty()
    }
}

/// Options that the host has chosen and the server has not answered.
#[derive(Resource, Default)]
pub struct Ordered(Option<RoomOptions>);

impl Ordered {
    /// The room's options as the player should see them.
    pub fn options<'a>(&'a self, client: &'a Client) -> Option<&'a RoomOptions> {
        self.0.as_ref().or_else(|| client.options())
    }
}

/// Requests the maps: another server may have other ones.
pub fn ask_for_maps(session: Res<Session>, mut maps: ResMut<Maps>, mut ordered: ResMut<Ordered>) {
    let server = session.server().to_owned();
    *maps = Maps { names: Vec::new(), asked: Some(BackgroundTask::begin(move || list_maps(&server))) };
    *ordered = Ordered::default();
}

/// Takes the maps; without an answer the host cannot choose a map.
pub fn take_maps(mut maps: ResMut<Maps>) {
    if let Some(Ok(names)) = maps.asked.as_mut().and_then(BackgroundTask::take) {
        maps.names = names;
    }
}

/// Forgets the host's choice when the server has confirmed or refused it.
pub fn settle(mut heard: MessageReader<SessionNotice>, session: Res<Session>, mut ordered: ResMut<Ordered>) {
    let is_refused = heard.read().any(|SessionNotice(notice)| matches!(notice, Notice::Refused(_)));
    let is_awaited = session.client().is_some_and(|client| client.is_host() && client.options() != ordered.0.as_ref());
    if ordered.0.is_some() && (is_refused || !is_awaited) {
        ordered.0 = None;
    }
}

/// Sends the host's choices.
pub fn order(
    mut actions: MessageReader<Action>,
    maps: Res<Maps>,
    mut session: ResMut<Session>,
    mut ordered: ResMut<Ordered>,
) {
    let Some(client) = session.room() else { return };
    for action in actions.read() {
        let Some(options) = ordered.options(client).cloned() else { return };
        let options = match action {
            Action::Map(step) => RoomOptions { map: stepped(&maps.names, options.map.as_deref(), *step), ..options },
            Action::Seats(step) => RoomOptions { seats: stepped_seats(options.seats, *step), ..options },
            Action::Private(private) => RoomOptions { private: *private, ..options },
            Action::Economy(economy) => RoomOptions { economy: *economy, ..options },
            _ => continue,
        };
        client.order(HostCommand::Configure(options.clone()));
        ordered.0 = Some(options);
    }
}

/// The number of seats after a step, within its limits.
pub fn stepped_seats(seats: u8, step: i8) -> u8 {
    seats.saturating_add_signed(step).clamp(SEATS_MIN.min(seats), SLOTS_MAX as u8)
}

/// The map after a step through the list; one position of the cycle stands for all maps.
pub fn stepped(names: &[String], map: Option<&str>, step: i8) -> Option<String> {
    let place = map.map_or(0, |map| names.iter().position(|name| name == map).map_or(0, |place| place + 1));
    let places = names.len() as i64 + 1;
    let next = (place as i64 + i64::from(step)).rem_euclid(places) as usize;
    next.checked_sub(1).map(|next| names[next].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_go_round_in_both_directions() {
        let names = ["basin", "crossing"].map(str::to_owned);
        let go = |map: Option<&str>, step| stepped(&names, map, step);
        assert_eq!(go(None, 1).as_deref(), Some("basin"));
        assert_eq!(go(Some("basin"), 1).as_deref(), Some("crossing"));
        assert_eq!(go(Some("crossing"), 1), None);
        assert_eq!(go(None, -1).as_deref(), Some("crossing"));
        assert_eq!(go(Some("a map of old"), 1).as_deref(), Some("basin"));
        assert_eq!(stepped(&[], None, 1), None);
    }

    #[test]
    fn seats_stay_in_their_range() {
        assert_eq!([stepped_seats(2, -1), stepped_seats(16, 1), stepped_seats(8, 1)], [2, 16, 9]);
        assert_eq!(stepped_seats(1, -1), 1, "a room of one seat stays one");
    }
}
