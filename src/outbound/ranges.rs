//! Which addresses belong to the public internet, and which are kept for something else.
//!
//! Called by `guard` for every address before it is dialled. Pure tables, after IANA's special-purpose registries and the address space
//! that is assigned to the public: IPv6 is public only inside 2000::/3, whatever IANA sets aside later. IPv4 that travels inside IPv6 is
//! judged by what it carries. It cannot know a translation prefix (NAT64) that a network chose inside its own public addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is kept for; `None` for a public one.
pub fn special_purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_purpose_v4(address),
        IpAddr::V6(address) => match carried_v4(address) {
            Some((inner, Carrier::Transparent)) => special_purpose_v4(inner),
            Some((inner, Carrier::Closed)) => {
                special_purpose_v4(inner).or_else(|| special_purpose_v6(address))
            }
            None => special_purpose_v6(address),
        },
    }
}

const V4: [(Ipv4Addr, u8, &str); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        "metadata of the Azure cloud",
    ),
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

fn special_purpose_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    V4.iter()
        .find(|(network, length, _)| (bits ^ u32::from(*network)) >> (32 - length) == 0)
        .map(|(_, _, name)| *name)
}

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

/// Kept for something else, within and without the public space. Outside of it the names are for people; everything there is refused.
const V6: [(Ipv6Addr, u8, &str); 14] = [
    (v6(0x64, 0xff9b, 0), 32, "IPv4 translation"),
    (v6(0, 0, 0), 8, "loopback, unspecified or embedded IPv4"),
    (v6(0x100, 0, 0), 48, "discard only or dummy"),
    (
        v6(0x2001, 0, 0),
        23,
        "IETF protocol assignments, Teredo, ORCHID",
    ),
    (v6(0x2001, 0xdb8, 0), 32, "documentation"),
    (v6(0x2002, 0, 0), 16, "6to4"),
    (v6(0x2620, 0x4f, 0x8000), 48, "AS112"),
    (v6(0x3ffe, 0, 0), 16, "the former 6bone"),
    (v6(0x3fff, 0, 0), 20, "documentation"),
    (v6(0x5f00, 0, 0), 16, "segment routing"),
    (v6(0xfc00, 0, 0), 7, "unique local"),
    (v6(0xfe80, 0, 0), 10, "link-local"),
    (v6(0xfec0, 0, 0), 10, "site-local"),
    (v6(0xff00, 0, 0), 8, "multicast"),
];

/// The only block that is assigned to the public.
const PUBLIC_V6: (Ipv6Addr, u8) = (v6(0x2000, 0, 0), 3);

fn special_purpose_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = u128::from(address);
    let is_in = |network: Ipv6Addr, length: u8| (bits ^ u128::from(network)) >> (128 - length) == 0;
    V6.iter()
        .find(|(network, length, _)| is_in(*network, *length))
        .map(|(_, _, name)| *name)
        .or_else(|| {
            let (network, length) = PUBLIC_V6;
            (!is_in(network, length)).then_some("not assigned to the public")
        })
}

/// What an address that carries IPv4 is by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// As public as what it carries.
    Transparent,
    /// Judged by its own range as well.
    Closed,
}

