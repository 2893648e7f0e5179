//! How names become addresses: the system's way, on threads that may block.
//!
//! Asked by `guard` at every new connection. The system's resolver cannot be cut off: a name whose servers are silent holds its thread long after
//! the attempt's deadline, and the database's questions need threads too. So each name is asked for once at a time, whoever waits for it, and only
//! so many names at once; who gives up before it was their turn leaves the line. Nothing is kept: whoever comes after the answer asks anew. Names that
//! people type or bring take few places ([`Apart`]), so that they do not stop what is under way. What an address means is the guard's matter.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Names that are asked for at once; more wait, each until its attempt's deadline. A quarter of the threads that the runtime has for blocking work.
const NAMES_AT_ONCE: usize = 128;

/// How many of those places names may take that are looked at before anything is sent to them.
const APART_AT_ONCE: usize = 16;

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
    numbers: AtomicU64,
    under_way: Arc<UnderWay>,
}

/// Names that are asked for, each with the number of its question.
type UnderWay = Mutex<HashMap<String, (u64, Question)>>;

/// How far a question has come.
enum Question {
    /// In the line, as long as somebody waits for it.
    Waiting(WeakShared<Answer>),
    /// Asked, whoever waits.
    Asked(Shared<Answer>),
}

/// A place in the line; left when it is dropped.
struct InLine {
    name: String,
    number: u64,
    under_way: Arc<UnderWay>,
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        if let Some((number, Question::Waiting(_))) = under_way.get(&self.name)
            && *number == self.number
        {
            under_way.remove(&self.name);
        }
    }
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
            numbers: AtomicU64::new(0),
            under_way: Arc::default(),
        }
    }

    /// Waits in the line and asks.
    fn begin(&self, name: String, number: u64) -> Shared<Answer> {
        let (ask, free) = (self.ask.clone(), self.free.clone());
        let in_line = InLine {
            name,
            number,
            under_way: self.under_way.clone(),
        };
        let answer: Answer = Box::pin(async move {
            let place = free.acquire_owned().await.ok();
            asked(ask, place, in_line).await
        });
        answer.shared()
    }
}

/// Asks in a task of its own, which goes on when those who wait give up: nobody asks for the same name meanwhile.
fn asked(ask: Arc<Ask>, place: Option<OwnedSemaphorePermit>, line: InLine) -> Shared<Answer> {
    let (name, number, under_way) = (line.name.clone(), line.number, line.under_way.clone());
    let mut all = lock(&under_way);
    let answers = under_way.clone();
    let asking = tokio::spawn(async move {
        let unknown = Unresolved(format!("the name {} was not found.", line.name));
        let name = line.name.clone();
        let found = tokio::task::spawn_blocking(move || {
            // Held until the system answers, not until somebody stops waiting.
            let _place = place;
            ask(&name)
        });
        let found = found.await.ok().flatten().ok_or(unknown);
        lock(&answers).remove(&line.name);
        found
    });
    let answer: Answer = Box::pin(async move { asking.await.map_err(cut_off)? });
    let answer = answer.shared();
    all.insert(name, (number, Question::Asked(answer.clone())));
    drop(all);
    answer
}

fn cut_off<T>(_: T) -> Unresolved {
    Unresolved("the look-up of the name was cut off.".into())
}

