//! Model test: random commands go to a real server and to the model of a room, and both must agree after each command.

use std::net::Ipv4Addr;

use bevy::prelude::*;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    config::{NetSettings, RoomSettings},
    counters::Counters,
    room::directory::JoinTarget,
};
use framehouse_shared::{
    ids::{RoomCode, Slot},
    protocol::messages::{HostCommand, Phase, PlayerState},
};
use framehouse_tiny::{MatchSeconds, TinyPlugin};
use framehouse_tools::model::{Command, ModelPlayer, Person, RoomModel};
use proptest::prelude::*;

/// People who may join.
const PEOPLE: usize = 5;
/// Ticks after which all effects of a command are visible.
const SETTLE_TICKS: u32 = 54;
/// Ticks after which a connection that was cut is lost.
const LOST_TICKS: u32 = 150;

/// Everybody has an address of its own.
fn address_of(person: Person) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, person as u8)
}

struct Trial {
    world: World,
    model: RoomModel,
    code: RoomCode,
    /// The newest client of each person.
    clients: [Option<usize>; PEOPLE],
}

impl Trial {
    fn new(seats: u8) -> Self {
        let rooms = RoomSettings {
            lobby_s: 0.0,
            ready_countdown_s: 0.5,
            countdown_s: 0.5,
            results_s: 0.1,
            grace_s: 600.0,
            idle_timeout_s: 86_400.0,
            host_idle_s: 3600.0,
            abort_vote_s: 600.0,
            ..default()
        };
        let net = NetSettings { connection_timeout_s: 2, ..default() };
        let mut world = World::with_settings(TinyPlugin, 1, rooms, net).with_thin_clients();
        world.server.world_mut().insert_resource(MatchSeconds(1e9));
        let room = JoinTarget::Create { size: seats, private: false, practice: false, economy: None };
        let maker = world.join_as_caller(room, address_of(0)).expect("a room");
        world.step_ticks(SETTLE_TICKS);
        let code = world.clients[maker].room;
        let mut clients = [None; PEOPLE];
        clients[0] = Some(maker);
        Self { world, model: RoomModel::new(0, seats), code, clients }
    }

    /// Gives one command to server and model, waits for its effects, and compares them.
    fn run(&mut self, command: &Command) {
        let ticks = if matches!(command, Command::Cut(_)) { LOST_TICKS } else { SETTLE_TICKS };
        self.give(command);
        self.model.apply(command);
        self.world.step_ticks(ticks);
        self.compare();
    }

    fn give(&mut self, command: &Command) {
        match *command {
            Command::Join(person) if !self.is_there(person) => self.come(person, JoinTarget::Code(self.code)),
            Command::Watch(person) if !self.is_there(person) => self.come(person, JoinTarget::Watch(self.code)),
            Command::Join(_) | Command::Watch(_) => {}
            Command::Leave(person) => self.with(person, |client| client.leave()),
            Command::Cut(person) => {
                if let Some(client) = self.clients[person] {
                    self.world.network.set_cut(self.world.clients[client].address, true);
                }
            }
            Command::Resume(person) => {
                if let Some(secret) = self.clients[person].map(|client| self.world.clients[client].resume) {
                    self.come(person, JoinTarget::Resume(secret));
                }
            }
            Command::Ready(person, ready) => self.with(person, |client| client.set_ready(ready)),
            Command::GiveUp(person) => self.with(person, |client| client.give_up()),
            Command::Start(person) => self.order(person, HostCommand::Start),
            Command::Abort(person) => self.order(person, HostCommand::Abort),
            Command::Vote(person, agrees) => self.with(person, |client| client.vote(agrees)),
            Command::Kick(person, other) => self.order_about(person, other, HostCommand::Kick),
            Command::HandOver(person, other) => self.order_about(person, other, HostCommand::HandOver),
            Command::Resize(person, seats) => {
                let options = framehouse_shared::protocol::messages::RoomOptions { seats, ..self.model.options() };
                self.order(person, HostCommand::Configure(options));
            }
            Command::Close(person) => self.order(person, HostCommand::Close),
        }
    }

    /// A person with a seat, even without a connection, does not join a second time.
    fn is_there(&self, person: Person) -> bool {
        self.model.player(person).is_some() || self.model.spectators.contains(&person)
    }

