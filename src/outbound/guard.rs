//! The address guard: which addresses may be reached.
//!
//! A destination's URL is written by a user of the bridge, and the bridge may stand inside somebody's network: without a guard
//! it would carry requests to machines that the user cannot reach. The check is made inside the client's resolver, on the very
//! addresses that are dialled, so a name that changes its answer between a check and a connection gains nothing. Addresses
//! written as numbers pass no resolver and are checked by [`Guard::vet`], which every send calls first. Redirects are never
//! followed and no ambient proxy is used (`client`). The ranges are IANA's special-purpose registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Decides which addresses may be reached.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allowed: Arc<Vec<IpNet>>,
}

/// An address that may not be reached, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// The name did not resolve.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(pub String);

/// What [`Guard::vet`] found wrong.
#[derive(Debug, thiserror::Error)]
pub enum Vetoed {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
}

impl Guard {
    /// A guard that lets these networks pass although they are private.
    pub fn new(allowed: Vec<IpNet>) -> Guard {
        Guard {
            allowed: Arc::new(allowed),
        }
    }

    /// Whether the address is in a network that the operator listed.
    pub fn is_listed(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Refuses addresses that are not public, unless they are listed.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.is_listed(address) {
            return Ok(());
        }
        match special_purpose(address) {
            None => Ok(()),
            Some(range) => Err(Refusal(format!(
                "{address} is not a public address ({range})."
            ))),
        }
    }

    /// Checks a URL before it is saved, tested or sent to: scheme, port, and the addresses behind its host.
    ///
    /// Plain http is accepted to listed networks, elsewhere only with `allow_http`.
    pub async fn vet(&self, url: &Url, allow_http: bool) -> Result<(), Vetoed> {
        let addresses = self.addresses_of(url, allow_http).await?;
        for address in &addresses {
            self.check(*address)?;
        }
        let listed = addresses.iter().all(|address| self.is_listed(*address));
        if url.scheme() == "http" && !allow_http && !listed {
            return Err(Refusal(
                "plain http would show the payload and its credentials on the way; use https, or allow http in the destination's settings.".into(),
            )
            .into());
        }
        Ok(())
    }

    /// The addresses behind the host. A name under https is left to the resolver inside the client, which checks what it dials.
    async fn addresses_of(&self, url: &Url, allow_http: bool) -> Result<Vec<IpAddr>, Vetoed> {
        match url.host() {
            Some(Host::Ipv4(address)) => Ok(vec![IpAddr::V4(address)]),
            Some(Host::Ipv6(address)) => Ok(vec![IpAddr::V6(address)]),
            Some(Host::Domain(_)) if url.scheme() == "https" || allow_http => Ok(Vec::new()),
            Some(Host::Domain(name)) => Ok(lookup(name)
                .await?
                .into_iter()
                .map(|address| address.ip())
                .collect()),
            None => Err(Refusal("the URL names no host.".into()).into()),
        }
    }

    /// Resolves a name and keeps the addresses that may be reached.
    pub async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, Vetoed> {
        let found = lookup(name).await?;
        let mut refusal = None;
        let mut kept = Vec::with_capacity(found.len());
        for address in found {
            match self.check(address.ip()) {
                Ok(()) => kept.push(address),
                Err(refused) => refusal = Some(refused),
            }
        }
        match (kept.is_empty(), refusal) {
            (true, Some(Refusal(reason))) => {
                Err(Refusal(format!("{name} leads to a refused address: {reason}")).into())
            }
            _ => Ok(kept),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = Guard::resolve(&guard, name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn lookup(name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0))
        .await
        .map_err(|_| Unresolved(format!("the name {name} was not found.")))?
        .collect();
    if found.is_empty() {
        return Err(Unresolved(format!("the name {name} has no address.")));
    }
    Ok(found)
}

/// Which special-purpose range an address is in; `None` for a public one. IPv4 carried inside IPv6 is judged by what it carries.
fn special_purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_purpose_v4(address),
        IpAddr::V6(address) => match carried_v4(address) {
            Some(inner) => special_purpose_v4(inner).or_else(|| special_purpose_v6(address)),
            None => special_purpose_v6(address),
        },
    }
}

