//! Networks in CIDR notation.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// A network. IPv4-mapped networks are held as IPv4, as are the addresses that are compared with them.
///
/// A prefix of 0 is every address of its kind: `0.0.0.0/0` is all of IPv4, and no IPv6 address.
///
/// # Examples
///
/// ```
/// use service::Network;
///
/// let office: Network = "192.0.2.0/24".parse().unwrap();
/// assert!(office.contains("192.0.2.7".parse().unwrap()));
/// // The same address as a socket that listens on IPv6 sees it.
/// assert!(office.contains("::ffff:192.0.2.7".parse().unwrap()));
/// assert!(!office.contains("198.51.100.7".parse().unwrap()));
/// // An address with bits beyond its prefix is more likely a mistake than a wish.
/// assert!("192.0.2.7/24".parse::<Network>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address.
    address: IpAddr,
    prefix: u8,
}

impl FromStr for Network {
    type Err = String;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address.
    fn from_str(text: &str) -> Result<Self, String> {
        let unfit = || {
            "Expected a network as 10.0.0.0/8 or 2001:db8::/32, or a single address as 192.0.2.7. Write it so."
                .to_owned()
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| unfit())?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let digits = |prefix: &str| !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match prefix {
            None => bits,
            Some(prefix) if digits(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(unfit)?,
            Some(_) => return Err(unfit()),
        };
        let (address, prefix) = match (address.to_canonical(), prefix.checked_sub(MAPPED_BITS)) {
            (canonical @ IpAddr::V4(_), Some(prefix)) if address.is_ipv6() => (canonical, prefix),
            _ => (address, prefix),
        };
        let first = Self { address: masked(address, prefix), prefix };
        if first.address == address {
            return Ok(first);
        }
        Err(format!("The address has bits beyond the prefix. Write {first}, or the address alone."))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl Network {
    /// Whether an address lies in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

/// An address with all bits beyond the prefix cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_a_network_of_its_kind() {
        for (network, inside, outside) in [
            (
                "10.0.0.0/8",
                &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"][..],
                &["11.0.0.0", "::a00:1", "fd00::1"][..],
            ),
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6", "192.0.2.8"]),
            ("192.0.2.128/25", &["192.0.2.128", "192.0.2.255"], &["192.0.2.127"]),
            ("0.0.0.0/0", &["0.0.0.0", "203.0.113.9", "::ffff:203.0.113.9"], &["::1"]),
            ("::/0", &["::1", "2001:db8::1"], &["203.0.113.9", "::ffff:203.0.113.9"]),
            ("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::1"]),
            ("::ffff:10.0.0.0/104", &["10.9.9.9", "::ffff:10.9.9.9"], &["11.0.0.0"]),
            ("::1", &["::1"], &["::2", "127.0.0.1"]),
        ] {
            let network: Network = network.parse().unwrap();
            for (addresses, expected) in [(inside, true), (outside, false)] {
                for address in addresses {
                    assert_eq!(network.contains(address.parse().unwrap()), expected, "{address} in {network}");
                }
            }
        }
    }

    #[test]
    fn networks_are_shown_as_they_are_written_and_others_are_refused() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.7/32"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert_eq!("::ffff:192.0.2.7".parse::<Network>().unwrap().to_string(), "192.0.2.7/32");
        assert!("10.1.2.3/8".parse::<Network>().unwrap_err().contains("Write 10.0.0.0/8"));
        for text in
            ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "10/8", "010.0.0.1", "localhost", "*"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
