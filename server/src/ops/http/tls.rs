//! TLS of the gateway: certificate and key from files, read again when they change.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use crate::error_streak::ErrorStreak;

/// Certificate and key of the gateway.
#[derive(Clone, Debug)]
pub struct TlsKeys(Arc<Files>);

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    /// Hash of the files as they were read last, good or bad.
    read: Mutex<u64>,
    /// Looks in a row that found bad files.
    streak: ErrorStreak,
    /// Number of changes since the start.
    changes: AtomicU64,
}

/// The pair that handshakes use.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().expect("nothing panics while holding this lock")))
    }
}

impl TlsKeys {
    /// Reads the two files, both in PEM.
    ///
    /// # Errors
    /// With one sentence, when a file cannot be read, holds nothing usable, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let (pair, hash) = read_pair(certificate, key);
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: Arc::new(Current(RwLock::new(Arc::new(pair?)))),
            read: Mutex::new(hash),
            streak: ErrorStreak::default(),
            changes: AtomicU64::new(0),
        };
        Ok(Self(Arc::new(files)))
    }

    /// Whether the files can be used as they are now. Nothing changes.
    ///
    /// # Errors
    /// With a sentence, when they cannot.
    pub fn check(&self) -> Result<(), String> {
        read_pair(&self.0.certificate, &self.0.key).0.map(drop)
    }

    /// Number of times that other files came into use since the start.
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Relaxed)
    }

    /// Reads the files again. New connections use them if they are good; otherwise they use what was used before. Logs
    /// one line if the files have changed.
    pub fn reload(&self) {
        let reloaded = self.try_reload();
        // Files that have not changed are as bad as they were.
        let is_good = reloaded.as_ref().is_ok_and(|is_new| *is_new || self.0.streak.count() == 0);
        self.0.streak.note(is_good);
        match reloaded {
            Ok(true) => tracing::info!("new connections use the new TLS certificate"),
            Ok(false) => {}
            Err(sentence) => tracing::error!("the old TLS certificate stays in use: {sentence}"),
        }
    }

    /// Looks in a row that found files that cannot be used.
    pub fn error_streak(&self) -> ErrorStreak {
        self.0.streak.clone()
    }

    /// Whether the files have changed and are in use now.
    fn try_reload(&self) -> Result<bool, String> {
        let Files { certificate, key, current, read, .. } = &*self.0;
        let mut read = read.lock().expect("nothing panics while holding this lock");
        let (pair, hash) = read_pair(certificate, key);
        if *read == hash {
            return Ok(false);
        }
        *read = hash;
        *current.0.write().expect("nothing panics while holding this lock") = Arc::new(pair?);
        self.0.changes.fetch_add(1, Relaxed);
        Ok(true)
    }

    /// Begins connections with the current pair.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has all versions of TLS")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.0.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config).into()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The pair in the files, and a hash of what was read.
fn read_pair(certificate: &Path, key: &Path) -> (Result<CertifiedKey, String>, u64) {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let files = (read(certificate), read(key));
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    let pair = match files {
        (Ok(chain), Ok(secret)) => parse_pair((certificate, &chain), (key, &secret)),
        (Err(sentence), _) | (_, Err(sentence)) => Err(sentence),
    };
    (pair, hasher.finish())
}

fn parse_pair(certificate: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<CertifiedKey, String> {
    let (certificate, chain) = (certificate.0.display(), certificate.1);
    let (key, secret) = (key.0.display(), key.1);
    // Errors of the reader repeat lines of a file, and sentences go to a webhook: a line may be the key.
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| format!("{certificate} is not a certificate in PEM"))?;
    if chain.is_empty() {
        return Err(format!("{certificate} has no certificate in PEM"));
    }
    let secret = PrivateKeyDer::from_pem_slice(secret).map_err(|_| format!("{key} has no private key in PEM"))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .map_err(|error| format!("{key} is not the key of the certificate {certificate}: {error}"))
}

#[cfg(test)]
pub(super) mod tests;
