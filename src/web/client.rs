//! Whose request it is, for limits: the client's address, never kept but as a keyed hash.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::{PageError, WebState};
use crate::config::Config;
use crate::token::Key;

/// A client, by the keyed hash of its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client(pub(super) String);

impl<S> FromRequestParts<S> for Client
where
    WebState: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let state = WebState::from_ref(state);
        let (config, key): (Arc<Config>, Key) = (state.config, state.key);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.ok_or_else(|| PageError::Internal("a connection without an address".into()))?;
        let network = network(address(peer, &parts.headers, config.web.proxies));
        Ok(Self(key.hash("client", &[&network])))
    }
}

/// The address of the client behind `proxies` proxies: each adds the one it was called from at the end of the list, so what
/// stands further in front may be invented.
fn address(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    let Some(place) = proxies.checked_sub(1) else { return peer };
    let lists = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let all: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    all.iter().rev().nth(place).and_then(|text| text.parse().ok()).unwrap_or(peer)
}

/// What counts as one client: an IPv4 address, or the network of 64 bits that one IPv6 customer has.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proxies_in_front_are_believed() {
        let peer: IpAddr = "192.0.2.1".parse().expect("an address");
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 198.51.100.7, 203.0.113.9".parse().expect("a value"));
        let of = |proxies| address(peer, &headers, proxies).to_string();
        assert_eq!([of(0), of(1), of(2)], ["192.0.2.1", "203.0.113.9", "198.51.100.7"]);
        assert_eq!(of(9), "192.0.2.1", "a list that is too short is not believed");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
