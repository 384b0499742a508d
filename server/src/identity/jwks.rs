//! From a JSON Web Key Set (RFC 7517) to keys with one algorithm each.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// Shortest secret for HS256, in bytes (RFC 7518).
const SECRET_BYTES_MIN: usize = 32;
/// Size of a public key of Ed25519, in bytes.
const ED25519_BYTES: usize = 32;
/// Sizes of RSA keys, in bytes: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
const NO_KEYS: &str = "there is no key in it that can be used: RS256 with 2048 to 8192 bits, EdDSA with Ed25519, or, in a \
                       file, HS256 with 32 bytes or more";

/// A key of an issuer.
pub(super) struct Key {
    /// Its id, which tokens name.
    id: Option<String>,
    /// Its only algorithm, whatever a token says.
    pub algorithm: Algorithm,
    /// The key.
    pub decoding: DecodingKey,
}

/// The keys of an issuer; at least one.
pub(super) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. Keys of other kinds are left out, and so are secrets in a set that others can read.
    ///
    /// # Errors
    /// With half a sentence, when it is no set, or has no key that can be used.
    pub fn parse(text: &[u8], is_public: bool) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(text).map_err(|error| format!("it is no JSON Web Key Set ({error})"))?;
        let read = |key: Value| serde_json::from_value(key).ok().and_then(|key| Key::of(&key));
        let keys = document.keys.into_iter().filter_map(read);
        let keys: Vec<Key> = keys.filter(|key| !is_public || key.algorithm != Algorithm::HS256).collect();
        if keys.is_empty() { Err(NO_KEYS.to_owned()) } else { Ok(Self(keys)) }
    }

    /// The key with this id. A token without one means the only key.
    pub fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, &self.0[..]) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Key {
    /// The key, if it is one for signatures that can be used.
    fn of(key: &Jwk) -> Option<Self> {
        let algorithm = match &key.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            AlgorithmParameters::OctetKey(_) => Algorithm::HS256,
            _ => return None,
        };
        let is_for_others = key.common.key_algorithm.is_some_and(|named| named != KeyAlgorithm::from(algorithm))
            || key.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature);
        let decoding = DecodingKey::from_jwk(key).ok().filter(|key| !is_for_others && has_good_size(algorithm, key))?;
        Some(Self { id: key.common.key_id.clone(), algorithm, decoding })
    }
}

fn has_good_size(algorithm: Algorithm, key: &DecodingKey) -> bool {
    match key.kind() {
        // ring takes no leading zeros.
        DecodingKeyKind::RsaModulusExponent { n, .. } => RSA_BYTES.contains(&n.len()) && n[0] != 0,
        DecodingKeyKind::SecretOrDer(bytes) if algorithm == Algorithm::HS256 => bytes.len() >= SECRET_BYTES_MIN,
        DecodingKeyKind::SecretOrDer(bytes) => bytes.len() == ED25519_BYTES,
    }
}
