//! Which addresses may be reached: only public ones, checked at connect time.
//!
//! A check takes addresses from strangers, so every request could be aimed at the operator's own network. The client
//! asks [`Guard`] twice: [`Guard::admits`] for what the address says (scheme, user name, literal IPs in any notation,
//! which the URL parser has already made plain), and [`PublicResolver`] for what a name resolves to at the moment of
//! connecting, so that a name cannot answer differently in between. Product reference, section 3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why an address may not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only http and https are fetched.
    #[error("`{0}` is not http or https")]
    Scheme(String),
    /// Addresses that carry a user name hide where they lead.
    #[error("it carries a user name or password")]
    UserInfo,
    /// It has no host.
    #[error("it has no host")]
    NoHost,
    /// It leads to a network that is not public.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// The name is one of the local network.
    #[error("`{0}` is a local name")]
    LocalName(String),
}

/// The rules. `open_ports` lists ports of 127.0.0.1 that may be reached all the same: for tests only.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Ports of 127.0.0.1 that are open, for tests.
    pub open_ports: Vec<u16>,
}

impl Guard {
    /// Checks what can be told from the address itself.
    ///
    /// # Errors
    /// [`Refusal`] says what is wrong with it.
    pub fn admits(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        let ip = match url.host() {
            None => return Err(Refusal::NoHost),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(name)) => return local_name(name),
        };
        let open = ip == IpAddr::V4(Ipv4Addr::LOCALHOST) && url.port_or_known_default().is_some_and(|port| self.open_ports.contains(&port));
        if open || is_public(ip) { Ok(()) } else { Err(Refusal::NotPublic(ip)) }
    }
}

fn local_name(name: &str) -> Result<(), Refusal> {
    let plain = name.trim_end_matches('.').to_ascii_lowercase();
    let local = !plain.contains('.')
        || [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp"].iter().any(|end| plain.ends_with(end));
    if local { Err(Refusal::LocalName(plain)) } else { Ok(()) }
}

/// Whether an address belongs to the public Internet (IANA special-purpose registries, RFC 6890 and later).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)); // benchmarking
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    // IPv4-mapped, -compatible and NAT64 addresses reach the IPv4 address inside them: none is needed for public sites.
    let wraps_v4 = s[..5] == [0, 0, 0, 0, 0] || s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] || s[..2] == [0x64, 0xff9b];
    let special = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_multicast()
        || wraps_v4
        || (s[0] & 0xfe00) == 0xfc00 // unique local
        || (s[0] & 0xffc0) == 0xfe80 // link local
        || (s[0] & 0xffc0) == 0xfec0 // site local, deprecated
        || (s[0] == 0x2001 && s[1] == 0) // Teredo
        || (s[0] == 0x2001 && s[1] < 0x200) // protocol assignments
        || (s[0] == 0x2001 && s[1] == 0xdb8) // documentation
        || (s[0] == 0x3fff && s[1] < 0x1000) // documentation
        || s[0] == 0x5f00 // segment routing
        || (s[0] == 0x100 && s[1..4] == [0, 0, 0]) // discard
        || (s[0] == 0x2002 && !is_public_v4(embedded(s[1], s[2]))); // 6to4 around a private address
    !special && (s[0] & 0xe000) == 0x2000 && s[0] != 0x2002
}

/// Resolves names and hands on only public addresses. One address that is not public spoils the whole answer.
///
/// Names are looked up here and nowhere else: the addresses that were judged are the ones that are connected to, so a
/// name that answers differently the second time gains nothing.
#[derive(Clone)]
pub struct PublicResolver {
    /// `None` where the system names no server; then no name resolves.
    resolver: Option<TokioResolver>,
}

