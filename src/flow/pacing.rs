//! The limit of requests per second of a destination, by `governor`.
//!
//! A sender waits here before it takes a delivery out of the outbox, so waiting costs no attempt and holds only its own destination's queue.
//! Each node keeps its own count, over its share of the limit.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::domain::id::DestinationId;

/// The limiters of all destinations that have a limit.
#[derive(Debug, Default)]
pub struct Pacing(Mutex<HashMap<DestinationId, Pace>>);

#[derive(Debug, Clone)]
struct Pace {
    per_second: f64,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl Pacing {
    /// Waits until the destination may be sent to again; at once when it has no limit.
    pub async fn wait(&self, destination_id: DestinationId, per_second: Option<f64>) {
        let Some(quota) = per_second.and_then(quota) else {
            return;
        };
        let per_second = per_second.unwrap_or_default();
        let limiter = {
            let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let pace = paces
                .entry(destination_id)
                .or_insert_with(|| Pace::new(per_second, quota));
            if pace.per_second != per_second {
                *pace = Pace::new(per_second, quota);
            }
            pace.limiter.clone()
        };
        limiter.until_ready().await;
    }
}

impl Pace {
    fn new(per_second: f64, quota: Quota) -> Pace {
        Pace {
            per_second,
            limiter: Arc::new(RateLimiter::direct(quota)),
        }
    }
}

/// One request every so often, without a burst: a receiver that names a limit means it for every second.
fn quota(per_second: f64) -> Option<Quota> {
    let interval = Duration::try_from_secs_f64(1.0 / per_second).ok()?;
    Some(Quota::with_period(interval)?.allow_burst(NonZeroU32::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_becomes_an_interval_without_a_burst() {
        let found = quota(4.0).unwrap();
        assert_eq!(found.replenish_interval(), Duration::from_millis(250));
        assert_eq!(found.burst_size(), NonZeroU32::MIN);
        assert!(quota(0.0).is_none());
    }

    #[test]
    fn a_limited_destination_waits_and_others_do_not() {
        use std::task::{Context, Waker};
        let pacing = Pacing::default();
        let mut now = Context::from_waker(Waker::noop());
        let limited = DestinationId::new(1, [1; 10]);
        let free = DestinationId::new(1, [2; 10]);
        let mut ready = |id, rate| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let _entered = runtime.enter();
            std::pin::pin!(pacing.wait(id, rate))
                .poll(&mut now)
                .is_ready()
        };
        assert!(ready(limited, Some(0.001)));
        assert!(
            !ready(limited, Some(0.001)),
            "the next one comes after a thousand seconds"
        );
        assert!(ready(free, None));
        assert!(ready(free, Some(0.001)));
    }
}