fn special_purpose_v4(address: Ipv4Addr) -> Option<&'static str> {
    const RANGES: [(Ipv4Addr, u8, &str); 17] = [
        (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
        (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
        (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
        (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
        (
            Ipv4Addr::new(169, 254, 0, 0),
            16,
            "link-local and cloud metadata",
        ),
        (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
        (Ipv4Addr::new(192, 0, 0, 0), 24, "IETF protocol assignments"),
        (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
        (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
        (Ipv4Addr::new(192, 52, 193, 0), 24, "AMT"),
        (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
        (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
        (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
        (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
        (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
        (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
        (Ipv4Addr::new(224, 0, 0, 0), 3, "multicast or reserved"),
    ];
    let bits = u32::from(address);
    RANGES
        .iter()
        .find(|(network, length, _)| (bits ^ u32::from(*network)) >> (32 - length) == 0)
        .map(|(_, _, name)| *name)
}

fn special_purpose_v6(address: Ipv6Addr) -> Option<&'static str> {
    const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
        Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
    }
    const RANGES: [(Ipv6Addr, u8, &str); 13] = [
        (v6(0, 0, 0), 8, "loopback, unspecified or embedded IPv4"),
        (v6(0x64, 0xff9b, 0), 32, "IPv4 translation"),
        (v6(0x100, 0, 0), 64, "discard only"),
        (v6(0x100, 0, 0), 48, "dummy prefix"),
        (
            v6(0x2001, 0, 0),
            23,
            "IETF protocol assignments, Teredo, ORCHID",
        ),
        (v6(0x2001, 0xdb8, 0), 32, "documentation"),
        (v6(0x2002, 0, 0), 16, "6to4"),
        (v6(0x2620, 0x4f, 0x8000), 48, "AS112"),
        (v6(0x3fff, 0, 0), 20, "documentation"),
        (v6(0x5f00, 0, 0), 16, "segment routing"),
        (v6(0xfc00, 0, 0), 7, "unique local"),
        (v6(0xfe00, 0, 0), 8, "link-local or site-local"),
        (v6(0xff00, 0, 0), 8, "multicast"),
    ];
    let bits = u128::from(address);
    RANGES
        .iter()
        .find(|(network, length, _)| (bits ^ u128::from(*network)) >> (128 - length) == 0)
        .map(|(_, _, name)| *name)
}

/// The IPv4 address inside a mapped, translated (NAT64) or 6to4 address.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b) {
        (0, 0) if c == 0 && d == 0 && e == 0 && f == 0xffff => Some(join(g, h)),
        (0x64, 0xff9b) => Some(join(g, h)),
        (0x2002, high) => Some(join(high, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> bool {
        Guard::default().check(text.parse().unwrap()).is_err()
    }

    #[test]
    fn special_purpose_addresses_are_refused() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
        ] {
            assert!(refused(text), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(!refused(text), "{text}");
        }
    }

    #[test]
    fn listed_networks_pass_also_in_mapped_form() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(guard.check("127.0.0.1".parse().unwrap()).is_ok());
        assert!(guard.check("::ffff:127.0.0.1".parse().unwrap()).is_ok());
        assert!(guard.check("10.0.0.1".parse().unwrap()).is_err());
        assert!(guard.check("::1".parse().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_carries_a_private_v4_is_refused(host in any::<u32>()) {
            let inner = Ipv4Addr::from(host);
            if special_purpose_v4(inner).is_some() {
                let [a, b] = [(host >> 16) as u16, host as u16];
                for carrier in [
                    inner.to_ipv6_mapped(),
                    Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                    Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1),
                ] {
                    prop_assert!(Guard::default().check(carrier.into()).is_err(), "{carrier}");
                }
            }
        }
    }

    #[tokio::test]
    async fn written_forms_of_loopback_are_refused_as_urls() {
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
        ] {
            let url = Url::parse(text).unwrap();
            assert!(
                matches!(
                    Guard::default().vet(&url, true).await,
                    Err(Vetoed::Refused(_))
                ),
                "{text}"
            );
        }
        assert!(Guard::default().resolve("localhost").await.is_err());
    }

    #[tokio::test]
    async fn plain_http_needs_a_listed_network_or_permission() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let vet =
            async |text: &str, allow| guard.vet(&Url::parse(text).unwrap(), allow).await.is_ok();
        assert!(vet("http://127.0.0.1:9/", false).await);
        assert!(!vet("http://8.8.8.8/", false).await);
        assert!(vet("http://8.8.8.8/", true).await);
        assert!(vet("https://8.8.8.8/", false).await);
    }
}