impl PublicResolver {
    /// Asks the system's name servers; in tests, the one at `server`.
    pub fn new(server: Option<SocketAddr>) -> Self {
        let builder = match server {
            None => TokioResolver::builder_tokio().ok(),
            Some(server) => {
                let mut udp = ConnectionConfig::udp();
                udp.port = server.port();
                let config = ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, vec![udp])]);
                Some(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
        };
        Self { resolver: builder.and_then(|builder| builder.build().ok()) }
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.resolver.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            local_name(&name)?;
            let resolver = resolver.ok_or("this system names no name server")?;
            // The dot at the end keeps the system's search domains out of it.
            let found: Vec<IpAddr> = resolver.lookup_ip(format!("{}.", name.trim_end_matches('.'))).await?.iter().collect();
            if let Some(bad) = found.iter().find(|ip| !is_public(**ip)) {
                return Err(Refusal::NotPublic(*bad).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_an_inner_address_is_refused() {
        let guard = Guard::default();
        for address in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://198.18.0.1/",
            "http://192.0.2.1/",
            "http://240.0.0.1/",
            "http://192.88.99.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2002:808:808::]/",
            "http://[2001:0:1::1]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[fd12::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://[100::1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://router/",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://user@example.eu/",
            "http://user:secret@example.eu/",
            "ftp://example.eu/",
            "file:///etc/passwd",
            "gopher://example.eu/",
            "http://①②⑦.⓪.⓪.①/",
        ] {
            let url = Url::parse(address).expect(address);
            assert!(guard.admits(&url).is_err(), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_admitted() {
        let guard = Guard::default();
        for address in [
            "https://example.eu/",
            "http://8.8.8.8/",
            "https://[2a00:1450::1]/",
            "https://docs.example.eu:8443/a",
            "http://100.63.0.1/",
            "http://172.32.0.1/",
        ] {
            assert_eq!(guard.admits(&Url::parse(address).expect(address)), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_open_port_is_open_on_its_own() {
        let guard = Guard { open_ports: vec![8101] };
        let admits = |address: &str| guard.admits(&Url::parse(address).expect(address)).is_ok();
        assert!(admits("http://127.0.0.1:8101/a"));
        assert!(!admits("http://127.0.0.1:8102/a") && !admits("http://127.0.0.2:8101/") && !admits("http://localhost:8101/"));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
        let name = "localhost".parse::<Name>().expect("a name");
        assert!(PublicResolver::new(None).resolve(name).await.is_err());
    }

    /// A name server that answers the n-th question for an IPv4 address with the n-th of `ips`, all of them at once from
    /// then on (RFC 1035, section 4).
    async fn name_server(ips: &'static [&'static [[u8; 4]]]) -> SocketAddr {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut question, mut asked) = ([0; 512], 0);
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let question = &question[..length];
                let end = 12 + question[12..].iter().position(|b| *b == 0).unwrap_or(0) + 1;
                let is_v4 = question.get(end..end + 2) == Some(&[0, 1]);
                let answers = if is_v4 { ips[asked.min(ips.len() - 1)] } else { &[] };
                asked += usize::from(is_v4);
                let count = u8::try_from(answers.len()).expect("few");
                let mut reply = [&question[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], &question[12..end + 4]].concat();
                for ip in answers {
                    reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                    reply.extend_from_slice(ip);
                }
                socket.send_to(&reply, from).await.expect("sent");
            }
        });
        address
    }

    #[tokio::test]
    async fn a_name_that_answers_differently_the_second_time_is_judged_again() {
        let server = name_server(&[&[[8, 8, 8, 8]], &[[127, 0, 0, 1]], &[[8, 8, 8, 8], [10, 0, 0, 1]]]).await;
        let resolver = PublicResolver::new(Some(server));
        let ask = async || resolver.resolve("rebind.example.eu".parse::<Name>().expect("a name")).await;
        let first: Vec<SocketAddr> = ask().await.expect("public").collect();
        assert_eq!(first, [SocketAddr::from(([8, 8, 8, 8], 0))]);
        for inner in ["127.0.0.1", "10.0.0.1"] {
            let refused = ask().await.err().expect("refused").to_string();
            assert!(refused.contains(inner), "{refused}: one inner address spoils the answer");
        }
    }
}
