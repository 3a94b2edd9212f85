//! The networks from which a key may be used, as requests and the database hold them.
//!
//! The address that is compared is that of the connection. Behind a proxy it is the proxy's, so networks limit proxies
//! there and not clients; headers such as `X-Forwarded-For` are not believed.

use crate::{Error, limits::KEY_NETWORKS_MAX, network::Network};

/// Reads the networks of a new key.
pub(super) fn parse(networks: &[String]) -> Result<Vec<Network>, Error> {
    if networks.is_empty() || networks.len() > KEY_NETWORKS_MAX {
        let detail = format!("Must have 1 to {KEY_NETWORKS_MAX} networks. Leave it out to allow all.");
        return Err(Error::invalid("/allowedNetworks", detail));
    }
    let read = |(index, network): (usize, &String)| {
        network.parse().map_err(|detail: String| Error::invalid(format!("/allowedNetworks/{index}"), detail))
    };
    networks.iter().enumerate().map(read).collect()
}

/// As the database holds networks.
pub(super) fn store(networks: &[Network]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Reads what [`store`] wrote. What cannot be read allows no address.
pub(super) fn restore(stored: &str) -> Vec<Network> {
    stored.split(',').filter_map(|network| network.parse().ok()).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_restored() {
        let networks = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(restore(&store(&networks)), networks);
        assert!(restore("damaged").is_empty());
    }
}
