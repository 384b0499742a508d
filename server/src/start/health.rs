//! `framehouse-server health`: asks the server of the same settings whether it works, for health checks in a container
//! without other programs.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, Stream,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::config::Settings;

/// Longest time to connect, and between two parts of the answer.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Maximum number of bytes that are read of the answer: its first line.
const ANSWER_BYTES_MAX: u64 = 64;
/// A server takes requests to `localhost`, whatever its public name is.
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const GOOD: &[u8] = b"HTTP/1.1 200 ";

/// Asks the HTTP gateway of these settings for `/healthz`.
///
/// # Errors
/// With one sentence, when it cannot be reached or answers anything but 200.
pub(super) fn ask(settings: &Settings) -> Result<(), String> {
    let address = reachable(settings.server.http);
    let answer = answer(address, settings.http.tls_cert.is_some());
    match answer.map_err(|error| format!("no answer from {address}: {error}"))? {
        answer if answer.starts_with(GOOD) => Ok(()),
        answer => {
            let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
            Err(format!("{address} answers: {}", String::from_utf8_lossy(line)))
        }
    }
}

/// A socket that listens on all addresses is reached on loopback.
pub(super) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

fn answer(address: SocketAddr, is_tls: bool) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIME_MAX)?;
    stream.set_read_timeout(Some(TIME_MAX))?;
    stream.set_write_timeout(Some(TIME_MAX))?;
    if is_tls {
        let mut session = tls_session().map_err(io::Error::other)?;
        talk(&mut Stream::new(&mut session, &mut stream))
    } else {
        talk(&mut stream)
    }
}

fn talk(stream: &mut (impl Read + Write)) -> io::Result<Vec<u8>> {
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// TLS with a server whose certificate is not checked: it names the public host, not this address, and no secret is sent.
fn tls_session() -> Result<ClientConnection, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

/// Accepts every certificate.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
