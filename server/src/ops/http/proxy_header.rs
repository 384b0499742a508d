//! The PROXY protocol, versions 1 and 2: with it a trusted proxy says at the beginning of a connection whose it is.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Bytes;
use proxy_header::{Error, ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::address::AddressKey;

/// Beginnings of a header. A request of HTTP and a handshake of TLS begin otherwise.
const SIGNATURES: [&[u8]; 2] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"];
/// Maximum number of bytes of a header.
const HEADER_BYTES_MAX: usize = 2048;

/// A stream of which some bytes have been read already.
pub(super) struct Resumed<S> {
    read: Bytes,
    stream: S,
}

impl<S> From<S> for Resumed<S> {
    fn from(stream: S) -> Self {
        Self { read: Bytes::new(), stream }
    }
}

/// Reads the header of a connection from a proxy, if there is one, and returns the address that it names: none if the
/// proxy speaks for itself, as in a health check.
///
/// # Errors
/// When the header is malformed or too long, or the connection ends.
pub(super) async fn read<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Resumed<S>, Option<AddressKey>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (header_bytes, address) = match parse(&bytes)? {
            Some(header) => header,
            None if bytes.len() < HEADER_BYTES_MAX => continue,
            None => return Err(io::ErrorKind::InvalidData.into()),
        };
        return Ok((Resumed { read: Bytes::from(bytes).split_off(header_bytes), stream }, address));
    }
}

/// Length of the header at the beginning of `bytes`, and the address in it; 0 if there is no header. Nothing while the
/// header is incomplete.
fn parse(bytes: &[u8]) -> io::Result<Option<(usize, Option<AddressKey>)>> {
    let begins = |signature: &&&[u8]| bytes.starts_with(signature) || signature.starts_with(bytes);
    let Some(signature) = SIGNATURES.iter().find(begins) else { return Ok(Some((0, None))) };
    if bytes.len() < signature.len() {
        return Ok(None);
    }
    match ProxyHeader::parse(bytes, ParseConfig { include_tlvs: false, ..ParseConfig::default() }) {
        Ok((header, length)) => Ok(Some((length, header.proxied_address().map(|address| address.source.ip().into())))),
        Err(Error::BufferTooShort) => Ok(None),
        Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Resumed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Resumed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use proxy_header::ProxiedAddress;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

    /// Reads a connection that brings these bytes one by one.
    async fn read_bytes(bytes: &[u8]) -> io::Result<(Vec<u8>, Option<String>)> {
        let (mut resumed, address) = read(byte_by_byte(bytes)).await?;
        let mut rest = Vec::new();
        resumed.read_to_end(&mut rest).await?;
        Ok((rest, address.map(|address| address.to_string())))
    }

    fn byte_by_byte(bytes: &[u8]) -> impl AsyncRead + Unpin {
        struct ByteByByte(Bytes);
        impl AsyncRead for ByteByByte {
            fn poll_read(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let length = self.0.len().min(1);
                buffer.put_slice(&self.0.split_to(length));
                Poll::Ready(Ok(()))
            }
        }
        ByteByByte(Bytes::copy_from_slice(bytes))
    }

    fn version_2() -> Vec<u8> {
        let address = |text: &str| text.parse().expect("an address");
        let named = ProxiedAddress::stream(address("[2001:db8::7]:4711"), address("[2001:db8::1]:443"));
        let mut bytes = Vec::new();
        ProxyHeader::with_address(named).encode_v2(&mut bytes).expect("a small header");
        bytes
    }

    #[tokio::test]
    async fn both_versions_name_the_caller_and_the_request_follows() {
        let version_1 = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec();
        for (header, caller) in [
            (version_1, Some("203.0.113.9")),
            (version_2(), Some("2001:db8::7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            let (rest, named) = read_bytes(&[&header, REQUEST].concat()).await.expect("a good header");
            assert_eq!((rest.as_slice(), named.as_deref()), (REQUEST, caller));
        }
        let post = read_bytes(b"POST / HTTP/1.1\r\n\r\n").await.expect("no header");
        assert_eq!(post.1, None, "a request that begins with the same letter");
    }

    #[tokio::test]
    async fn a_malformed_or_endless_header_is_an_error() {
        let mut endless = version_2();
        endless[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
        endless.extend([0; 70_000]);
        for bytes in [&b"PROXY TCP4 nobody\r\n"[..], b"PROXY TCP4 203.0.113.9", b"PROXY", b"", &endless] {
            assert!(read_bytes(bytes).await.is_err(), "{:?}", &bytes[..bytes.len().min(30)]);
        }
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 5000]].concat();
        assert!(read_bytes(&long).await.is_err());
    }
}
