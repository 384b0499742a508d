//! First message of a session: versions of both ends are compared before anything else.

use serde::{Deserialize, Serialize};

use super::messages::GAME_ID_BYTES_MAX;
use crate::{
    state_hash::{COMPONENT_NAME_BYTES_MAX, COMPONENTS_MAX},
    text::is_printable,
};

/// Identity of a peer: game, versions and determinism fingerprint. A difference is refused with a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol hash: [`GameHandle::protocol_hash`](crate::game::GameHandle::protocol_hash).
    pub protocol: u64,
    /// Id of the game: [`Game::id`](crate::game::Game::id).
    pub game: String,
    /// Version of the rules: [`Game::rules_version`](crate::game::Game::rules_version).
    pub rules_version: u32,
    /// Names of the state's components, in registration order.
    pub components: Vec<String>,
    /// [`determinism_fingerprint`](crate::simulation::determinism_fingerprint) on the embedded rules.
    pub fingerprint: u64,
}

impl Hello {
    /// Whether all lists and texts are within their limits and printable. They are quoted in the sentence of a refusal.
    pub fn is_sane(&self) -> bool {
        let is_text = |text: &str, bytes_max| text.len() <= bytes_max && is_printable(text);
        is_text(&self.game, GAME_ID_BYTES_MAX)
            && self.components.len() <= COMPONENTS_MAX
            && self.components.iter().all(|name| is_text(name, COMPONENT_NAME_BYTES_MAX))
    }

    /// Compares the peer's hello with this one. The error is a sentence for the peer's player.
    ///
    /// # Errors
    /// When anything differs.
    pub fn check(&self, other: &Self) -> Result<(), String> {
        if other.game != self.game {
            return Err(format!(
                "this server plays \"{}\" and your client plays \"{}\": choose another server",
                self.game, other.game
            ));
        }
        if other.protocol != self.protocol {
            return Err(format!(
                "this server speaks protocol {:016x} and your client {:016x}: update the older of the two",
                self.protocol, other.protocol
            ));
        }
        self.check_rules(other)?;
        self.check_components(other)?;
        if other.fingerprint != self.fingerprint {
            return Err(
                "your computer or build calculates differently from this server (the determinism fingerprints \
                        differ): use the same release on both ends"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn check_rules(&self, other: &Self) -> Result<(), String> {
        let (ours, theirs) = (self.rules_version, other.rules_version);
        let advice = match theirs.cmp(&ours) {
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Less => "your client is the older one, update it",
            std::cmp::Ordering::Greater => "the server is the older one, it has to be updated",
        };
        Err(format!("this server plays version {ours} of the game's rules and your client version {theirs}: {advice}"))
    }

    fn check_components(&self, other: &Self) -> Result<(), String> {
        let (ours, theirs) = (&self.components, &other.components);
        if let Some(name) = ours.iter().find(|name| !theirs.contains(name)) {
            return Err(format!("your client lacks the component \"{name}\" of the game's state: {SAME_RELEASE}"));
        }
        if let Some(name) = theirs.iter().find(|name| !ours.contains(name)) {
            return Err(format!(
                "this server lacks your client's component \"{name}\" of the game's state: {SAME_RELEASE}"
            ));
        }
        match ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs) {
            None if ours.len() == theirs.len() => Ok(()),
            None => Err(format!("your client registers a component of the game's state twice: {SAME_RELEASE}")),
            Some(place) => Err(format!(
                "component {} of the game's state is \"{}\" on this server and \"{}\" in your client: {SAME_RELEASE}",
                place + 1,
                ours[place],
                theirs[place]
            )),
        }
    }
}

const SAME_RELEASE: &str = "use the same release on both ends";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        channel::MESSAGE_BYTES_MAX,
        codec,
        messages::{ClientMessage, REASON_BYTES_MAX},
    };

    fn ours() -> Hello {
        let components = ["tick", "gems", "scores"].map(str::to_owned).into();
        Hello { protocol: 1, game: "arena".into(), rules_version: 2, components, fingerprint: 3 }
    }

    fn components(names: &[&str]) -> Hello {
        Hello { components: names.iter().map(|name| (*name).to_owned()).collect(), ..ours() }
    }

    fn largest() -> Hello {
        let components = vec!["c".repeat(COMPONENT_NAME_BYTES_MAX); COMPONENTS_MAX];
        let game = "g".repeat(GAME_ID_BYTES_MAX);
        Hello { protocol: u64::MAX, game, rules_version: u32::MAX, components, fingerprint: u64::MAX }
    }

    #[test]
    fn whatever_differs_is_named() {
        assert_eq!(ours().check(&ours()), Ok(()));
        let sentence = |other: Hello| ours().check(&other).expect_err("they differ");
        assert!(sentence(Hello { protocol: 9, ..ours() }).contains("protocol"));
        assert!(sentence(Hello { game: "tiny".into(), ..ours() }).contains("tiny"));
        assert!(sentence(Hello { fingerprint: 9, ..ours() }).contains("fingerprint"));
        assert!(sentence(Hello { rules_version: 1, ..ours() }).contains("your client is the older"));
        assert!(sentence(Hello { rules_version: 3, ..ours() }).contains("the server is the older"));
        assert!(sentence(components(&["tick", "scores"])).contains("client lacks the component \"gems\""));
        let more = sentence(components(&["tick", "gems", "scores", "boats"]));
        assert!(more.contains("server lacks your client's component \"boats\""), "{more}");
        let order = sentence(components(&["tick", "scores", "gems"]));
        assert!(order.contains("component 2 of the game's state is \"gems\" on this server and \"scores\""), "{order}");
        assert!(sentence(components(&["tick", "gems", "scores", "scores"])).contains("twice"));
    }

    #[test]
    fn a_hello_has_its_golden_bytes() {
        let bytes = codec::encode(&ClientMessage::Hello(ours()));
        assert_eq!(bytes, *b"\x00\x01\x05arena\x02\x03\x04tick\x04gems\x06scores\x03");
        assert_eq!(ClientMessage::decode(&bytes), Ok(ClientMessage::Hello(ours())));
    }

    #[test]
    fn a_hello_that_no_peer_says_is_refused() {
        let decoded = |hello: Hello| ClientMessage::decode(&codec::encode(&ClientMessage::Hello(hello)));
        assert!(decoded(largest()).is_ok());
        let mut many = largest();
        many.components.push(String::new());
        assert!(decoded(many).is_err());
        assert!(decoded(components(&[&"c".repeat(COMPONENT_NAME_BYTES_MAX + 1)])).is_err());
        assert!(decoded(components(&["\u{1b}[2J"])).is_err());
        assert!(decoded(Hello { game: "g".repeat(GAME_ID_BYTES_MAX + 1), ..ours() }).is_err());
    }

    #[test]
    fn the_largest_hello_and_every_sentence_fit_into_a_message() {
        assert!(codec::encode(&ClientMessage::Hello(largest())).len() <= MESSAGE_BYTES_MAX);
        let mut other = largest();
        other.components[0] = "d".repeat(COMPONENT_NAME_BYTES_MAX);
        for other in [other, Hello { game: "h".repeat(GAME_ID_BYTES_MAX), ..largest() }] {
            let sentence = largest().check(&other).expect_err("they differ");
            assert!(sentence.len() <= REASON_BYTES_MAX, "{sentence}");
        }
    }
}
