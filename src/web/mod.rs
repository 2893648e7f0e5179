//! Who may ask: Blue's door, the API, the pages, and the operator's probes. One route table.
//!
//! Handlers are thin: who is it, what do they want, call `flow` or `store`, answer. Nothing here speaks SQL or sends requests out.

#[macro_use]
pub mod i18n;

pub mod admission;
pub mod api;
pub mod auth;
pub mod body;
pub mod client;
pub mod headers;
pub mod hooks;
pub mod operations;
pub mod origin;
pub mod password;
pub mod phrases;
pub mod problem;
pub mod reader;
pub mod route;
pub mod routes;
pub mod throttle;
pub mod ui;
pub mod unbroken;
pub mod visible;

use std::sync::atomic::AtomicI64;

use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::web::body::{HOOKS_ROOM_BYTES, Room, SITE_ROOM_BYTES};
use crate::web::throttle::Throttle;

/// What the handlers know of the place they run at.
pub struct Site {
    /// The address that Blue and people are told, without a slash at the end.
    pub public_url: String,
    pub metrics: Option<PrometheusHandle>,
    pub throttle: Throttle,
    /// Proxies whose word on where a request comes from is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// When the database last took a commit for whoever asked, in milliseconds since 1970.
    pub committed_ms: AtomicI64,
    /// For the bodies that are read: Blue's, and those of API and pages.
    pub room_of_hooks: Room,
    pub room: Room,
}

impl Site {
    /// A site under this address.
    pub fn new(
        public_url: String,
        metrics: Option<PrometheusHandle>,
        trusted_proxies: Vec<IpNet>,
    ) -> Site {
        Site {
            public_url,
            metrics,
            throttle: Throttle::default(),
            trusted_proxies,
            committed_ms: AtomicI64::new(i64::MIN),
            room_of_hooks: Room::new(HOOKS_ROOM_BYTES),
            room: Room::new(SITE_ROOM_BYTES),
        }
    }

    /// Whether people come over https, so that cookies may insist on it.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The inbound address of a source.
    pub fn hook_url(&self, token: &str) -> String {
        format!("{}/hooks/{token}", self.public_url)
    }
}
