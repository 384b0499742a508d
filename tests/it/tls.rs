//! HTTPS between the gateway and the client, over real sockets.

use std::{fs, path::Path};

use framehouse_client::{
    connect::{ConnectError, trust_authorities},
    rooms::list_rooms,
};
use framehouse_server::ops::{
    backend::LocalBackend,
    http::{self, HttpOptions, TlsKeys},
    status::StatusBoard,
};
use framehouse_shared::api::RoomFilter;
use framehouse_tools::load::process::Scratch;

use crate::websocket::no_sockets;

/// Writes a certificate for this machine and its key.
fn write_pair(folder: &Path) {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a pair");
    fs::write(folder.join("cert.pem"), made.cert.pem()).expect("a folder of ours");
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a folder of ours");
}

/// The only test of this binary that trusts an authority: that is for the whole process.
#[test]
fn a_client_speaks_https_with_a_server_that_it_trusts_and_with_no_other() {
    let folder = Scratch::new("https").expect("a folder");
    write_pair(folder.path());
    let keys = TlsKeys::read(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).expect("a good pair");
    let listener = http::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (backend, _joins) = LocalBackend::new(StatusBoard::default(), folder.path().to_owned(), no_sockets());
    let options = HttpOptions { tls: Some(keys.clone()), ..Default::default() };
    http::serve(listener, backend, options).expect("a thread");
    let rooms = || list_rooms(&format!("https://{address}"), &RoomFilter::default());

    let is_unreachable = |answer| matches!(answer, Err(ConnectError::Unreachable { .. }));
    assert!(is_unreachable(rooms()), "the system does not know the authority");
    trust_authorities(&folder.path().join("cert.pem")).expect("a certificate");
    assert_eq!(rooms(), Ok(Vec::new()));
    let plain = list_rooms(&format!("http://{address}"), &RoomFilter::default());
    assert!(is_unreachable(plain), "nothing is answered without TLS");

    fs::write(folder.path().join("key.pem"), "nonsense").expect("a folder of ours");
    keys.reload();
    assert_eq!(rooms(), Ok(Vec::new()), "a bad file changes nothing");
    write_pair(folder.path());
    keys.reload();
    assert!(is_unreachable(rooms()), "the new certificate is in use, and nobody told the client of it");
}
