//! How names become addresses: the system's way, on threads that may block.
//!
//! Asked by `guard` at every new connection. The system's resolver cannot be cut off: a name whose servers are silent holds its thread long after
//! the attempt's deadline, and the database's questions need threads too. So each name is asked for once at a time, whoever waits for it, and only
//! so many names at once. Nothing is kept: whoever comes after the answer asks anew. What an address means is the guard's matter.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use tokio::sync::Semaphore;

/// Names that are asked for at once; more wait, each until its attempt's deadline. A quarter of the threads that the runtime has for blocking work.
const NAMES_AT_ONCE: usize = 128;

/// How names become addresses: the system's way, or a test's.
pub trait Lookup: Send + Sync {
    /// The addresses behind a name; none is an error.
    fn addresses(&self, name: String) -> Answer;
}

/// An answer that is on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Unresolved>> + Send>>;

/// The name did not resolve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(pub String);

/// Asks for the addresses of a name and blocks until they are there.
type Ask = dyn Fn(&str) -> Option<Vec<IpAddr>> + Send + Sync;

/// The system's resolver.
pub struct System {
    ask: Arc<Ask>,
    free: Arc<Semaphore>,
    under_way: Arc<Mutex<HashMap<String, Shared<Answer>>>>,
}

impl Default for System {
    fn default() -> System {
        System::asking(Arc::new(|name: &str| {
            let found = (name, 0).to_socket_addrs().ok()?;
            Some(found.map(|address| address.ip()).collect())
        }))
    }
}

impl System {
    fn asking(ask: Arc<Ask>) -> System {
        System {
            ask,
            free: Arc::new(Semaphore::new(NAMES_AT_ONCE)),
            under_way: Arc::default(),
        }
    }

    /// Asks in a task of its own, which goes on when those who wait give up.
    fn begin(&self, name: String) -> Shared<Answer> {
        let (ask, free, under_way) = (self.ask.clone(), self.free.clone(), self.under_way.clone());
        let asking = tokio::spawn(async move {
            let unknown = Unresolved(format!("the name {name} was not found."));
            let place = free.acquire_owned().await;
            let asked = name.clone();
            let found = tokio::task::spawn_blocking(move || {
                // Held until the system answers, not until somebody stops waiting.
                let _place = place;
                ask(&asked)
            });
            let found = found.await.ok().flatten().ok_or(unknown);
            lock(&under_way).remove(&name);
            found
        });
        let answer: Answer = Box::pin(async move {
            let cut_off = |_| Unresolved("the look-up of the name was cut off.".into());
            asking.await.map_err(cut_off)?
        });
        answer.shared()
    }
}

impl Lookup for System {
    fn addresses(&self, name: String) -> Answer {
        let mut under_way = lock(&self.under_way);
        let answer = under_way
            .entry(name)
            .or_insert_with_key(|name| self.begin(name.clone()))
            .clone();
        Box::pin(answer)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    /// Names that begin with `slow` answer when they are told to.
    fn slow() -> (System, Arc<AtomicUsize>, mpsc::Sender<()>) {
        let (go_on, wait) = mpsc::channel::<()>();
        let (wait, questions) = (Mutex::new(wait), Arc::new(AtomicUsize::new(0)));
        let asked = questions.clone();
        let system = System::asking(Arc::new(move |name: &str| {
            asked.fetch_add(1, Ordering::SeqCst);
            if name.starts_with("slow") {
                let _ = lock(&wait).recv();
            }
            (name != "unknown.example").then(|| vec![IpAddr::from([192, 0, 2, 1])])
        }));
        (system, questions, go_on)
    }

    #[tokio::test]
    async fn a_name_is_asked_for_once_however_many_wait_and_holds_up_no_other() {
        let (system, questions, go_on) = slow();
        let waiting: Vec<Answer> = (0..500)
            .map(|_| system.addresses("slow.example".into()))
            .collect();
        let quick = system.addresses("quick.example".into()).await;
        assert_eq!(quick.unwrap(), [IpAddr::from([192, 0, 2, 1])]);
        go_on.send(()).unwrap();
        for answer in waiting {
            assert!(answer.await.is_ok());
        }
        assert_eq!(questions.load(Ordering::SeqCst), 2);
        // Nothing is kept: the next one asks again, so that a changed answer is seen.
        go_on.send(()).unwrap();
        assert!(system.addresses("slow.example".into()).await.is_ok());
        assert_eq!(questions.load(Ordering::SeqCst), 3);
        let unknown = system.addresses("unknown.example".into()).await;
        assert!(unknown.unwrap_err().0.contains("was not found"));
        assert!(lock(&system.under_way).is_empty());
    }

    #[tokio::test]
    async fn only_so_many_names_hold_a_thread_also_when_nobody_waits_any_more() {
        let (system, questions, go_on) = slow();
        for number in 0..NAMES_AT_ONCE + 50 {
            drop(system.addresses(format!("slow{number}.example")));
        }
        while questions.load(Ordering::SeqCst) < NAMES_AT_ONCE {
            tokio::task::yield_now().await;
        }
        assert_eq!(system.free.available_permits(), 0);
        assert_eq!(questions.load(Ordering::SeqCst), NAMES_AT_ONCE);
        for _ in 0..NAMES_AT_ONCE + 50 {
            go_on.send(()).unwrap();
        }
        while !lock(&system.under_way).is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(questions.load(Ordering::SeqCst), NAMES_AT_ONCE + 50);
    }
}
