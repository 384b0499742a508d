//! Hostile states: a state from a server or file that would end the process is refused with a sentence.

use framehouse_arena::{ArenaPlugin, bodies::Bodies};
use framehouse_client::{
    playback::{Playback, PlaybackError},
    timeline::BadOpening,
};
use framehouse_server::replay::verify::{VerifyError, verify};
use framehouse_shared::{
    protocol::codec::{self, CodecError},
    replay::{canned_replay, rules_hash},
    simulation::{Simulation, bot_match},
};
use framehouse_tools::replays::Parts;
use serde_json::Value;

/// The position of `part`, which occurs once.
fn place_of(part: &[u8], state: &[u8]) -> usize {
    let mut places = state.windows(part.len()).enumerate().filter(|(_, window)| *window == part);
    let (place, _) = places.next().expect("the part is in the state");
    assert!(places.next().is_none(), "the part is in the state once");
    place
}

/// The state with a cycle: the first node below the root of its tree leads back to the root.
fn with_cycle(state: &[u8], bodies: &Bodies) -> Vec<u8> {
    let text = serde_json::to_string(bodies).expect("bodies serialise");
    let bodies: Value = serde_json::from_str(&text).expect("what was just written");
    let number = |value: &Value| value.as_u64().expect("a number") as u32;
    let nodes = bodies["broad_phase"]["tree"]["nodes"].as_array().expect("nodes");
    let mut below = nodes[1..].iter().flat_map(|pair| [&pair["left"], &pair["right"]]);
    let inner =
        below.find(|node| (2..1 << 30).contains(&(number(&node["data"]) & 0x3fff_ffff))).expect("an inner node");
    let corner = |name: &str| [0, 1].map(|axis| inner[name][axis].as_f64().expect("a coordinate") as f32);
    let node = |children| codec::encode(&(corner("mins"), children, corner("maxs"), number(&inner["data"])));
    let (good, bad) = (node(number(&inner["children"])), node(0));
    assert_eq!(good.len(), bad.len());
    let mut state = state.to_vec();
    let place = place_of(&good, &state);
    state[place..place + bad.len()].copy_from_slice(&bad);
    state
}

/// A state of a match, with and without a cycle in its tree.
fn states() -> (Vec<u8>, Vec<u8>) {
    let mut states = None;
    bot_match(ArenaPlugin, 5, 4, 40, |_, simulation| {
        let (state, bodies) = (simulation.encode(), simulation.get::<Bodies>().expect("a match has bodies"));
        states = Some((with_cycle(&state, bodies), state));
    });
    states.expect("a match has ticks")
}

#[test]
fn a_tree_that_leads_back_to_itself_is_refused() {
    let (bad, good) = states();
    let mut simulation = Simulation::new(ArenaPlugin);
    assert_eq!(simulation.decode(&good), Ok(()));
    assert_eq!(simulation.decode(&bad), Err(CodecError::Invalid));
}

#[test]
fn a_replay_that_opens_with_one_is_refused_by_verify_and_film() {
    let (bad, good) = states();
    let replay = |mut opening: Vec<u8>| {
        // The tick is the first component; a replay opens before tick 0.
        assert_eq!(opening[..2], [2, 40]);
        opening[1] = 0;
        let mut parts = Parts::of(&canned_replay(ArenaPlugin, 7, 4, 40));
        parts.header.rules_hash = rules_hash(&opening).expect("a state with rules");
        parts.opening = opening;
        parts.build()
    };
    let playback = |bytes: &[u8]| Playback::open(Simulation::new(ArenaPlugin), bytes).err();
    let (bad, good) = (replay(bad), replay(good));
    assert!(matches!(verify(ArenaPlugin, &good), Err(VerifyError::Desync { .. })));
    assert_eq!(playback(&good), None);
    assert_eq!(verify(ArenaPlugin, &bad), Err(VerifyError::BadOpening));
    assert_eq!(playback(&bad), Some(PlaybackError::BadOpening(BadOpening)));
    assert_eq!(BadOpening.to_string(), "its opening state is not one of this game");
}
