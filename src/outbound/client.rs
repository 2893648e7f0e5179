//! The one HTTP client: no redirects, no ambient proxy, the guard as its resolver, connections kept. Beside it, the access tokens that it was given, and what mail
//! servers' certificates are checked by.

use std::sync::Arc;
use std::time::Duration;

use rustls_platform_verifier::ConfigVerifierExt as _;

use url::Url;

use crate::outbound::guard::{Guard, needs_listed};
use crate::outbound::token_cache::TokenCache;

/// Name that we give ourselves.
pub const USER_AGENT: &str = concat!("Bluebridge/", env!("CARGO_PKG_VERSION"));

/// How long an unused connection is kept, in seconds. Node.js and Apache close theirs after 5: a request that meets the closing costs an attempt.
const IDLE_S: u64 = 4;

/// Unused connections that are kept for each host.
const IDLE_PER_HOST: usize = 100;

/// Headers that an answer may have. Who sends more than usual has taken the request all the same; how large they may be together is limited elsewhere.
const ANSWER_HEADERS: usize = 500;

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the HTTP client could not be built: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the certificates that this machine trusts could not be read: {0}")]
    Tls(#[from] rustls::Error),
}

/// The one way out, in two halves: what goes by plain http without permission may reach listed networks only, so its connections and its
/// names are kept apart.
#[derive(Debug, Clone)]
pub struct Client {
    ordinary: reqwest::Client,
    listed_only: reqwest::Client,
    tls: Arc<rustls::ClientConfig>,
    tokens: TokenCache,
}

impl Client {
    /// Builds the client. Deadlines are set per request, over the whole exchange (`request`).
    pub fn build(guard: &Guard) -> Result<Client, ClientError> {
        Ok(Client {
            ordinary: half(guard.clone())?,
            listed_only: half(guard.listed_only())?,
            tls: Arc::new(rustls::ClientConfig::with_platform_verifier()?),
            tokens: TokenCache::default(),
        })
    }

    /// How TLS is spoken to mail servers.
    pub(super) fn tls(&self) -> Arc<rustls::ClientConfig> {
        self.tls.clone()
    }

    /// The access tokens that are kept beside its connections.
    pub(super) fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    /// The half that a request to this URL goes through.
    pub fn to(&self, url: &Url, allow_http: bool) -> &reqwest::Client {
        if needs_listed(url, allow_http) {
            &self.listed_only
        } else {
            &self.ordinary
        }
    }
}

fn half(guard: Guard) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(guard)
        .pool_idle_timeout(Duration::from_secs(IDLE_S))
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .tcp_nodelay(true)
        .http1_max_headers(ANSWER_HEADERS)
        .build()
}