/// The IPv4 address inside an IPv6 address: mapped, compatible, translated, NAT64, 6to4, Teredo or ISATAP.
fn carried_v4(address: Ipv6Addr) -> Option<(Ipv4Addr, Carrier)> {
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // The loopback and unspecified addresses are no IPv4 in disguise.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0xffff, g, h] => Some((join(g, h), Carrier::Transparent)),
        [0, 0, 0, 0, 0xffff, 0, g, h] => Some((join(g, h), Carrier::Closed)),
        [0, 0, 0, 0, 0, 0, g, h] => Some((join(g, h), Carrier::Closed)),
        [0x64, 0xff9b, 0, 0, 0, 0, g, h] => Some((join(g, h), Carrier::Transparent)),
        [0x2002, b, c, ..] => Some((join(b, c), Carrier::Closed)),
        [0x2001, 0, _, _, _, _, g, h] => Some((join(!g, !h), Carrier::Closed)),
        [_, _, _, _, 0 | 0x200, 0x5efe, g, h] => Some((join(g, h), Carrier::Closed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnet::IpNet;
    use proptest::prelude::*;

    /// IANA's special-purpose registries, multicast, and what clouds use, block by block.
    const KEPT: [&str; 59] = [
        // IPv4
        "0.0.0.0/8",
        "0.0.0.0/32",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.0.0/29",
        "192.0.0.8/32",
        "192.0.0.9/32",
        "192.0.0.10/32",
        "192.0.0.170/31",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.88.99.2/32",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
        // Metadata services that are not link-local: Alibaba, Oracle, Azure.
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
        // IPv6
        "::1/128",
        "::/128",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",
        "2001::/32",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:2::/48",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:10::/28",
        "2001:20::/28",
        "2001:30::/28",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3ffe::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        // Metadata services: AWS, Google.
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
        // Translated (SIIT), which has no block of its own any more.
        "::ffff:0:0:0/96",
    ];

    fn edges(block: &str) -> [IpAddr; 2] {
        let block: IpNet = block.parse().unwrap();
        [block.network(), block.broadcast()]
    }

    #[test]
    fn every_kept_block_is_refused_from_its_first_to_its_last_address() {
        for block in KEPT {
            for address in edges(block) {
                assert!(special_purpose(address).is_some(), "{address} of {block}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_kept_blocks_are_public() {
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
            "2620:4f:8001::",
            "3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            let address: IpAddr = public.parse().unwrap();
            assert_eq!(special_purpose(address), None, "{public}");
        }
    }

    #[test]
    fn ipv6_outside_of_the_public_space_is_refused() {
        for text in [
            "200::1", "4000::1", "8000::1", "d000::1", "f000::1", "1fff::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(
                special_purpose(address),
                Some("not assigned to the public"),
                "{text}"
            );
        }
    }

    /// An address of some kept block.
    fn kept_v4() -> impl Strategy<Value = Ipv4Addr> {
        (0..V4.len(), any::<u32>()).prop_map(|(index, host)| {
            let (network, length, _) = V4[index];
            let hosts = u32::MAX.checked_shr(length.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(network) | (host & hosts))
        })
    }

    /// Every way in which IPv6 carries an IPv4 address.
    fn carriers(inner: Ipv4Addr, noise: u64) -> Vec<Ipv6Addr> {
        let bits = u32::from(inner);
        let (a, b) = ((bits >> 16) as u16, bits as u16);
        let n = |shift: u32| (noise >> shift) as u16;
        let public = 0x2600 | (n(0) & 0xff);
        vec![
            inner.to_ipv6_mapped(),
            inner.to_ipv6_compatible(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
            Ipv6Addr::new(0x64, 0xff9b, 1, n(0), n(16), n(32), a, b),
            Ipv6Addr::new(0x64, 0xff9b, 1, a, b >> 8, b << 8, 0, 0),
            Ipv6Addr::new(0x2002, a, b, n(0), n(16), n(32), n(48), n(8)),
            Ipv6Addr::new(0x2001, 0, n(0), n(16), n(32), n(48), !a, !b),
            Ipv6Addr::new(0x2001, 0, a, b, n(32), n(48), n(0), n(16)),
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5efe, a, b),
            Ipv6Addr::new(public, n(16), n(32), n(48), 0, 0x5efe, a, b),
            Ipv6Addr::new(public, n(16), n(32), n(48), 0x200, 0x5efe, a, b),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_kept_v4_is_refused_in_every_disguise(inner in kept_v4(), noise in any::<u64>()) {
            prop_assert!(special_purpose(inner.into()).is_some(), "{}", inner);
            for carrier in carriers(inner, noise) {
                prop_assert!(special_purpose(carrier.into()).is_some(), "{} in {}", inner, carrier);
            }
        }

        #[test]
        fn every_address_of_a_kept_block_is_refused(index in 0..KEPT.len(), noise in any::<u128>()) {
            let block: IpNet = KEPT[index].parse().unwrap();
            let address: IpAddr = match block {
                IpNet::V4(block) => {
                    let hosts = !u32::from(block.netmask());
                    Ipv4Addr::from(u32::from(block.network()) | (noise as u32 & hosts)).into()
                }
                IpNet::V6(block) => {
                    let hosts = !u128::from(block.netmask());
                    Ipv6Addr::from(u128::from(block.network()) | (noise & hosts)).into()
                }
            };
            prop_assert!(special_purpose(address).is_some(), "{} of {}", address, block);
        }
    }
}
