//! Signatures of replays: a server signs what it has recorded, and anybody who knows its public key can tell.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature as Ed25519, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};

use super::error::{Part, ReplayError};
use crate::{api::PlayerSecret, ids::AccountId};

/// What is signed is the SHA-512 of these bytes and of everything before the signature, so that a signature of a replay
/// is a signature of nothing else.
const CONTEXT: &[u8] = b"framehouse replay 1\0";
/// Size of a public key, in bytes.
const KEY_BYTES: usize = 32;
/// Size of a signature, in bytes.
const SIGNATURE_BYTES: usize = 64;

/// Secret key of a server (Ed25519).
#[derive(Clone)]
pub struct ServerKey(SigningKey);

impl ServerKey {
    /// The key with these secret bytes.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// The part that may be told to anybody.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// A number that stands for `name`, which only the owner of the key can make. The same name has the same number.
    pub fn pseudonym(&self, name: &[u8]) -> u64 {
        let digest = Sha512::new_with_prefix(b"framehouse pseudonym 1\0").chain_update(self.0.to_bytes());
        let digest: [u8; 64] = digest.chain_update(name).finalize().into();
        u64::from_le_bytes(*digest.first_chunk().expect("a digest has 64 bytes"))
    }

    /// The lasting id of the player with this secret. Nobody without the key can tell which secret it was made from, or
    /// whether two servers have the same player.
    pub fn account(&self, secret: PlayerSecret) -> AccountId {
        let digest = Sha512::new_with_prefix(b"framehouse account 1\0").chain_update(self.0.to_bytes());
        let digest: [u8; 64] = digest.chain_update(secret.bits().to_be_bytes()).finalize().into();
        AccountId(u128::from_be_bytes(*digest.first_chunk().expect("a digest has 64 bytes")))
    }

    /// The secret of the player whom an issuer of tokens calls `subject`. Nobody without the key can make it, so it may stand
    /// for a secret that a client keeps.
    pub fn secret_of(&self, issuer: &str, subject: &str) -> PlayerSecret {
        let digest = Sha512::new_with_prefix(b"framehouse subject 1\0").chain_update(self.0.to_bytes());
        // With its length, no issuer ends where a subject of another one begins.
        let digest = digest.chain_update((issuer.len() as u64).to_be_bytes()).chain_update(issuer);
        let digest: [u8; 64] = digest.chain_update(subject).finalize().into();
        PlayerSecret::from_random(u128::from_be_bytes(*digest.first_chunk().expect("a digest has 64 bytes")))
    }

    pub(super) fn sign(&self, signed: Signed) -> Vec<u8> {
        let signature = self.0.sign(&signed.digest());
        [&self.public().0[..], &signature.to_bytes()].concat()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerKey of {}", self.public())
    }
}

/// Public key of a server, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; KEY_BYTES]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a server's key is 64 hexadecimal digits, as in GET /v1/key";
        let digits = text.as_bytes();
        if digits.len() != 2 * KEY_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(WRONG);
        }
        let mut key = [0; KEY_BYTES];
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(WRONG)?;
        }
        Ok(Self(key))
    }
}

/// The bytes that a signature covers.
#[derive(Clone)]
pub(super) struct Signed(Sha512);

impl Signed {
    pub fn begin() -> Self {
        Self(Sha512::new_with_prefix(CONTEXT))
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn digest(self) -> [u8; 64] {
        self.0.finalize().into()
    }
}

/// Signature in a replay. Whether it is right is known only after [`is_right`](Self::is_right).
#[derive(Clone)]
pub struct Signature<'a> {
    /// The key with which the replay claims to be signed.
    pub key: PublicKey,
    signature: [u8; SIGNATURE_BYTES],
    covered: &'a [u8],
}

impl<'a> Signature<'a> {
    pub(super) fn read(content: &[u8], covered: &'a [u8]) -> Result<Self, ReplayError> {
        let impossible = ReplayError::Impossible(Part::Signature);
        let (key, signature) = content.split_first_chunk().ok_or(impossible)?;
        let signature = signature.try_into().map_err(|_| impossible)?;
        Ok(Self { key: PublicKey(*key), signature, covered })
    }

