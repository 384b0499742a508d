//! Signatures of tokens, checked by ring: the library of tokens has two providers, of which one needs aws-lc, and the other
//! one has RSA with a known weakness (RUSTSEC-2023-0071). The server only checks, and signs nothing.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{Error, Verifier},
};
use ring::{
    error::Unspecified,
    hmac,
    signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey},
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Lets the library of tokens use ring. Has to be called before its first token, and may be called again.
pub(super) fn install() {
    // An error says that there is one: this one.
    let _ = PROVIDER.install_default();
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // Whoever has a public key must not be able to use it as a secret.
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            _ => Err(Unspecified),
        };
        verified.map_err(|Unspecified| Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_never_used_as_a_secret() {
        let rsa = DecodingKey::from_rsa_raw_components(&[255; 256], &[1, 0, 1]);
        let ed25519 = DecodingKey::from_ed_der(&[7; 32]);
        for key in [&rsa, &ed25519] {
            assert!(verifier(&Algorithm::HS256, key).is_err());
        }
        assert!(verifier(&Algorithm::RS256, &rsa).is_ok() && verifier(&Algorithm::EdDSA, &ed25519).is_ok());
        // Algorithms of the same family that no key of ours has are no way around it.
        let pss = verifier(&Algorithm::PS256, &rsa).expect("of the family");
        assert!(pss.verify(b"message", &vec![0; 256]).is_err());
    }
}
