//! Where a request comes from: the address of the connection, or what a trusted proxy says of it.
//!
//! `X-Forwarded-For` is believed only from proxies in `BLUEBRIDGE_TRUSTED_PROXIES`, from the right, as far as those were written by
//! trusted ones; whatever a client wrote itself is never believed.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

use crate::web::Site;

/// Longest part of a user agent that is kept, in characters.
const USER_AGENT_LIMIT_CHARS: usize = 200;

/// The address that a request comes from.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let site = request.app_data::<web::Data<Site>>()?;
    Some(original(peer, request.headers(), &site.trusted_proxies))
}

/// The program's name for itself, bounded and on one line.
pub fn user_agent(request: &HttpRequest) -> String {
    let text = request
        .headers()
        .get("user-agent")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(USER_AGENT_LIMIT_CHARS)
        .collect()
}

fn original(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let said: Vec<String> = headers
        .get_all("x-forwarded-for")
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(',')
                .map(|part| part.trim().to_string())
                .collect::<Vec<_>>()
        })
        .collect();
    let mut nearest = peer;
    for part in said.iter().rev() {
        if !is_trusted(&nearest) {
            break;
        }
        match part.parse::<IpAddr>() {
            Ok(address) => nearest = address.to_canonical(),
            Err(_) => break,
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_static(value),
            );
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        original(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        assert_eq!(seen("198.51.100.7", &[]), "198.51.100.7");
        assert_eq!(seen("198.51.100.7", &["127.0.0.1"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"]),
            "203.0.113.9"
        );
        assert_eq!(seen("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(seen("fd00::1", &["2001:db8::5"]), "2001:db8::5");
        assert_eq!(seen("10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["10.0.0.3"]), "10.0.0.3");
    }
}
