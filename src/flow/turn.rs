//! Work that takes a core for a while: off the async threads, so that their other requests go on meanwhile, and only a few pieces at once.
//!
//! Called where a password is hashed and where somebody's rules are tried on an event. A turn lasts as long as its work, also when nobody waits for that
//! any more; only so many may wait for theirs. What a reader's language needs stays outside: it is known only to the request's own task.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns of rules that are tried on an event. They may take all the steps that a template is allowed; Blue's requests must find a core even then.
pub static RULES: LazyLock<Turns> = LazyLock::new(|| Turns::new(2, 256));

/// Dry runs over the past: each holds a page of events in memory, and takes its turns of [`RULES`] piece by piece.
pub static PAST: LazyLock<Turns> = LazyLock::new(|| Turns::new(2, 32));

/// So many pieces of work at once, and so many that wait.
pub struct Turns {
    at_once: Arc<Semaphore>,
    /// Of those that work and those that wait.
    places: Arc<Semaphore>,
}

/// Why the work was not done.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// Too many wait already.
    #[error("Too much is being worked on at once; try again shortly.")]
    Busy,
    /// The program ends, or the work broke down.
    #[error("a piece of work was cut off")]
    CutOff,
}

impl Turns {
    pub fn new(at_once: usize, waiting: usize) -> Turns {
        Turns {
            at_once: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }
}

/// A place and a turn, as long as it is kept.
pub struct Held {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for a turn; refused when too many wait already.
    pub async fn hold(&self) -> Result<Held, TurnError> {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| TurnError::Busy)?;
        let turn = self.at_once.clone().acquire_owned().await;
        Ok(Held {
            _place: place,
            _turn: turn.map_err(|_| TurnError::CutOff)?,
        })
    }
}

/// Does the work when it is its turn; refused when too many wait already.
pub async fn in_turn<T: Send + 'static>(
    turns: &Turns,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TurnError> {
    let held = turns.hold().await?;
    let done = tokio::task::spawn_blocking(move || {
        // A client that breaks off takes its request with it, and not what it began.
        let _held = held;
        work()
    });
    done.await.map_err(|_| TurnError::CutOff)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn only_so_many_wait_and_further_ones_are_told_to_come_again() {
        let turns = Turns::new(1, 1);
        let (go_on, wait) = mpsc::channel::<()>();
        let mut first = pin!(in_turn(&turns, move || wait.recv()));
        let mut second = pin!(in_turn(&turns, || 2));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        let refused = in_turn(&turns, || 3).await;
        assert!(matches!(refused, Err(TurnError::Busy)));
        go_on.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert_eq!(second.await.unwrap(), 2);
        assert_eq!(in_turn(&turns, || 3).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_also_when_nobody_waits_for_it() {
        let turns = Turns::new(1, 1);
        let (go_on, wait) = mpsc::channel::<()>();
        {
            let mut left = pin!(in_turn(&turns, move || wait.recv()));
            assert!((&mut left).now_or_never().is_none());
        }
        assert_eq!(turns.at_once.available_permits(), 0);
        go_on.send(()).unwrap();
        assert_eq!(in_turn(&turns, || 2).await.unwrap(), 2);
    }
}
