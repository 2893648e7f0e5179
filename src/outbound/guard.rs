//! The address guard: which addresses may be reached.
//!
//! A destination's URL is written by a user of the bridge, and the bridge may stand inside somebody's network: without a guard
//! it would carry requests to machines that the user cannot reach. The check is made inside the client's resolver, on the very
//! addresses that are dialled, so a name that changes its answer between a check and a connection gains nothing. Addresses
//! written as numbers pass no resolver and are checked by [`Guard::vet`], which every send calls first, on the URL value that is
//! sent to. Redirects are never followed and no ambient proxy is used (`client`). What is public is decided in `ranges`.
//!
//! The one opening is the operator's list of networks. A refusal names the kind of an address that a name leads to, never the
//! address: whoever may write URLs is not thereby told what the names inside the network stand for. The log tells the operator.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::domain::destination::{Encryption, MailServer};
use crate::outbound::lookup::{Apart, Lookup, Sparing, System, Unresolved};
use crate::outbound::ranges::special_purpose;

/// Decides which addresses may be reached.
#[derive(Clone)]
pub struct Guard {
    allowed: Arc<Vec<IpNet>>,
    lookup: Arc<dyn Lookup>,
    /// For what is looked at before anything is sent there.
    early: Arc<dyn Lookup>,
    /// Only listed networks may be reached, for this reason.
    narrowed: Option<Narrowed>,
}

/// Why only listed networks may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrowed {
    /// By plain http that was not allowed.
    PlainHttp,
    /// By mail that anybody on the way could read.
    PlainMail,
    /// By mail, where mail servers do not listen.
    MailPort(u16),
}

/// An address that may not be reached, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    pub reason: String,
    /// It may be reached once the operator lists its network.
    pub may_be_listed: bool,
}

impl Refusal {
    /// What no list of networks opens, or what has another way out, which `reason` tells.
    fn new(reason: impl Into<String>) -> Refusal {
        Refusal {
            reason: reason.into(),
            may_be_listed: false,
        }
    }
}

/// What [`Guard::resolve`] found wrong.
#[derive(Debug, thiserror::Error)]
pub enum Vetoed {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
}

/// Ports that never speak HTTP: those that browsers refuse, and the common databases and caches. A request there could only be meant to
/// be taken for another protocol.
const REFUSED_PORTS: [u16; 90] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000,
    6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 11211, 27017,
];

/// Ports that mail servers take mails on: the standard ones, and what providers offer beside them where those are closed.
const MAIL_PORTS: [u16; 6] = [25, 465, 587, 2465, 2525, 2587];

impl Guard {
    /// A guard that lets these networks pass although they are private.
    pub fn new(allowed: Vec<IpNet>) -> Guard {
        Guard::with_lookup(allowed, Arc::new(System::default()))
    }

    /// The same, asking somebody else for names.
    pub fn with_lookup(allowed: Vec<IpNet>, lookup: Arc<dyn Lookup>) -> Guard {
        Guard {
            allowed: Arc::new(allowed.into_iter().map(canonical).collect()),
            early: Arc::new(Apart::from(lookup.clone())),
            lookup,
            narrowed: None,
        }
    }

    /// This guard for addresses that are looked at before anything is sent there.
    pub fn early(&self) -> Guard {
        Guard {
            lookup: self.early.clone(),
            ..self.clone()
        }
    }

    /// This guard for many addresses that are looked at early: each name once, and so many at most. The others pass until they are dialled.
    pub fn sparing(&self, names: usize) -> Guard {
        Guard {
            early: Arc::new(Sparing::new(self.early.clone(), names)),
            ..self.clone()
        }
    }

    /// This guard for requests by plain http that are not allowed everywhere: only listed networks pass.
    pub fn listed_only(&self) -> Guard {
        self.narrowed(Narrowed::PlainHttp)
    }

