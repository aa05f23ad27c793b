//! How many connections one client address may have.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;

use crate::http::client_address::{PeerAddress, TrustedProxies};

/// Each has a lock of its own, so that cores seldom wait for each other.
const SHARDS: usize = 16;

/// Counts open connections by address.
#[derive(Debug)]
pub struct AddressLimit {
    settings: ArcSwap<AddressLimitSettings>,
    hasher: RandomState,
    shards: [Mutex<HashMap<Place, usize>>; SHARDS],
}

/// What the operator says about it, compiled.
#[derive(Debug, Clone)]
pub struct AddressLimitSettings {
    /// The most connections of one address.
    pub most: usize,
    /// Whether this machine's own connections count.
    pub loopback: Loopback,
    /// They speak for many clients, and are not limited.
    pub proxies: TrustedProxies,
}

/// Whether connections from this machine to itself count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loopback {
    /// Like any other.
    Counted,
    /// Without a limit.
    Exempt,
}

/// Where a client is: an IPv4 address, or the network of an IPv6 one, since each host has all of a /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    V4(Ipv4Addr),
    V6(u64),
}

/// One connection among those of its address.
#[derive(Debug)]
pub(super) struct Seat {
    limit: Arc<AddressLimit>,
    place: Place,
}

/// The address has as many connections as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl AddressLimit {
    /// Nobody is connected.
    pub fn new(settings: AddressLimitSettings) -> Self {
        Self {
            settings: ArcSwap::from_pointee(settings),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Says something else about it from now on; who is connected stays.
    pub fn change(&self, settings: AddressLimitSettings) {
        self.settings.store(Arc::new(settings));
    }

    /// Counts one more connection until the seat is dropped; `None` for whom nothing is counted.
    pub(super) fn admit(self: &Arc<Self>, peer: PeerAddress) -> Result<Option<Seat>, Full> {
        let settings = self.settings.load();
        let Some(place) = settings.place(peer) else {
            return Ok(None);
        };
        let mut counts = self.counts(place);
        let count = counts.entry(place).or_insert(0);
        if *count >= settings.most {
            return Err(Full);
        }
        *count += 1;
        drop(counts);
        Ok(Some(Seat {
            limit: Arc::clone(self),
            place,
        }))
    }

    fn counts(&self, place: Place) -> MutexGuard<'_, HashMap<Place, usize>> {
        let hash = usize::try_from(self.hasher.hash_one(place) % SHARDS as u64);
        // INVARIANT: a remainder is smaller than its divisor.
        let shard = self.shards.get(hash.unwrap_or(0)).expect("a shard");
        // Nothing between locking and unlocking can panic half way.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AddressLimitSettings {
    /// Where a peer is counted, if it is.
    fn place(&self, peer: PeerAddress) -> Option<Place> {
        let ip = peer.ip()?;
        let exempt = ip.is_loopback() && self.loopback == Loopback::Exempt;
        if exempt || self.proxies.contains(peer) {
            return None;
        }
        Some(match ip {
            IpAddr::V4(address) => Place::V4(address),
            IpAddr::V6(address) => Place::V6(u64::try_from(address.to_bits() >> 64).ok()?),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.limit.counts(self.place);
        if let Entry::Occupied(mut count) = counts.entry(self.place) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(most: usize, loopback: Loopback) -> Arc<AddressLimit> {
        Arc::new(AddressLimit::new(AddressLimitSettings {
            most,
            loopback,
            proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
        }))
    }

    fn at(address: &str) -> PeerAddress {
        PeerAddress::Ip(format!("{address}:4711").parse().unwrap())
    }

    #[test]
    fn a_changed_limit_holds_for_whoever_is_connected_already() {
        let limit = limit(3, Loopback::Counted);
        let seats = [(); 3].map(|()| limit.admit(at("192.0.2.1")).unwrap());
        limit.change(AddressLimitSettings {
            most: 2,
            loopback: Loopback::Counted,
            proxies: TrustedProxies::default(),
        });
        let [first, second, _third] = seats;
        drop(first);
        assert_eq!(limit.admit(at("192.0.2.1")).unwrap_err(), Full);
        drop(second);
        assert!(limit.admit(at("192.0.2.1")).unwrap().is_some());
    }

    fn known(limit: &AddressLimit) -> usize {
        let shards = limit.shards.iter();
        shards.map(|shard| shard.lock().unwrap().len()).sum()
    }

    #[test]
    fn a_full_address_waits_for_a_seat_and_others_do_not() {
        let limit = limit(2, Loopback::Counted);
        let first = limit.admit(at("192.0.2.1")).unwrap();
        let _second = limit.admit(at("[::ffff:192.0.2.1]")).unwrap().unwrap();
        assert_eq!(limit.admit(at("192.0.2.1")).unwrap_err(), Full);
        assert!(limit.admit(at("192.0.2.2")).unwrap().is_some());
        drop(first);
        assert!(limit.admit(at("192.0.2.1")).unwrap().is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limit = limit(1, Loopback::Counted);
        let _seat = limit.admit(at("[2001:db8:0:1::1]")).unwrap().unwrap();
        assert!(limit.admit(at("[2001:db8:0:1:ffff::2]")).is_err());
        assert!(limit.admit(at("[2001:db8:0:2::1]")).is_ok());
    }

    #[test]
    fn proxies_unix_sockets_and_perhaps_this_machine_are_not_counted() {
        let limit = limit(1, Loopback::Exempt);
        for peer in [
            at("10.1.2.3"),
            at("127.0.0.1"),
            at("[::1]"),
            PeerAddress::Unix,
        ] {
            assert!(limit.admit(peer).unwrap().is_none());
            assert!(limit.admit(peer).unwrap().is_none());
        }
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let limit = limit(1, Loopback::Counted);
        let seat = limit.admit(at("127.0.0.1")).unwrap();
        assert_eq!(known(&limit), 1);
        drop(seat);
        assert_eq!(known(&limit), 0);
    }
}