impl Lookup for System {
    fn addresses(&self, name: String) -> Answer {
        let mut under_way = lock(&self.under_way);
        let present = under_way
            .get(&name)
            .and_then(|(_, question)| match question {
                Question::Waiting(answer) => answer.upgrade(),
                Question::Asked(answer) => Some(answer.clone()),
            });
        if let Some(answer) = present {
            return Box::pin(answer);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let answer = self.begin(name.clone(), number);
        let waiting = answer.downgrade().map(Question::Waiting);
        under_way.extend(waiting.map(|waiting| (name, (number, waiting))));
        Box::pin(answer)
    }
}

/// Few at once of another's look-ups. Who gives up while waiting asks nothing; what was asked keeps its place until the answer.
pub struct Apart {
    lookup: Arc<dyn Lookup>,
    free: Arc<Semaphore>,
}

impl Apart {
    /// Of this one's.
    pub fn from(lookup: Arc<dyn Lookup>) -> Apart {
        Apart {
            lookup,
            free: Arc::new(Semaphore::new(APART_AT_ONCE)),
        }
    }
}

impl Lookup for Apart {
    fn addresses(&self, name: String) -> Answer {
        let (lookup, free) = (self.lookup.clone(), self.free.clone());
        Box::pin(async move {
            let place = free.acquire_owned().await;
            let asking = tokio::spawn(async move {
                let _place = place;
                lookup.addresses(name).await
            });
            asking.await.map_err(cut_off)?
        })
    }
}

/// Each name once, and no more than so many names; further ones are not found.
pub struct Sparing {
    lookup: Arc<dyn Lookup>,
    names: usize,
    asked: Mutex<HashMap<String, Shared<Answer>>>,
}

impl Sparing {
    /// Asks another for so many names.
    pub fn new(lookup: Arc<dyn Lookup>, names: usize) -> Sparing {
        Sparing {
            lookup,
            names,
            asked: Mutex::default(),
        }
    }
}

impl Lookup for Sparing {
    fn addresses(&self, name: String) -> Answer {
        let mut asked = lock(&self.asked);
        if asked.len() >= self.names && !asked.contains_key(&name) {
            let left_out = Unresolved(format!("the name {name} was not looked up."));
            return Box::pin(std::future::ready(Err(left_out)));
        }
        let answer = asked.entry(name).or_insert_with_key(|name| {
            let answer = self.lookup.addresses(name.clone());
            answer.shared()
        });
        Box::pin(answer.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
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
    async fn names_hold_a_thread_until_the_answer_and_a_place_in_the_line_until_nobody_waits() {
        let (system, questions, go_on) = slow();
        let names = (0..NAMES_AT_ONCE + 50).map(|number| format!("slow{number}.example"));
        let mut waiting: Vec<Answer> = names.map(|name| system.addresses(name)).collect();
        for answer in &mut waiting {
            assert!(answer.now_or_never().is_none());
        }
        while questions.load(Ordering::SeqCst) < NAMES_AT_ONCE {
            tokio::task::yield_now().await;
        }
        assert_eq!(system.free.available_permits(), 0);
        assert_eq!(lock(&system.under_way).len(), NAMES_AT_ONCE + 50);
        // Those who were asked for stay, and nobody asks for them again.
        drop(waiting);
        assert_eq!(lock(&system.under_way).len(), NAMES_AT_ONCE);
        let again = system.addresses("slow0.example".into());
        for _ in 0..NAMES_AT_ONCE {
            go_on.send(()).unwrap();
        }
        assert!(again.await.is_ok());
        while !lock(&system.under_way).is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(questions.load(Ordering::SeqCst), NAMES_AT_ONCE);
        assert_eq!(system.free.available_permits(), NAMES_AT_ONCE);
    }

    #[tokio::test]
    async fn names_that_are_brought_leave_places_for_what_is_under_way() {
        let (system, questions, go_on) = slow();
        let system = Arc::new(system);
        let apart = Apart::from(system.clone());
        let names = (0..100).map(|number| format!("slow{number}.example"));
        let mut waiting: Vec<Answer> = names.map(|name| apart.addresses(name)).collect();
        for answer in &mut waiting {
            assert!(answer.now_or_never().is_none());
        }
        while questions.load(Ordering::SeqCst) < APART_AT_ONCE {
            tokio::task::yield_now().await;
        }
        drop(waiting);
        assert_eq!(apart.free.available_permits(), 0);
        let left = NAMES_AT_ONCE - APART_AT_ONCE;
        assert_eq!(system.free.available_permits(), left);
        assert!(system.addresses("quick.example".into()).await.is_ok());
        for _ in 0..APART_AT_ONCE {
            go_on.send(()).unwrap();
        }
        assert!(apart.addresses("quick.example".into()).await.is_ok());
        assert_eq!(questions.load(Ordering::SeqCst), APART_AT_ONCE + 2);
    }

    #[tokio::test]
    async fn each_name_is_asked_for_once_and_only_so_many() {
        let (system, questions, _) = slow();
        let sparing = Sparing::new(Arc::new(system), 3);
        for name in ["a", "b", "a", "c", "d", "b"] {
            let found = sparing.addresses(format!("{name}.example")).await;
            assert_eq!(found.is_ok(), name != "d", "{name}");
        }
        assert_eq!(questions.load(Ordering::SeqCst), 3);
    }
}