    /// Whether the server with the named key has signed exactly these bytes. Reads the whole replay.
    pub fn is_right(&self) -> bool {
        let mut signed = Signed::begin();
        signed.add(self.covered);
        let Ok(key) = VerifyingKey::from_bytes(&self.key.0) else { return false };
        key.verify_strict(&signed.digest(), &Ed25519::from_bytes(&self.signature)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        replay::{Compressor, MAGIC, Replay, ReplayEncoder, canned_replay},
        test_game::TestGame,
    };

    fn key() -> ServerKey {
        ServerKey::from_secret([7; 32])
    }

    /// The canned replay, signed.
    fn signed(key: &ServerKey) -> Vec<u8> {
        let bytes = canned_replay(TestGame, 7, 2, 70);
        let replay = Replay::read(&bytes).expect("a replay");
        let before_ending = &bytes[..replay.beginning.length()];
        let end = ReplayEncoder::resume(before_ending).end_signed(&replay.trailer, key);
        [before_ending, &end].concat()
    }

    #[test]
    fn an_account_is_that_of_one_secret_on_one_server() {
        let account = |key: u8, secret| ServerKey::from_secret([key; 32]).account(PlayerSecret::from_random(secret));
        assert_eq!(account(7, 1), account(7, 1));
        assert!(account(7, 1) != account(7, 2) && account(7, 1) != account(8, 1));
        // Results keep it forever, so it must stay the same.
        assert_eq!(account(7, 1).to_string(), "767ce0288191b91ec0c14d4a8e9d19aa");
    }

    #[test]
    fn a_subject_of_an_issuer_has_one_secret_on_one_server() {
        let secret = |key: u8, issuer, subject| ServerKey::from_secret([key; 32]).secret_of(issuer, subject).bits();
        assert_eq!(secret(7, "a", "bc"), secret(7, "a", "bc"));
        let others = [secret(8, "a", "bc"), secret(7, "a", "bd"), secret(7, "ab", "c"), secret(7, "", "abc")];
        assert!(!others.contains(&secret(7, "a", "bc")));
    }

    #[test]
    fn a_signed_replay_names_its_server_and_an_unsigned_one_none() {
        let bytes = signed(&key());
        let signature = Replay::read(&bytes).expect("a replay").signature.expect("it is signed");
        assert_eq!((signature.key, signature.is_right()), (key().public(), true));
        assert!(Replay::read(&canned_replay(TestGame, 7, 2, 70)).expect("a replay").signature.is_none());
    }

    #[test]
    fn a_signature_holds_for_no_other_bytes_and_no_other_key() {
        let bytes = signed(&key());
        let signature = Replay::read(&bytes).expect("a replay").signature.expect("it is signed");
        let other = ServerKey::from_secret([8; 32]).public();
        assert!(!Signature { key: other, ..signature.clone() }.is_right());
        assert!(!Signature { covered: &signature.covered[1..], ..signature.clone() }.is_right());
        assert!(!Signature { covered: &MAGIC, ..signature }.is_right());
    }

    #[test]
    fn any_flipped_bit_of_a_signed_replay_is_found() {
        let bytes = signed(&key());
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1 << (place % 8);
            assert!(Replay::read(&altered).is_err(), "byte {place}");
        }
        for length in 0..bytes.len() {
            assert!(Replay::read(&bytes[..length]).is_err(), "cut off after {length}");
        }
    }

    #[test]
    fn a_recording_is_signed_as_a_whole_however_it_was_written() {
        let bytes = canned_replay(TestGame, 7, 4, 400);
        let replay = Replay::read(&bytes).expect("a replay");
        let opening = replay.beginning.opening().expect("an opening");
        let mut compressor = Compressor::new();
        let (encoder, mut written) = ReplayEncoder::begin(&mut compressor, replay.header(), &opening);
        let blocks = &bytes[written.len()..replay.beginning.length()];
        let resumed = ReplayEncoder::resume(&[&written[..], blocks].concat()).end_signed(&replay.trailer, &key());
        drop(encoder);
        written.extend_from_slice(blocks);
        written.extend(resumed);
        assert!(Replay::read(&written).expect("a replay").signature.expect("it is signed").is_right());
    }

    #[test]
    fn a_public_key_is_told_in_digits() {
        let text = key().public().to_string();
        assert_eq!(text.parse(), Ok(key().public()));
        for wrong in ["", &text[1..], &text.replace(&text[..1], "g"), &format!("{text}0"), "+é"] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }
}