    fn come(&mut self, person: Person, target: JoinTarget) {
        if let Ok(client) = self.world.join_as_caller(target, address_of(person)) {
            self.clients[person] = Some(client);
        }
    }

    fn with(&mut self, person: Person, act: impl FnOnce(&mut framehouse_client::client::Client)) {
        if let Some(client) = self.clients[person] {
            act(&mut self.world.clients[client].client);
        }
    }

    fn order(&mut self, person: Person, order: HostCommand) {
        self.with(person, |client| client.order(order));
    }

    fn order_about(&mut self, person: Person, other: Person, order: fn(Slot) -> HostCommand) {
        let slot = self.model.player(other).and_then(|player| Slot::new(player.slot));
        // The last of the sixteen seats stays free here.
        self.order(person, order(slot.unwrap_or(Slot::new(15).expect("in range"))));
    }

    fn compare(&mut self) {
        check::no_room_faulted(&self.world.server);
        assert_eq!(self.world.rooms().is_empty(), self.model.is_closed, "whether the room is closed");
        let results = self.world.server.world().resource::<Counters>().matches_finished;
        assert_eq!(results, self.model.results, "matches with a result");
        for (person, client) in self.clients.iter().enumerate() {
            let Some(client) = client.map(|client| &self.world.clients[client]) else { continue };
            assert_eq!(client.client.stats().event_gaps, 0, "the room's events came without a gap");
            let is_connected = client.client.end().is_none() && client.client.phase().is_some();
            assert_eq!(is_connected, self.model.is_connected(person), "whether person {person} is connected");
            if is_connected {
                self.compare_view(&client.client);
            }
        }
    }

    /// Every client sees the room as in the model.
    fn compare_view(&self, client: &framehouse_client::client::Client) {
        let members = client.members().expect("it is in the room");
        let mut seen: Vec<(u8, PlayerState)> =
            members.iter().flatten().map(|member| (u8::from(member.slot), member.state)).collect();
        let mut expected: Vec<(u8, PlayerState)> =
            self.model.players.iter().map(|p: &ModelPlayer| (p.slot, p.shown_state())).collect();
        seen.sort_by_key(|(slot, _)| *slot);
        expected.sort_by_key(|(slot, _)| *slot);
        assert_eq!(seen, expected, "seats and states");
        assert_eq!(client.host(), self.model.host_slot(), "the host");
        assert_eq!(client.options(), Some(&self.model.options()), "the options");
        assert_eq!(client.spectators(), self.model.spectators.len() as u8, "spectators");
        assert_eq!(client.abort_vote().is_some(), self.model.vote.is_some(), "whether the players are asked");
        let is_playing = matches!(client.phase(), Some(Phase::Playing { .. }));
        assert_eq!(is_playing, self.model.is_playing, "the phase: {:?}", client.phase());
    }
}

fn command() -> impl Strategy<Value = Command> {
    let who = || 0..PEOPLE;
    prop_oneof![
        4 => who().prop_map(Command::Join),
        1 => who().prop_map(Command::Watch),
        1 => who().prop_map(Command::Leave),
        2 => who().prop_map(Command::Cut),
        3 => who().prop_map(Command::Resume),
        5 => (who(), prop::bool::weighted(0.8)).prop_map(|(person, ready)| Command::Ready(person, ready)),
        2 => who().prop_map(Command::GiveUp),
        2 => who().prop_map(Command::Start),
        3 => who().prop_map(Command::Abort),
        4 => (who(), prop::bool::weighted(0.7)).prop_map(|(person, agrees)| Command::Vote(person, agrees)),
        1 => (who(), who()).prop_map(|(person, other)| Command::Kick(person, other)),
        1 => (who(), who()).prop_map(|(person, other)| Command::HandOver(person, other)),
        1 => (who(), 1u8..=6).prop_map(|(person, seats)| Command::Resize(person, seats)),
        1 => who().prop_map(Command::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..default() })]

    #[test]
    fn a_room_does_what_its_model_does(seats in 2u8..=5, commands in prop::collection::vec(command(), 1..30)) {
        let mut trial = Trial::new(seats);
        for command in &commands {
            trial.run(command);
        }
    }
}
