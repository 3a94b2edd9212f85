//! Rate limits: a token bucket per API key, and per address for keyless clients.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::buckets::{Buckets, Left};
use crate::{
    limits::{RATE_BURST, RATE_CLIENTS_MAX, RATE_DEFAULT, REFUSED_KEYS_PER_SECOND},
    problem::{Problem, ProblemCode},
};

// The headers of draft-ietf-httpapi-ratelimit-headers.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The client that a request is charged to.
#[derive(Hash)]
pub(super) enum Client<'a> {
    Key(&'a str),
    Address(IpAddr),
}

/// The rate limits of all clients. One instance serves all threads.
pub(super) struct Rates {
    per_second: u32,
    /// Whether clients on this machine are limited, too.
    of_loopback: bool,
    buckets: Buckets,
    policy: HeaderValue,
}

/// A client's remaining quota.
pub(super) struct Standing {
    left: Left,
    policy: HeaderValue,
}

impl Rates {
    /// A limit of `per_second` for all clients. `None` means the default, and no limit on loopback. There is no limit
    /// at all for 0.
    pub(super) fn new(per_second: Option<u32>) -> Option<Self> {
        let (of_loopback, per_second) = (per_second.is_some(), per_second.unwrap_or(RATE_DEFAULT));
        let window = RATE_BURST.as_secs();
        let policy = format!("\"default\";q={};w={window}", u64::from(per_second) * window);
        let policy = HeaderValue::from_str(&policy).ok()?;
        (per_second > 0).then(|| {
            let buckets = Buckets::new(per_second, RATE_BURST, RATE_CLIENTS_MAX);
            Self { per_second, of_loopback, buckets, policy }
        })
    }

    /// The address that a client is charged to; `None` if the client is not limited.
    pub(super) fn address_of(&self, peer: IpAddr) -> Option<IpAddr> {
        match peer.to_canonical() {
            address if address.is_loopback() && !self.of_loopback => None,
            // A subscriber usually controls all addresses of a /64 network.
            IpAddr::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            address => Some(address),
        }
    }

    /// How many requests a rejected key is charged.
    pub(super) fn requests_of_refused_key(&self) -> u32 {
        (self.per_second / REFUSED_KEYS_PER_SECOND).max(1)
    }

    /// Charges requests to a client's bucket.
    ///
    /// # Errors
    /// 429 if the bucket lacks tokens. Then nothing is charged.
    pub(super) fn spend(&self, client: Client<'_>, requests: u32, now: Instant) -> Result<Standing, Problem> {
        let missing = match self.buckets.spend(client, requests, now) {
            Ok(left) => return Ok(Standing { left, policy: self.policy.clone() }),
            Err(missing) => missing,
        };
        let wait = seconds(missing);
        let detail = format!("The limit of {} requests a second is exceeded. Retry in {wait} s.", self.per_second);
        let problem = Problem::new(ProblemCode::RateLimited, detail).retry_after(wait);
        let standing = Standing { left: Left { requests: 0, full_in: missing }, policy: self.policy.clone() };
        Err(standing.headers().into_iter().fold(problem, |problem, (name, value)| problem.with_header(name, value)))
    }
}

impl Standing {
    fn headers(self) -> [(HeaderName, HeaderValue); 2] {
        let Self { left: Left { requests, full_in }, policy } = self;
        let left = format!("\"default\";r={requests};t={}", seconds(full_in));
        let left = HeaderValue::try_from(left).unwrap_or(HeaderValue::from_static(""));
        [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)]
    }

    /// Adds the quota to the headers of a response.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers() {
            headers.insert(name, value);
        }
    }
}

/// Rounds up to whole seconds, so that a client that waits for them has waited long enough.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    const ADDRESS: Client<'static> = Client::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    fn left(rates: &Rates, key: &str, now: Instant) -> Option<u32> {
        rates.spend(Client::Key(key), 1, now).ok().map(|standing| standing.left.requests)
    }

    #[test]
    fn a_client_may_save_up_for_two_seconds_and_then_has_its_rate() {
        let rates = Rates::new(Some(10)).unwrap();
        let mut now = Instant::now() + Duration::from_secs(60);
        for expected in (0..20).rev() {
            assert_eq!(left(&rates, "a", now), Some(expected));
        }
        assert_eq!(left(&rates, "a", now), None);
        // Other clients are unaffected.
        assert_eq!(left(&rates, "b", now), Some(19));
        // A rejected request costs nothing.
        now += Duration::from_millis(100);
        assert_eq!((left(&rates, "a", now), left(&rates, "a", now)), (Some(0), None));
        now += Duration::from_secs(1);
        for expected in (0..10).rev() {
            assert_eq!(left(&rates, "a", now), Some(expected));
        }
        now += Duration::from_secs(3_600);
        assert_eq!(left(&rates, "a", now), Some(19));
    }

    #[test]
    fn who_is_refused_is_told_when_to_come_back() {
        let rates = Rates::new(Some(1)).unwrap();
        let now = Instant::now();
        assert!(rates.spend(ADDRESS, 2, now).is_ok());
        let refusal = rates.spend(ADDRESS, 2, now).err().unwrap().error_response();
        let header = |name: &str| refusal.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(refusal.status(), 429);
        assert_eq!((header("retry-after"), header("ratelimit")), ("2".to_owned(), "\"default\";r=0;t=2".to_owned()));
        assert_eq!(header("ratelimit-policy"), "\"default\";q=2;w=2");
        assert!(rates.spend(ADDRESS, 2, now + Duration::from_secs(2)).is_ok());
    }

    #[test]
    fn this_machine_is_limited_only_where_the_setting_says_so() {
        let address = |rates: &Rates, peer: &str| rates.address_of(peer.parse().unwrap()).map(|peer| peer.to_string());
        let (default, set) = (Rates::new(None).unwrap(), Rates::new(Some(1)).unwrap());
        assert_eq!(default.per_second, RATE_DEFAULT);
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(address(&default, own), None, "{own}");
            assert!(address(&set, own).is_some(), "{own}");
        }
        assert_eq!(address(&default, "::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(address(&default, "2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
        assert!(Rates::new(Some(0)).is_none());
    }

    #[test]
    fn keys_that_are_not_taken_are_tried_ten_times_a_second() {
        for (per_second, tries) in [(5_000, 20), (100, 20), (1, 2)] {
            let rates = Rates::new(Some(per_second)).unwrap();
            let now = Instant::now();
            let tried = (0..100).take_while(|_| rates.spend(ADDRESS, rates.requests_of_refused_key(), now).is_ok());
            assert_eq!(tried.count(), tries, "{per_second}");
        }
    }
}
