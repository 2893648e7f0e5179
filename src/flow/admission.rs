//! How many requests a second one source may make, by `governor`.
//!
//! Asked by `web::hooks` after a request was verified: whoever only knows the address cannot use up what Blue may send. What is beyond the limit
//! is told to come again, never dropped with a "yes". The limit is far above what a project tool sends; it keeps one source from filling the disk.

use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::id::SourceId;

type Limiter = RateLimiter<SourceId, HashMapStateStore<SourceId>, DefaultClock>;

/// The limit of every source; each has its own count.
pub struct Admission(Option<Limiter>);

impl Admission {
    /// So many requests a second, also at once; 0 sets no limit.
    pub fn new(per_second: u32) -> Admission {
        let quota = NonZeroU32::new(per_second).map(Quota::per_second);
        Admission(quota.map(RateLimiter::hashmap))
    }

    /// Whether the source may make one more now.
    pub fn admits(&self, source_id: SourceId) -> bool {
        self.0
            .as_ref()
            .is_none_or(|limiter| limiter.check_key(&source_id).is_ok())
    }
}
