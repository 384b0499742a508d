//! The addresses of the host that clients connect to.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

/// The addresses of the host that clients connect to. Its clones share them, so that a thread can look them up again.
#[derive(Clone, Debug)]
pub struct PublicHost(Arc<Mutex<Vec<IpAddr>>>);

impl PublicHost {
    /// A host with these addresses; `None` without one.
    pub fn new(addresses: Vec<IpAddr>) -> Option<Self> {
        (!addresses.is_empty()).then(|| Self(Arc::new(Mutex::new(addresses))))
    }

    /// Replaces the addresses, for clients that ask from now on. Without a new one the old ones stay. Returns whether
    /// they have changed.
    pub fn replace(&self, addresses: Vec<IpAddr>) -> bool {
        let mut known = self.0.lock().expect("nothing panics while holding this lock");
        let is_new = !addresses.is_empty() && *known != addresses;
        if is_new {
            *known = addresses;
        }
        is_new
    }

    /// An address for this caller: of the same kind as the caller's own, if there is one.
    pub fn address_for(&self, caller: Option<IpAddr>) -> IpAddr {
        let known = self.0.lock().expect("nothing panics while holding this lock");
        let is_of_kind = |address: &&IpAddr| {
            caller.is_some_and(|caller| caller.to_canonical().is_ipv4() == address.to_canonical().is_ipv4())
        };
        *known.iter().find(is_of_kind).unwrap_or(&known[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_caller_gets_an_address_of_its_own_kind() {
        let host = PublicHost::new(vec![ip("2001:db8::1"), ip("192.0.2.1")]).expect("two addresses");
        assert_eq!(host.address_for(Some(ip("198.51.100.7"))), ip("192.0.2.1"));
        assert_eq!(host.address_for(Some(ip("::ffff:198.51.100.7"))), ip("192.0.2.1"));
        assert_eq!(host.address_for(Some(ip("2001:db8::7"))), ip("2001:db8::1"));
        assert_eq!(host.address_for(None), ip("2001:db8::1"));
    }

    #[test]
    fn new_addresses_are_used_and_no_address_is_not() {
        let host = PublicHost::new(vec![ip("192.0.2.1")]).expect("an address");
        assert!(host.clone().replace(vec![ip("192.0.2.2")]));
        assert!(!host.replace(vec![ip("192.0.2.2")]), "the same");
        assert!(!host.replace(Vec::new()));
        assert_eq!(host.address_for(Some(ip("2001:db8::7"))), ip("192.0.2.2"));
        assert!(PublicHost::new(Vec::new()).is_none());
    }
}
