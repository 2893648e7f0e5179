//! The one HTTP client: no redirects, no ambient proxy, the guard as its resolver, connections kept.

use std::time::Duration;

use crate::outbound::guard::Guard;

/// Name that we give ourselves.
pub const USER_AGENT: &str = concat!("Bluebridge/", env!("CARGO_PKG_VERSION"));

/// How long an unused connection is kept, in seconds. Shorter than what common servers keep, so that they rarely close first.
const IDLE_S: u64 = 20;

/// Unused connections that are kept for each host.
const IDLE_PER_HOST: usize = 100;

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built: {0}")]
pub struct ClientError(reqwest::Error);

/// Builds the client. Deadlines are set per request, over the whole exchange (`request`).
pub fn build(guard: &Guard) -> Result<reqwest::Client, ClientError> {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(guard.clone())
        .pool_idle_timeout(Duration::from_secs(IDLE_S))
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .tcp_nodelay(true)
        .build()
        .map_err(ClientError)
}
