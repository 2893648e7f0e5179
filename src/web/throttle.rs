//! How many attempts are allowed to sign in: for each account, and for each address that they come from.
//!
//! An attempt is counted before the password is looked at, so that many at once get no further than one after another. A right one gives
//! its count back. What is remembered is bounded; when it is full, what has the fewest failures goes first. The same counts bound what the audit
//! log is told of failures: the first and the last of each window ([`Attempt::is_noted`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Attempts on one account within the window.
const ACCOUNT_LIMIT: u32 = 10;
/// Attempts from one address within the window; many people may share it.
const ADDRESS_LIMIT: u32 = 50;
/// Length of the window, in milliseconds.
const WINDOW_MS: i64 = 300_000;
/// Accounts and addresses that are watched at once.
const WATCHED_LIMIT: usize = 20_000;

/// An attempt that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// From 1, on the account and within the window.
    number: u32,
}

impl Attempt {
    /// Whether the audit log is told when it fails: the first, and the last before further ones are refused.
    pub fn is_noted(self) -> bool {
        matches!(self.number, 1 | ACCOUNT_LIMIT)
    }

    /// What follows from this one, for the audit log; a number is given when the limit is reached.
    pub fn in_words(self) -> String {
        match self.number {
            ACCOUNT_LIMIT => format!(
                "The {ACCOUNT_LIMIT}th attempt within {} minutes; further ones are refused for a while.",
                WINDOW_MS / 60_000
            ),
            _ => "Further ones are noted when there are too many.".into(),
        }
    }
}

/// Counts attempts.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, Count>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    since_ms: i64,
    attempts: u32,
}

impl Throttle {
    /// Counts an attempt. An error tells in how many seconds the next is allowed.
    pub fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now_ms: i64,
    ) -> Result<Attempt, i64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(account, address);
        for (key, limit) in &keys {
            if let Some(count) = counts.get(key)
                && now_ms - count.since_ms < WINDOW_MS
                && count.attempts >= *limit
            {
                return Err((count.since_ms + WINDOW_MS - now_ms).div_euclid(1_000) + 1);
            }
        }
        let mut number = None;
        for (key, _) in keys {
            if counts.len() >= WATCHED_LIMIT && !counts.contains_key(&key) {
                make_room(&mut counts, now_ms);
            }
            let count = counts.entry(key).or_insert(Count {
                since_ms: now_ms,
                attempts: 0,
            });
            if now_ms - count.since_ms >= WINDOW_MS {
                *count = Count {
                    since_ms: now_ms,
                    attempts: 0,
                };
            }
            count.attempts += 1;
            // The account stands first.
            number.get_or_insert(count.attempts);
        }
        Ok(Attempt {
            number: number.unwrap_or(1),
        })
    }

    /// The attempt was right: the account's failures are forgiven, and the address gets this one back.
    pub fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = keys(account, address).into_iter();
        if let Some((account, _)) = keys.next() {
            counts.remove(&account);
        }
        for (key, _) in keys {
            if let Some(count) = counts.get_mut(&key) {
                count.attempts = count.attempts.saturating_sub(1);
            }
        }
    }
}

fn keys(account: &str, address: Option<IpAddr>) -> Vec<(String, u32)> {
    let mut keys = vec![(format!("account {account}"), ACCOUNT_LIMIT)];
    // Whoever has one IPv6 address has 2^64 of them.
    let network = address.map(|address| match address.to_canonical() {
        IpAddr::V4(v4) => format!("address {v4}"),
        IpAddr::V6(v6) => format!("address {:x?}", &v6.segments()[..4]),
    });
    keys.extend(network.map(|network| (network, ADDRESS_LIMIT)));
    keys
}

fn make_room(counts: &mut HashMap<String, Count>, now_ms: i64) {
    counts.retain(|_, count| now_ms - count.since_ms < WINDOW_MS);
    if counts.len() >= WATCHED_LIMIT {
        let fewest = counts
            .iter()
            .min_by_key(|(_, count)| count.attempts)
            .map(|(key, _)| key.clone());
        fewest.and_then(|key| counts.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_account_is_limited_from_all_addresses_together() {
        let throttle = Throttle::default();
        for from in 0..10 {
            let attempt = throttle.begin("ada", address(from), 0).unwrap();
            assert_eq!(attempt.is_noted(), from == 0 || from == 9, "{from}");
        }
        assert_eq!(throttle.begin("ada", address(99), 1_000), Err(300));
        assert!(throttle.begin("bob", address(99), 1_000).is_ok());
        let later = throttle.begin("ada", address(99), WINDOW_MS);
        assert_eq!(later, Ok(Attempt { number: 1 }));
    }

    #[test]
    fn an_address_is_limited_over_all_accounts_and_an_ipv6_network_counts_as_one() {
        let throttle = Throttle::default();
        for number in 0..ADDRESS_LIMIT {
            let host = IpAddr::from([0x2001, 0xdb8, 1, 2, 3, 4, 5, number as u16]);
            assert!(throttle.begin(&number.to_string(), Some(host), 0).is_ok());
        }
        let same_network = IpAddr::from([0x2001, 0xdb8, 1, 2, 9, 9, 9, 9]);
        let other_network = IpAddr::from([0x2001, 0xdb8, 1, 3, 3, 4, 5, 6]);
        assert!(throttle.begin("new", Some(same_network), 0).is_err());
        assert!(throttle.begin("new", Some(other_network), 0).is_ok());
    }

    #[test]
    fn a_right_attempt_forgives_the_account_and_not_the_others_of_the_address() {
        let throttle = Throttle::default();
        for _ in 0..9 {
            assert!(throttle.begin("ada", address(1), 0).is_ok());
        }
        assert!(throttle.begin("ada", address(1), 0).is_ok());
        throttle.succeeded("ada", address(1));
        assert!(throttle.begin("ada", address(1), 0).is_ok());
        for number in 0..40 {
            assert!(throttle.begin(&number.to_string(), address(1), 0).is_ok());
        }
        assert!(throttle.begin("another", address(1), 0).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_worst_stays() {
        let throttle = Throttle::default();
        for _ in 0..10 {
            let _ = throttle.begin("ada", None, 0);
        }
        for number in 0..WATCHED_LIMIT + 50 {
            let _ = throttle.begin(&number.to_string(), None, 0);
        }
        assert_eq!(throttle.0.lock().unwrap().len(), WATCHED_LIMIT);
        assert!(throttle.begin("ada", None, 0).is_err());
    }
}