    fn narrowed(&self, reason: Narrowed) -> Guard {
        Guard {
            narrowed: Some(reason),
            ..self.clone()
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
        match (special_purpose(address), self.narrowed) {
            (Some(range), _) => Err(Refusal {
                reason: format!("this is not a public address ({range})."),
                may_be_listed: true,
            }),
            (None, Some(narrowed)) => Err(narrowed.refusal()),
            (None, None) => Ok(()),
        }
    }

    /// Checks a URL before it is saved, tested or sent to: scheme, port, and an address that is written in it. The addresses behind
    /// a name are checked by [`Guard::resolve`], which the client calls for what it dials.
    ///
    /// Plain http is accepted to listed networks, elsewhere only with `allow_http`.
    pub fn vet(&self, url: &Url, allow_http: bool) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::new("only https and http are spoken."));
        }
        if let Some(port) = url.port().filter(|port| REFUSED_PORTS.contains(port)) {
            return Err(Refusal::new(format!(
                "port {port} belongs to another protocol than HTTP and is never used."
            )));
        }
        self.for_url(url, allow_http).vet_host(url.host())
    }

    fn vet_host(&self, host: Option<Host<&str>>) -> Result<(), Refusal> {
        match (host, self.narrowed) {
            (Some(Host::Ipv4(address)), _) => self.check(address.into()),
            (Some(Host::Ipv6(address)), _) => self.check(address.into()),
            // Whatever the name leads to, no network is listed that it could be in.
            (Some(Host::Domain(_)), Some(narrowed)) if self.allowed.is_empty() => {
                Err(narrowed.refusal())
            }
            (Some(Host::Domain(_)), _) => Ok(()),
            (None, _) => Err(Refusal::new("the URL names no host.")),
        }
    }

    /// The guard that a mail server's addresses are checked by.
    pub fn for_mail(&self, server: &MailServer) -> Guard {
        if !MAIL_PORTS.contains(&server.port) {
            self.narrowed(Narrowed::MailPort(server.port))
        } else if server.encryption == Encryption::None {
            self.narrowed(Narrowed::PlainMail)
        } else {
            self.clone()
        }
    }

    /// The guard that a URL's addresses are checked by.
    pub fn for_url(&self, url: &Url, allow_http: bool) -> Guard {
        if needs_listed(url, allow_http) {
            self.listed_only()
        } else {
            self.clone()
        }
    }

    /// The addresses of a host that may be reached, whether it is a name or an address.
    pub async fn addresses(&self, host: Option<Host>) -> Result<Vec<IpAddr>, Vetoed> {
        self.vet_host(host.as_ref().map(by_reference))?;
        Ok(match host {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => {
                let found = self.resolve(&name).await?;
                found.iter().map(SocketAddr::ip).collect()
            }
            None => Vec::new(),
        })
    }

    /// Resolves a name and keeps the addresses that may be reached.
    pub async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, Vetoed> {
        let found = self.lookup.addresses(name.to_string()).await?;
        let mut refused = None;
        let mut kept = Vec::with_capacity(found.len());
        for address in found {
            match self.check(address) {
                Ok(()) => kept.push(SocketAddr::new(address, 0)),
                Err(refusal) => refused = Some((address, refusal)),
            }
        }
        match (kept.is_empty(), refused) {
            (true, Some((address, mut refusal))) => {
                tracing::info!(name, %address, "refused to reach it");
                refusal.reason = format!("{name} may not be reached: {}", refusal.reason);
                Err(refusal.into())
            }
            (true, None) => Err(Unresolved(format!("the name {name} has no address.")).into()),
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

/// Whether a URL may lead to listed networks only, because what it carries could be read on the way.
pub fn needs_listed(url: &Url, allow_http: bool) -> bool {
    url.scheme() != "https" && !allow_http
}

impl Narrowed {
    fn refusal(self) -> Refusal {
        match self {
            Narrowed::PlainHttp => Refusal::new(
                "plain http would show the payload and its credentials on the way; use https, or allow http in the destination's settings.",
            ),
            Narrowed::PlainMail => Refusal {
                reason: "without encryption anybody on the way could read the mail and the password; use STARTTLS or TLS."
                    .into(),
                may_be_listed: true,
            },
            Narrowed::MailPort(port) => Refusal {
                reason: format!("mail servers do not listen on port {port}; use 587 or 465."),
                may_be_listed: true,
            },
        }
    }
}

fn by_reference(host: &Host) -> Host<&str> {
    match host {
        Host::Domain(name) => Host::Domain(name),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    }
}

/// A network of IPv4 that was written as IPv6 (`::ffff:10.0.0.0/104`), as IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(written) = network else {
        return network;
    };
    let inner = written.addr().to_ipv4_mapped();
    let length = written.prefix_len().checked_sub(96);
    inner
        .zip(length)
        .and_then(|(inner, length)| Ipv4Net::new(inner, length).ok())
        .map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::destination::{Kind, Settings, SettingsDocument};
    use crate::outbound::lookup::Answer;

    fn listed(networks: &[&str]) -> Guard {
        Guard::new(networks.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn listed_networks_pass_also_in_mapped_form() {
        for guard in [listed(&["127.0.0.0/8"]), listed(&["::ffff:127.0.0.0/104"])] {
            assert!(guard.check("127.0.0.1".parse().unwrap()).is_ok());
            assert!(guard.check("::ffff:127.0.0.1".parse().unwrap()).is_ok());
            assert!(guard.check("10.0.0.1".parse().unwrap()).is_err());
            assert!(guard.check("::1".parse().unwrap()).is_err());
            assert!(guard.check("64:ff9b::7f00:1".parse().unwrap()).is_err());
        }
    }

    /// Spellings of addresses that must not be reached. Whatever the URL's reader makes of them, none may pass.
    const SPELLINGS: [&str; 44] = [
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0X7F.0x0.0x0.0x1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://127\u{3002}0\u{3002}0\u{3002}1/",
        "https://127\u{ff0e}0\u{ff0e}0\u{ff0e}1/",
        "https://127\u{ff61}0\u{ff61}0\u{ff61}1/",
        "https://\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}/",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "https:127.0.0.1/",
        "https:///127.0.0.1/",
        "https:\\\\127.0.0.1\\x",
        "https://127.0.0.1\\@example.com/",
        "https://127.0.0.1:443/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1\t/",
        "https://1\n27.0.0.1/",
        "https://127.0.0.1#@example.com/",
        "https://127.0.0.1?@example.com/",
        "https://[::1]/",
        "https://[::]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:1:2:3:4:80ff:fffe]/",
        "https://[2606:4700::5efe:10.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://169.254.169.254/latest/meta-data",
        "https://168.63.129.16/",
    ];

    #[test]
    fn no_spelling_of_an_inner_address_passes() {
        for text in SPELLINGS {
            let passes =
                Url::parse(text).is_ok_and(|url| Guard::new(Vec::new()).vet(&url, true).is_ok());
            assert!(!passes, "{text}");
        }
    }

    #[test]
    fn other_schemes_and_ports_of_other_protocols_are_refused_also_in_listed_networks() {
        let guard = listed(&["127.0.0.0/8"]);
        let vet = |text: &str| guard.vet(&Url::parse(text).unwrap(), true).is_ok();
        for port in REFUSED_PORTS {
            assert!(!vet(&format!("http://127.0.0.1:{port}/")), "{port}");
            assert!(!vet(&format!("https://example.com:{port}/")), "{port}");
        }
        for port in [80, 443, 3000, 5678, 8080, 8443, 9000] {
            assert!(vet(&format!("http://127.0.0.1:{port}/")), "{port}");
        }
        assert!(!vet("ftp://127.0.0.1/"));
        assert!(!vet("ws://127.0.0.1/"));
    }

    #[test]
    fn only_what_a_list_would_open_is_said_to_be_openable() {
        let guard = listed(&[]);
        let vet = |text: &str| guard.vet(&Url::parse(text).unwrap(), true).unwrap_err();
        assert!(vet("https://10.0.0.1/").may_be_listed);
        assert!(!vet("https://8.8.8.8:25/").may_be_listed);
        assert!(!vet("ftp://8.8.8.8/").may_be_listed);
    }

    #[test]
    fn plain_http_needs_a_listed_network_or_permission() {
        let guard = listed(&["127.0.0.0/8"]);
        let vet = |text: &str, allow| guard.vet(&Url::parse(text).unwrap(), allow).is_ok();
        assert!(vet("http://127.0.0.1:9000/", false));
        assert!(!vet("http://8.8.8.8/", false));
        assert!(vet("http://8.8.8.8/", true));
        assert!(vet("https://8.8.8.8/", false));
        // What a name leads to is asked of the resolver, unless nothing is listed that it could lead to.
        assert!(vet("http://inner.example/", false));
        let nothing_listed = listed(&[]);
        let vet = |text: &str, allow| {
            nothing_listed
                .vet(&Url::parse(text).unwrap(), allow)
                .is_ok()
        };
        assert!(!vet("http://inner.example/", false));
        assert!(vet("http://inner.example/", true));
        assert!(vet("https://inner.example/", false));
    }

    /// Answers every name with these.
    struct Always(Vec<IpAddr>);

    impl Lookup for Always {
        fn addresses(&self, _: String) -> Answer {
            let addresses = self.0.clone();
            Box::pin(async move { Ok(addresses) })
        }
    }

    fn behind(addresses: &[&str], networks: &[&str]) -> Guard {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        Guard::with_lookup(networks, Arc::new(Always(addresses)))
    }

    #[tokio::test]
    async fn of_a_names_addresses_only_those_that_may_be_reached_are_dialled() {
        let guard = behind(&["10.0.0.1", "93.184.216.34", "::1"], &[]);
        let kept = guard.resolve("mixed.example").await.unwrap();
        assert_eq!(kept, ["93.184.216.34:0".parse().unwrap()]);

        let refusal = behind(&["10.1.2.3"], &[]).resolve("inner.example").await;
        let text = refusal.unwrap_err().to_string();
        assert!(text.contains("private"), "{text}");
        assert!(
            !text.contains("10.1.2.3"),
            "what a name stands for inside is not told: {text}"
        );

        let nothing = behind(&[], &[]).resolve("empty.example").await;
        assert!(matches!(nothing, Err(Vetoed::Unresolved(_))));
    }

    #[tokio::test]
    async fn by_plain_http_a_name_leads_to_listed_networks_only() {
        let url = Url::parse("http://name.example/").unwrap();
        let guard = behind(&["93.184.216.34", "127.0.0.1"], &["127.0.0.0/8"]);
        let kept = guard.for_url(&url, false).resolve("name.example").await;
        assert_eq!(kept.unwrap(), ["127.0.0.1:0".parse().unwrap()]);
        let kept = guard.for_url(&url, true).resolve("name.example").await;
        assert_eq!(kept.unwrap().len(), 2);
        let public = behind(&["93.184.216.34"], &["127.0.0.0/8"]);
        assert!(
            public
                .for_url(&url, false)
                .resolve("name.example")
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn the_systems_own_names_for_itself_are_refused() {
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(
                Guard::new(Vec::new()).resolve(name).await.is_err(),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn mails_go_in_the_clear_or_to_other_ports_only_to_listed_networks() {
        let vet = async |guard: &Guard, host: &str, port: u16, encryption: &str| {
            let config = serde_json::json!({
                "server": host, "port": port, "encryption": encryption, "from": "a@b.example",
            });
            let document = SettingsDocument {
                kind: Kind::Email,
                config: Some(&config),
                ..SettingsDocument::default()
            };
            let settings = Settings::parse(&document, None).unwrap();
            let server = settings.endpoint.mail().unwrap();
            match guard.for_mail(server).addresses(server.dialled()).await {
                Ok(_) => None,
                Err(Vetoed::Refused(refusal)) => Some((refusal.reason, refusal.may_be_listed)),
                Err(Vetoed::Unresolved(reason)) => panic!("{reason}"),
            }
        };
        let addresses = &["93.184.216.34"];
        let (open, listing) = (behind(addresses, &[]), behind(addresses, &["10.0.0.0/8"]));
        for guard in [&open, &listing] {
            for (host, port, encryption) in [
                ("smtp.example.com", 587, "starttls"),
                ("1.1.1.1", 465, "tls"),
                ("2606:4700::1", 2525, "starttls"),
            ] {
                assert_eq!(vet(guard, host, port, encryption).await, None, "{host}");
            }
            for (host, port, encryption, said) in [
                ("127.0.0.1", 587, "starttls", "not a public address"),
                ("::1", 465, "tls", "not a public address"),
                ("1.1.1.1", 25, "none", "without encryption"),
                ("1.1.1.1", 6379, "tls", "do not listen on port 6379"),
            ] {
                let (reason, may_be_listed) = vet(guard, host, port, encryption).await.unwrap();
                assert!(reason.contains(said) && may_be_listed, "{host}: {reason}");
            }
        }
        assert!(vet(&open, "smtp.example.com", 6379, "tls").await.is_some());
        assert_eq!(vet(&listing, "10.0.0.9", 25, "none").await, None);
        assert_eq!(vet(&listing, "10.0.0.9", 1025, "tls").await, None);
    }
}
