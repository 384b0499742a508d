//! What the nodes and gateways of a fleet derive from their common secret.

use axum::http::HeaderMap;
use framehouse_shared::{ids::AccountId, replay::ServerKey};

use crate::{address::AddressKey, config::FleetSecret, net::secret::ResumeSecret};

/// The common key of a fleet: it signs replays, makes the lasting ids of players, and lets gateways in. It lies neither in
/// Redis nor in a log.
#[derive(Clone)]
pub struct FleetKey(ServerKey);

impl FleetKey {
    /// The key of this secret.
    pub fn new(FleetSecret(secret): FleetSecret) -> Self {
        Self(ServerKey::from_secret(secret))
    }

    /// The key as that of each server of the fleet.
    pub const fn of_server(&self) -> &ServerKey {
        &self.0
    }

    /// Value of the header `Authorization` of a gateway's request to a node. It gives the key away to nobody.
    pub(super) fn authorization(&self) -> String {
        let [first, second] =
            ["gateway, first half", "gateway, second half"].map(|name| self.0.pseudonym(name.as_bytes()));
        format!("Bearer {first:016x}{second:016x}")
    }

    /// Stands for a resume secret in Redis: nobody can find the secret by it.
    pub(super) fn resume_hash(&self, secret: ResumeSecret) -> String {
        format!("{:016x}", self.0.pseudonym(format!("resume {}", secret.reveal()).as_bytes()))
    }

    /// Stands for a guest when shares of players are chosen: the same one for the same name and address.
    pub(super) fn guest(&self, name: &str, caller: AddressKey) -> AccountId {
        AccountId(self.0.pseudonym(format!("guest {caller} {name}").as_bytes()).into())
    }
}

/// Whether a request has this `Authorization`. Takes the same time for every wrong one.
pub(super) fn is_authorized(headers: &HeaderMap, authorization: &str) -> bool {
    let given = headers.get(axum::http::header::AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
    let differences = given.iter().zip(authorization.as_bytes()).fold(0, |found, (a, b)| found | (a ^ b));
    given.len() == authorization.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    #[test]
    fn only_who_knows_the_secret_is_let_in() {
        let key = |byte| FleetKey::new(FleetSecret([byte; 32])).authorization();
        let with = |value: &str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).expect("printable"))])
        };
        assert!(is_authorized(&with(&key(1)), &key(1)));
        for wrong in [key(2), key(1) + "0", key(1)[..38].to_owned(), "Bearer ".to_owned()] {
            assert!(!is_authorized(&with(&wrong), &key(1)), "{wrong}");
        }
        assert!(!is_authorized(&HeaderMap::new(), &key(1)));
        assert!(!key(1).contains(&"01".repeat(8)));
    }

    #[test]
    fn a_resume_secret_is_not_in_its_hash() {
        let key = FleetKey::new(FleetSecret([1; 32]));
        let secret: ResumeSecret = "0123456789abcdef0123456789abcdef".parse().expect("a secret");
        let hash = key.resume_hash(secret);
        assert!(hash.len() == 16 && !"0123456789abcdef0123456789abcdef".contains(&hash));
        assert_eq!(hash, key.resume_hash(secret));
    }
}
