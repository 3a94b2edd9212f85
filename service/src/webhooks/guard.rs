//! The guard against server-side request forgery: which addresses the service connects to for somebody's URL.
//!
//! Whoever makes webhooks chooses where the service connects. Without a guard they could reach what only the service's
//! machine reaches: a cloud's metadata service, a database, other services. The guard looks at addresses, after names
//! are resolved, where the connection is made ([`Resolver`]). So it catches a name that points inside, and one that
//! changes between two look-ups. Literal addresses, which are not resolved, are checked before each attempt.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::network::Network;

/// IPv4 networks that are not the public internet (IANA's special-purpose registry), multicast among them.
const FORBIDDEN_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// IPv6 networks within global unicast (2000::/3) that are not the public internet: protocol assignments with Teredo,
/// documentation, 6to4, direct delegation, and segment routing. Everything outside of 2000::/3 is forbidden as well,
/// IPv4 written inside IPv6 among it.
const FORBIDDEN_V6: [([u16; 2], u32); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Whether an address belongs to the public internet.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside = |(network, prefix): &([u8; 4], u32)| {
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        address.to_bits() & mask == u32::from_be_bytes(*network)
    };
    !FORBIDDEN_V4.iter().any(inside)
}

/// Whether an address belongs to the public internet. An IPv4 address inside of an IPv6 one never does, whatever it is:
/// a gateway would translate it, and lead back inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let inside = |([first, second], prefix): &([u16; 2], u32)| {
        let network = u128::from(*first) << 112 | u128::from(*second) << 96;
        bits >> (128 - prefix) == network >> (128 - prefix)
    };
    bits >> 125 == 1 && !FORBIDDEN_V6.iter().any(inside)
}

/// Decides about addresses. A clone shares the list of networks.
///
/// What the operator lists is compared with the IPv4 address in an IPv4-mapped one (`::ffff:10.1.2.3`), as with the
/// networks of keys.
#[derive(Clone, Debug)]
pub(super) struct Guard(pub Arc<[Network]>);

impl Guard {
    /// Whether the operator lists the address.
    pub(super) fn is_listed(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether the service may connect to the address: it is public, or listed.
    pub(super) fn admits(&self, address: IpAddr) -> bool {
        let public = match address {
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => is_public_v6(address),
        };
        public || self.is_listed(address)
    }
}

/// Said by the resolver when a name has addresses, and none of them is allowed.
#[derive(Debug, thiserror::Error)]
#[error("no address of this name is allowed")]
pub(super) struct Forbidden;

/// Resolves names to the allowed ones of their addresses. The connection is made to what it returns and to nothing
/// else.
pub(super) struct Resolver {
    pub guard: Guard,
    /// Whether only listed addresses are allowed, as for `http`.
    pub listed_only: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, listed_only) = (self.guard.clone(), self.listed_only);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = |address: &SocketAddr| {
                if listed_only { guard.is_listed(address.ip()) } else { guard.admits(address.ip()) }
            };
            let allowed: Vec<_> = found.into_iter().filter(allowed).collect();
            if allowed.is_empty() {
                return Err(Forbidden.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_points_inside_is_not_resolved() {
        let guard = Guard(Arc::from([]));
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = Resolver { guard, listed_only: false }.resolve(name()).await.err().unwrap();
        assert!(refused.is::<Forbidden>());
        let listed = Guard(Arc::from(["127.0.0.0/8", "::1"].map(|network| network.parse().unwrap())));
        let found = Resolver { guard: listed, listed_only: true }.resolve(name()).await.ok().unwrap();
        assert!(found.count() > 0);
    }

    #[test]
    fn only_public_and_listed_addresses_are_admitted() {
        let none = Guard(Arc::from([]));
        for public in ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111"] {
            assert!(none.admits(public.parse().unwrap()), "{public}");
        }
        let listed = Guard(Arc::from(["127.0.0.0/8", "10.1.0.0/16", "::1"].map(|network| network.parse().unwrap())));
        for (address, is_listed) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", true),
            ("::1", true),
            ("10.2.0.1", false),
            ("0.0.0.0", false),
            ("169.254.169.254", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::ffff:10.2.0.1", false),
            ("::7f00:1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::1", false),
            ("2002:7f00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("100::1", false),
        ] {
            assert_eq!(listed.admits(address.parse().unwrap()), is_listed, "{address}");
            assert!(!none.admits(address.parse().unwrap()), "{address}");
        }
    }
}
